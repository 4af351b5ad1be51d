// The register tiles of every matrix product and convolution of a tier. Rows are broadcast from where they lie, so
// neither im2col nor packing of activations is needed; accumulators stay in registers for the whole reduction.
// Contracting a·b + c to one FMA is wanted here and only here.
// build-flags: -ffp-contract=fast
#include "gemm_tile.h"

#include "amx_bf16.h"
#include "gemm_steps.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Tile heights that fill the registers beside a row of B and one broadcast: 32 vector registers in AVX-512, else
// 16. INT16 tiles keep their FP32 sums in registers too, so they are half as high, and a spill costs two
// instructions on pipes that the products leave idle.
constexpr int kWideRows = kLanes == 16 ? 14 : 6;
constexpr int kNarrowRows = kLanes == 16 ? 16 : 12;
// (Multiplying and adding in two instructions takes one more register, for the product.)
constexpr int kIntegerWideRows = kLanes == 16 ? 6 : 3;
constexpr int kIntegerNarrowRows = kLanes == 16 ? 13 : 6;

template <class Step, int Rows, int Vectors>
struct Accumulators {
  Registers<typename Step::Vec, Rows, Vectors> sum;

  [[gnu::always_inline]] void step(const char* const* rows, int64_t offset, const char* panel) {
    VecI b[Vectors];
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; v++) b[v] = load_vec(panel + v * sizeof(VecI));
#pragma GCC unroll 16
    for (int m = 0; m < Rows; m++) {
      const VecI a = splat_step(rows[m] + offset);
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; v++) Step::multiply_add(sum.at[m][v], a, b[v]);
    }
  }

  // All steps of one run; returns the panel behind them.
  [[gnu::always_inline]] const char* run(const char* const* rows, const Run& run, const char* panel) {
    // Unrolling lets one load of a row pointer serve several steps.
    constexpr int kUnroll = Vectors == 1 ? 4 : 2;
    int64_t offset = run.offset;
    int k = run.count;
    for (; k >= kUnroll; k -= kUnroll, offset += 4 * kUnroll) {
#pragma GCC unroll 4
      for (int u = 0; u < kUnroll; u++, panel += Vectors * sizeof(VecI)) step(rows, offset + 4 * u, panel);
    }
    for (; k > 0; k--, offset += 4, panel += Vectors * sizeof(VecI)) step(rows, offset, panel);
    return panel;
  }
};

template <int Rows, int Vectors>
[[gnu::always_inline]] inline void store_tile(Registers<VecF, Rows, Vectors>& sums, const TileCall& call) {
  sums.each([&](int m, int v, VecF& x) [[gnu::always_inline]] {
    store_vec(call.out + m * call.outPitch + v * kLanes, x);
  });
}

template <class Step, int Rows, int Vectors>
void float_tile(const TileCall& call) {
  Accumulators<Step, Rows, Vectors> acc;
  acc.sum.clear();
  const char* panel = call.panel;
  for (int64_t r = 0; r < call.runCount; r++) panel = acc.run(call.rows, call.runs[r], panel);
  store_tile(acc.sum, call);
}

template <class Step, int Rows, int Vectors>
void integer_tile(const TileCall& call) {
  Accumulators<Step, Rows, Vectors> acc;
  Registers<VecF, Rows, Vectors> total;
  acc.sum.clear();
  total.clear();
  const char* panel = call.panel;
  for (int64_t r = 0; r < call.runCount; r++) {
    panel = acc.run(call.rows, call.runs[r], panel);
    if (!call.runs[r].spill) continue;
    total.each([&](int m, int v, VecF& x) [[gnu::always_inline]] { x += to_float(acc.sum.at[m][v]); });
    acc.sum.clear();
  }
  store_tile(total, call);
}

template <class Step>
TileSet float_tiles(Products products) {
  return {products,
          {float_tile<Step, kWideRows, 2>, kWideRows, 2 * kLanes},
          {float_tile<Step, kNarrowRows, 1>, kNarrowRows, kLanes}};
}

template <class Step, int WideRows, int NarrowRows>
TileSet integer_tiles() {
  return {Products::i16Pairs,
          {integer_tile<Step, WideRows, 2>, WideRows, 2 * kLanes},
          {integer_tile<Step, NarrowRows, 1>, NarrowRows, kLanes}};
}

}  // namespace

TileSet choose_tiles(Carrier carrier, const CpuFeatures& cpu) {
#if defined(__AVX512F__)
  if (carrier == Carrier::bf16 && amx_usable(cpu)) return amx_bf16_tiles();
  if (carrier == Carrier::bf16 && cpu.fastDpbf16) return float_tiles<Bf16Step>(Products::bf16Pairs);
  if (carrier == Carrier::i16 && cpu.avx512Vnni) return integer_tiles<VnniStep, 7, 14>();
#else
  (void)cpu;
#endif
  if (carrier == Carrier::i16) return integer_tiles<I16Step, kIntegerWideRows, kIntegerNarrowRows>();
  return float_tiles<F32Step>(Products::f32);
}

}  // namespace roundoff::ROUNDOFF_TIER
