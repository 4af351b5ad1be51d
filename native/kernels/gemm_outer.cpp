// Register tiles of sums of outer products. Wider than high: the vectors are channels of the input, the broadcasts
// come from gradOutput, so nothing is transposed.
// build-flags: -ffp-contract=fast
#include "gemm_outer.h"

#include "amx_bf16.h"
#include "gemm_steps.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Without 32 registers, multiplying and adding integers in two instructions leaves none for a third vector.
constexpr int kIntegerWidths = kLanes == 16 ? 3 : 2;

template <class Step, int Vectors>
[[gnu::always_inline]] inline void outer_step(Registers<typename Step::Vec, kOuterRows, Vectors>& sum, const char* a,
                                              const char* b) {
  VecI vectors[Vectors];
#pragma GCC unroll 4
  for (int v = 0; v < Vectors; v++) vectors[v] = load_vec(b + v * sizeof(VecI));
#pragma GCC unroll 8
  for (int m = 0; m < kOuterRows; m++) {
    const VecI value = splat_step(a + 4 * m);
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; v++) Step::multiply_add(sum.at[m][v], value, vectors[v]);
  }
}

[[gnu::always_inline]] inline VecF value_of(VecF x) { return x; }
[[gnu::always_inline]] inline VecF value_of(VecI x) { return to_float(x); }

template <class Step, int Vectors>
void outer_tile(const OuterCall& call) {
  Registers<typename Step::Vec, kOuterRows, Vectors> sum;
  sum.clear();
  const int64_t aStep = call.aStep, bStep = call.bStep;
  for (int64_t r = 0; r < call.runCount; r++) {
    const OuterRun& run = call.runs[r];
    const char *a = call.a + run.a, *b = call.b + run.b;
    int k = run.count;
    for (; k >= 2; k -= 2, a += 2 * aStep, b += 2 * bStep) {
      outer_step<Step>(sum, a, b);
      outer_step<Step>(sum, a + aStep, b + bStep);
    }
    if (k > 0) outer_step<Step>(sum, a, b);
    if (!run.spill) continue;
    // Spilling to memory instead of to more registers allows tiles twice as high.
    sum.each([&](int m, int v, auto& x) [[gnu::always_inline]] {
      float* to = call.sums + (m * Vectors + v) * kLanes;
      store_vec(to, as_float(load_vec(to)) + value_of(x));
    });
    sum.clear();
  }
}

template <class Step>
OuterTiles outer_tiles(int widths) {
  return {{outer_tile<Step, 1>, outer_tile<Step, 2>, outer_tile<Step, 3>}, widths, kOuterRows, false};
}

}  // namespace

OuterTiles choose_outer_tiles(Products products, int64_t filters, const CpuFeatures& cpu) {
#if defined(__AVX512F__)
  if (products == Products::bf16Pairs && amx_usable(cpu)) return amx_bf16_outer_tiles(filters);
  if (products == Products::bf16Pairs) return outer_tiles<Bf16Step>(kOuterWidths);
  if (products == Products::i16Pairs && cpu.avx512Vnni) return outer_tiles<VnniStep>(kIntegerWidths);
#else
  (void)filters, (void)cpu;
#endif
  if (products == Products::i16Pairs) return outer_tiles<I16Step>(kIntegerWidths);
  return outer_tiles<F32Step>(kOuterWidths);
}

}  // namespace roundoff::ROUNDOFF_TIER
