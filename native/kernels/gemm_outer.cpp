// Register tiles of sums of outer products. Wider than high: the vectors are channels of the input, the broadcasts
// come from gradOutput, so nothing is transposed.
// build-flags: -ffp-contract=fast
#include "gemm_outer.h"

#include "amx_bf16.h"
#include "gemm_steps.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

template <class Step, int Rows, int Vectors>
[[gnu::always_inline]] inline void outer_step(Registers<typename Step::Vec, Rows, Vectors>& sum, const char* a,
                                              const char* b) {
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

// `firstRow`: of the tile, in a.
template <class Step, int Rows, int Vectors>
[[gnu::always_inline]] inline void outer_run(Registers<typename Step::Vec, Rows, Vectors>& sum, const OuterCall& call,
                                             const OuterRun& run, int firstRow) {
  const int64_t aStep = call.aStep, bStep = call.bStep;
  const char *a = call.a + run.a + 4 * firstRow, *b = call.b + run.b;
  int k = run.count;
  for (; k >= 2; k -= 2, a += 2 * aStep, b += 2 * bStep) {
    outer_step<Step>(sum, a, b);
    outer_step<Step>(sum, a + aStep, b + bStep);
  }
  if (k > 0) outer_step<Step>(sum, a, b);
}

template <int Rows, int Vectors>
[[gnu::always_inline]] inline void add_sums(Registers<VecF, Rows, Vectors>& sum, float* to) {
  sum.each([&](int m, int v, VecF& x) [[gnu::always_inline]] {
    float* at = to + (m * Vectors + v) * kLanes;
    store_vec(at, as_float(load_vec(at)) + x);
  });
}

template <class Step, int Vectors>
void float_outer(const OuterCall& call) {
  Registers<VecF, kOuterRows, Vectors> sum;
  sum.clear();
  for (int64_t r = 0; r < call.runCount; r++) outer_run<Step>(sum, call, call.runs[r], 0);
  add_sums(sum, call.sums);
}

// Half of the rows at a time: their FP32 sums stay in registers too, so that a spill is two instructions. (Whole tiles
// that spill to memory took a sixth longer where chains have 16 steps.)
template <class Step, int Vectors>
void integer_outer(const OuterCall& call) {
  constexpr int kRows = kOuterRows / 2;
  for (int first = 0; first < kOuterRows; first += kRows) {
    Registers<VecI, kRows, Vectors> sum;
    Registers<VecF, kRows, Vectors> total;
    sum.clear();
    total.clear();
    for (int64_t r = 0; r < call.runCount; r++) {
      outer_run<Step>(sum, call, call.runs[r], first);
      if (!call.runs[r].spill) continue;
      total.each([&](int m, int v, VecF& x) [[gnu::always_inline]] { x += to_float(sum.at[m][v]); });
      sum.clear();
    }
    add_sums(total, call.sums + first * Vectors * kLanes);
  }
}

template <class Step>
OuterTiles float_tiles() {
  return {{float_outer<Step, 1>, float_outer<Step, 2>, float_outer<Step, 3>}, kOuterWidths, kOuterRows, false};
}

template <class Step>
OuterTiles integer_tiles() {
  return {{integer_outer<Step, 1>, integer_outer<Step, 2>, integer_outer<Step, 3>}, kOuterWidths, kOuterRows, false};
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
  if (products == Products::i16Pairs) return integer_tiles<I16Step>();
  return float_tiles<F32Step>();
}

}  // namespace roundoff::ROUNDOFF_TIER
