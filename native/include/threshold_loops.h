// E2M1 elements under steps that are any real number (NVFP4), rounded to nearest even by comparing: where x / step passes
// from one value to the next is a threshold on |x|, exact in FP64 and then an FP32 number, so nothing is divided.
#pragma once

#include "bulk.h"
#include "bulk_chunks.h"
#include "round_loops.h"

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace roundoff::ROUNDOFF_TIER {

inline bool is_e2m1(const Element& element) {
  const StoreRounding& store = element.store;
  return element.kind == ElementKind::real && store.precision == 2 && store.emin == 0 && store.maxFinite == 6 &&
         store.hasSubnormals && store.hasNegativeZero;
}

// For up to `room` groups: bits of the smallest magnitude that rounds to the value k + 1 or beyond (the last: that saturates),
// and the bits of the values.
template <int64_t room>
struct ThresholdTable {
  static constexpr int kEntries = 8;
  // One group more can be read.
  alignas(64) uint32_t thresholds[room + 1][kEntries];
  alignas(64) uint32_t values[room + 1][kEntries];

  void fill(const double* steps, int64_t groups) {
    // Eight entries side by side, on every tier.
    using Doubles = double __attribute__((vector_size(64)));
    using Masks = int64_t __attribute__((vector_size(64)));
    using Floats = float __attribute__((vector_size(32)));
    using Words = int32_t __attribute__((vector_size(32)));
    constexpr Doubles kValues = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
    // Halfway between neighbours. A tie goes to the even code, at every second place the lower one: there the threshold
    // is above halfway, by the smallest step of FP64 and so, rounded up to FP32, by the smallest of FP32 if need be.
    constexpr Doubles kHalfways = {0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5, 7};
    constexpr Masks kTieStays = {1, 0, 1, 0, 1, 0, 1, 0};
    for (int64_t i = 0; i < groups; i++) {
      // A step of 0 holds zeros only.
      const double step = steps[i], reach = step == 0 ? static_cast<double>(INFINITY) : step;
      const Doubles real = reinterpret_cast<Doubles>(reinterpret_cast<Masks>(kHalfways * reach) + kTieStays);
#if defined(__AVX512F__)
      const Words bits = reinterpret_cast<Words>(_mm512_maskz_cvt_roundpd_ps(
          0xff, reinterpret_cast<__m512d>(real), _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC));
#else
      const Floats near = __builtin_convertvector(real, Floats);
      const Masks below = __builtin_convertvector(near, Doubles) < real;
      const Words bits = reinterpret_cast<Words>(near) - __builtin_convertvector(below, Words);
#endif
      const Floats products = __builtin_convertvector(kValues * step, Floats);
      std::memcpy(thresholds[i], &bits, sizeof bits);
      std::memcpy(values[i], &products, sizeof products);
    }
  }
};

#if defined(__AVX512F__)
// 16 magnitudes of a group → the number of thresholds that are reached, by halving. Masked forms: g++ 12 warns about its own
// header in the plain ones.
template <int64_t room>
inline __m512i round_by_thresholds(__m512i bits, const ThresholdTable<room>& table, int64_t group) {
  constexpr __mmask16 kAll = 0xffff;
  const auto constant = [](int value) { return _mm512_set1_epi32(value); };
  const auto look_up = [](__m512i index, __m512i entries) { return _mm512_maskz_permutexvar_epi32(kAll, index, entries); };
  const __m512i thresholds = _mm512_loadu_si512(table.thresholds[group]), values = _mm512_loadu_si512(table.values[group]);
  const __m512i magnitude = _mm512_and_si512(bits, constant(INT32_MAX));
  const __mmask16 half = _mm512_cmpge_epu32_mask(magnitude, constant(static_cast<int>(table.thresholds[group][3])));
  const __m512i lower = _mm512_maskz_mov_epi32(half, constant(4));
  const __m512i probe = _mm512_add_epi32(lower, constant(1));
  const __mmask16 quarter = _mm512_cmpge_epu32_mask(magnitude, look_up(probe, thresholds));
  const __m512i even = _mm512_mask_add_epi32(lower, quarter, lower, constant(2));
  const __mmask16 eighth = _mm512_cmpge_epu32_mask(magnitude, look_up(even, thresholds));
  const __m512i index = _mm512_mask_add_epi32(even, eighth, even, constant(1));
  // Sign of x or value: the sum of both bits, since values have no sign.
  return _mm512_ternarylogic_epi32(look_up(index, values), bits, constant(INT32_MIN), 0xf8);
}
#endif

// 16 elements of one group. Returns how many saturated, if it counts.
template <bool count, int64_t room>
inline uint32_t round_by_thresholds(const float* x, float* y, const ThresholdTable<room>& table, int64_t group) {
  const uint32_t* thresholds = table.thresholds[group];
#if defined(__AVX512F__)
  const __m512i bits = _mm512_loadu_si512(x);
  _mm512_storeu_si512(y, round_by_thresholds(bits, table, group));
  if constexpr (!count) return 0;
  const __m512i magnitude = _mm512_and_si512(bits, _mm512_set1_epi32(INT32_MAX));
  const __mmask16 saturated = _mm512_cmpge_epu32_mask(magnitude, _mm512_set1_epi32(static_cast<int>(thresholds[7])));
  return static_cast<uint32_t>(std::popcount(static_cast<uint32_t>(saturated)));
#else
  const uint32_t* values = table.values[group];
  const Bits* in = reinterpret_cast<const Bits*>(x);
  Bits* out = reinterpret_cast<Bits*>(y);
  uint32_t saturated = 0;
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < 16; i++) {
    const uint32_t bits = in[i], magnitude = bits & ~kSignBit;
    uint32_t value = values[0];
    for (int k = 0; k < 7; k++) value = magnitude >= thresholds[k] ? values[k + 1] : value;
    if constexpr (count) saturated += magnitude >= thresholds[7] ? 1u : 0u;
    out[i] = value | (bits & kSignBit);
  }
  return saturated;
#endif
}

}  // namespace roundoff::ROUNDOFF_TIER
