// The register tiles of every matrix product and convolution of a tier. Rows are broadcast from where they lie, so
// neither im2col nor packing of activations is needed; accumulators stay in registers for the whole reduction.
// Contracting a·b + c to one FMA is wanted here and only here.
// build-flags: -ffp-contract=fast
#include "gemm_tile.h"

#include "gemm_steps.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Tile heights that fill the registers beside a row of B and one broadcast: 32 vector registers in AVX-512, else 16.
constexpr int kWideRows = kLanes == 16 ? 14 : 6;
constexpr int kNarrowRows = kLanes == 16 ? 16 : 12;

template <class Step, int Rows, int Vectors>
struct Accumulators {
  typename Step::Vec sum[Rows][Vectors];

  [[gnu::always_inline]] void clear() {
#pragma GCC unroll 16
    for (int m = 0; m < Rows; m++)
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; v++) sum[m][v] = typename Step::Vec{};
  }

  [[gnu::always_inline]] void step(const char* const* rows, int64_t offset, const char* panel) {
    VecI b[Vectors];
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; v++) b[v] = load_vec(panel + v * sizeof(VecI));
#pragma GCC unroll 16
    for (int m = 0; m < Rows; m++) {
      const VecI a = splat_step(rows[m] + offset);
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; v++) Step::multiply_add(sum[m][v], a, b[v]);
    }
  }

  // Adds to what `out` holds, or replaces it.
  [[gnu::always_inline]] void store(float* out, int64_t pitch, bool replace) {
#pragma GCC unroll 16
    for (int m = 0; m < Rows; m++)
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; v++) {
        float* p = out + m * pitch + v * kLanes;
        VecF value = Step::value(sum[m][v]);
        if (!replace) value += as_float(load_vec(p));
        store_vec(p, value);
      }
  }
};

template <class Step, int Rows, int Vectors>
void run_tile(const TileCall& call) {
  // Unrolling lets one load of a row pointer serve several steps.
  constexpr int kUnroll = Vectors == 1 ? 4 : 2;
  Accumulators<Step, Rows, Vectors> acc;
  acc.clear();
  const char* panel = call.panel;
  bool first = true;
  for (int64_t r = 0; r < call.runCount; r++) {
    const Run run = call.runs[r];
    int64_t offset = run.offset;
    int k = run.count;
    for (; k >= kUnroll; k -= kUnroll, offset += 4 * kUnroll) {
#pragma GCC unroll 4
      for (int u = 0; u < kUnroll; u++, panel += Vectors * sizeof(VecI)) {
        acc.step(call.rows, offset + 4 * u, panel);
      }
    }
    for (; k > 0; k--, offset += 4, panel += Vectors * sizeof(VecI)) acc.step(call.rows, offset, panel);
    if (Step::integer && run.spill) {
      acc.store(call.out, call.outPitch, first);
      acc.clear();
      first = false;
    }
  }
  if (!Step::integer || first) acc.store(call.out, call.outPitch, true);
}

template <class Step>
TileSet tiles_of(Products products) {
  return {products,
          {run_tile<Step, kWideRows, 2>, kWideRows, 2 * kLanes},
          {run_tile<Step, kNarrowRows, 1>, kNarrowRows, kLanes}};
}

}  // namespace

TileSet choose_tiles(Carrier carrier, const CpuFeatures& cpu) {
#if defined(__AVX512F__)
  if (carrier == Carrier::bf16 && cpu.fastDpbf16) return tiles_of<Bf16Step>(Products::bf16Pairs);
  if (carrier == Carrier::i16 && cpu.avx512Vnni) return tiles_of<VnniStep>(Products::i16Pairs);
#else
  (void)cpu;
#endif
  return carrier == Carrier::i16 ? tiles_of<I16Step>(Products::i16Pairs) : tiles_of<F32Step>(Products::f32);
}

}  // namespace roundoff::ROUNDOFF_TIER
