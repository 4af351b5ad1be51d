// Register tiles of sums of outer products. Wider than high: the vectors are the pixels' channels as they lie in the
// padded window, the broadcasts come from gradOutput, so nothing is transposed.
// build-flags: -ffp-contract=fast
#include "gemm_outer.h"

#include "gemm_steps.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// 8 × 3 accumulators, 3 vectors and a broadcast fill 32 registers best; 4 × 3 fill 16.
constexpr int kOuterRows = kLanes == 16 ? 8 : 4;

template <class Step, int Vectors>
struct OuterSums {
  typename Step::Vec sum[kOuterRows][Vectors];

  [[gnu::always_inline]] void clear() {
#pragma GCC unroll 8
    for (int m = 0; m < kOuterRows; m++)
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; v++) sum[m][v] = typename Step::Vec{};
  }

  [[gnu::always_inline]] void step(const char* a, const char* b) {
    VecI vectors[Vectors];
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; v++) vectors[v] = load_vec(b + v * sizeof(VecI));
#pragma GCC unroll 8
    for (int m = 0; m < kOuterRows; m++) {
      const VecI value = splat_step(a + 4 * m);
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; v++) Step::multiply_add(sum[m][v], value, vectors[v]);
    }
  }

  [[gnu::always_inline]] void store(float* out, bool replace) {
#pragma GCC unroll 8
    for (int m = 0; m < kOuterRows; m++)
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; v++) {
        float* p = out + (m * Vectors + v) * kLanes;
        VecF value = Step::value(sum[m][v]);
        if (!replace) value += as_float(load_vec(p));
        store_vec(p, value);
      }
  }
};

template <class Step, int Vectors>
void run_outer(const OuterCall& call) {
  OuterSums<Step, Vectors> sums;
  sums.clear();
  bool first = true;
  for (int64_t r = 0; r < call.runCount; r++) {
    const OuterRun run = call.runs[r];
    const char* a = call.a + run.a;
    const char* b = call.b + run.b;
    for (int k = 0; k < run.count; k++, a += call.aStep, b += call.bStep) sums.step(a, b);
    if (Step::integer && run.spill) {
      sums.store(call.out, first);
      sums.clear();
      first = false;
    }
  }
  if (!Step::integer || first) sums.store(call.out, true);
}

template <class Step>
OuterTiles outer_tiles() {
  return {{run_outer<Step, 1>, run_outer<Step, 2>, run_outer<Step, 3>}, kOuterRows, kLanes};
}

}  // namespace

OuterTiles choose_outer_tiles(Products products, const CpuFeatures& cpu) {
#if defined(__AVX512F__)
  if (products == Products::bf16Pairs) return outer_tiles<Bf16Step>();
  if (products == Products::i16Pairs && cpu.avx512Vnni) return outer_tiles<VnniStep>();
#else
  (void)cpu;
#endif
  return products == Products::i16Pairs ? outer_tiles<I16Step>() : outer_tiles<F32Step>();
}

}  // namespace roundoff::ROUNDOFF_TIER
