// Register tiles of sums of outer products. Wider than high: the vectors are the pixels' channels as they lie in
// the padded window, the broadcasts come from gradOutput, so nothing is transposed.
// build-flags: -ffp-contract=fast
#include "gemm_outer.h"

#include "amx_bf16.h"
#include "gemm_steps.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// 8 × 3 accumulators, 3 vectors and a broadcast fill 32 registers best; 4 × 3 fill 16. INT16 tiles keep their FP32
// sums in registers too and are half as high.
constexpr int kFloatRows = kLanes == 16 ? 8 : 4;
constexpr int kIntegerRows = kLanes == 16 ? 4 : 2;

template <class Step, int Rows, int Vectors>
[[gnu::always_inline]] inline void outer_run(Registers<typename Step::Vec, Rows, Vectors>& sum, const OuterCall& call,
                                             const OuterRun& run) {
  const char* a = call.a + run.a;
  const char* b = call.b + run.b;
  for (int k = 0; k < run.count; k++, a += call.aStep, b += call.bStep) {
    VecI vectors[Vectors];
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; v++) vectors[v] = load_vec(b + v * sizeof(VecI));
#pragma GCC unroll 8
    for (int m = 0; m < Rows; m++) {
      const VecI value = splat_step(a + 4 * m);
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; v++) Step::multiply_add(sum.at[m][v], value, vectors[v]);
    }
  }
}

template <int Rows, int Vectors>
[[gnu::always_inline]] inline void store_outer(Registers<VecF, Rows, Vectors>& sums, float* out) {
  sums.each([&](int m, int v, VecF& x) [[gnu::always_inline]] { store_vec(out + (m * Vectors + v) * kLanes, x); });
}

template <class Step, int Vectors>
void float_outer(const OuterCall& call) {
  Registers<VecF, kFloatRows, Vectors> sum;
  sum.clear();
  for (int64_t r = 0; r < call.runCount; r++) outer_run<Step>(sum, call, call.runs[r]);
  store_outer(sum, call.out);
}

template <class Step, int Vectors>
void integer_outer(const OuterCall& call) {
  Registers<VecI, kIntegerRows, Vectors> sum;
  Registers<VecF, kIntegerRows, Vectors> total;
  sum.clear();
  total.clear();
  for (int64_t r = 0; r < call.runCount; r++) {
    outer_run<Step>(sum, call, call.runs[r]);
    if (!call.runs[r].spill) continue;
    total.each([&](int m, int v, VecF& x) [[gnu::always_inline]] { x += to_float(sum.at[m][v]); });
    sum.clear();
  }
  store_outer(total, call.out);
}

template <class Step>
OuterTiles float_tiles() {
  return {{float_outer<Step, 1>, float_outer<Step, 2>, float_outer<Step, 3>}, kOuterWidths, kFloatRows, kLanes, false};
}

template <class Step>
OuterTiles integer_tiles() {
  return {{integer_outer<Step, 1>, integer_outer<Step, 2>, integer_outer<Step, 3>}, kOuterWidths, kIntegerRows, kLanes,
          false};
}

}  // namespace

OuterTiles choose_outer_tiles(Products products, int64_t filters, const CpuFeatures& cpu) {
#if defined(__AVX512F__)
  if (products == Products::bf16Pairs && amx_usable(cpu)) return amx_bf16_outer_tiles(filters);
  if (products == Products::bf16Pairs) return float_tiles<Bf16Step>();
  if (products == Products::i16Pairs && cpu.avx512Vnni) return integer_tiles<VnniStep>();
#else
  (void)filters, (void)cpu;
#endif
  return products == Products::i16Pairs ? integer_tiles<I16Step>() : float_tiles<F32Step>();
}

}  // namespace roundoff::ROUNDOFF_TIER
