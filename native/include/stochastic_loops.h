// Stochastic rounding for the formats that most tensors use it with, most of it with all 32 random bits. The law is
// goes_up's in round_shift.h; these loops give the same bits for less.
#pragma once

#include <type_traits>

#include "round_loops.h"

namespace roundoff::ROUNDOFF_TIER {

// Formats with FP32's own exponents, with any number of random bits. F is the dropped bits followed by zeros, so a carry out
// of F + R is one out of the dropped bits plus the top bits of R. With fewer random than dropped bits, the rest of the
// dropped ones is rounded to nearest even before.
struct DroppedBits {
  uint32_t mask;        // what is dropped
  uint32_t randomDown;  // right shift of a random word that leaves the bits to use
  uint32_t rest;        // dropped bits that meet no random ones

  explicit DroppedBits(const Target& t) {
    const uint32_t drop = t.normalShift - 1, used = std::min(drop, 32 - t.unusedRandom);
    mask = (1u << drop) - 1;
    randomDown = 32 - used;
    rest = drop - used;
  }

  uint32_t round(uint32_t magnitude, uint32_t random) const {
    const uint32_t restMask = (1u << rest) - 1, odd = magnitude >> rest & (restMask & 1);
    const uint32_t near = (magnitude + (restMask >> 1) + odd) & ~restMask;
    return (near + (random >> randomDown << rest)) & ~mask;
  }
};

#if defined(__AVX512F__)
// Whole registers, where infinity or the largest value is what overflows become, without counting. Returns how many
// elements are done.
template <bool allMeetRandom>
int64_t stochastic_registers(const float* x, float* y, int64_t n, const Target& t, const uint32_t* random) {
  const DroppedBits dropped(t);
  const uint32_t restMask = (1u << dropped.rest) - 1;
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    __m512i word = _mm512_loadu_si512(x + i);
    // g++ would rather load them again for each of their uses.
    asm("" : "+v"(word));
    const __m512i magnitude = _mm512_and_si512(word, all_lanes(~kSignBit));
    __m512i part = _mm512_maskz_srli_epi32(kAllLanes, _mm512_loadu_si512(random + i), dropped.randomDown), near = magnitude;
    if constexpr (!allMeetRandom) {
      near = nearest_even_without(magnitude, restMask);
      part = _mm512_maskz_slli_epi32(kAllLanes, part, dropped.rest);
    }
    const __m512i bounded = _mm512_maskz_min_epu32(kAllLanes, _mm512_add_epi32(near, part), all_lanes(t.overflow | dropped.mask));
    const __m512i number = _mm512_ternarylogic_epi32(_mm512_and_si512(bounded, all_lanes(~dropped.mask)), word, all_lanes(kSignBit), 0xf8);
    const __mmask16 nan = _mm512_cmpgt_epu32_mask(magnitude, all_lanes(kInfinityBits));
    _mm512_storeu_si512(y + i, _mm512_mask_or_epi32(number, nan, word, all_lanes(kQuietBit)));
  }
  return i;
}
#endif

template <bool count, class Steps>
uint32_t stochastic_in_bits(const float* x, float* y, int64_t n, const Target& target, const uint32_t* random, Steps) {
  const Target t = target;
  const DroppedBits dropped(t);
  const Bits* in = reinterpret_cast<const Bits*>(x);
  Bits* out = reinterpret_cast<Bits*>(y);
  uint32_t overflows = 0;
  int64_t i = 0;
#if defined(__AVX512F__)
  if (!count && (t.overflow == t.maxFinite || t.overflow == kInfinityBits)) {
    i = (dropped.rest == 0 ? stochastic_registers<true> : stochastic_registers<false>)(x, y, n, t, random);
  }
#endif
  ROUNDOFF_INDEPENDENT
  for (; i < n; i++) {
    const uint32_t word = in[i], magnitude = word & ~kSignBit;
    const uint32_t rounded = dropped.round(magnitude, random[i]);
    const bool nan = magnitude > kInfinityBits, large = rounded > t.maxFinite && !nan;
    if constexpr (count) overflows += large ? 1u : 0u;
    const uint32_t finite = large ? t.overflow : rounded;
    out[i] = (nan ? magnitude | kQuietBit : finite) | (word & kSignBit);
  }
  return overflows;
}

// Whether stochastic_by_adding serves: as can_round_by_adding, and 2^32 / spacing is an FP32 number under any of the
// steps that loops on FP32 bits are used for.
inline bool can_add_stochastically(const StoreRounding& store, const Target& t) {
  return (store.hasSubnormals || store.precision == 1) && store.precision <= 22 &&
         (t.maxFinite >> 23) + 1 + (t.normalShift - 1) <= 254;
}

#if defined(__AVX512F__)
// Whether 2^32 / spacing is an FP32 number under a step of 2^E.
inline bool has_stochastic_scale(const Target& t, int exponent) {
  return static_cast<int>(t.smallSpacing >> 23) + exponent >= 127 - 94;
}

// 16 values to a format that saturates, each with 32 random bits. The fraction comes from floats: adding a power of two and
// rounding toward zero leaves the lower neighbour, what is missing to x is exact, and so is its product with
// 2^32 / spacing, if that is an FP32 number. One place more in the sum is the upper neighbour. NaN stays.
class StochasticRegister {
 public:
  explicit StochasticRegister(const Target& t) : lift_(all_lanes((t.normalShift - 1) << 23)) {}

  // `minNormal`, `largest`: bits of the smallest normal and of the largest value, under the step of each lane. `finite`:
  // there is no NaN.
  template <bool signedZero, bool finite>
  __m512i round(__m512i bits, __m512i words, __m512i minNormal, __m512i largest) const {
    constexpr int kTowardZero = _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC;
    // Whatever is above the largest value becomes that value. The second operand stays if it is NaN.
    const __m512 magnitude = _mm512_castsi512_ps(_mm512_and_si512(bits, all_lanes(~kSignBit)));
    const __m512 a = _mm512_maskz_min_ps(kAllLanes, _mm512_castsi512_ps(largest), magnitude);
    const __m512i field = _mm512_and_si512(_mm512_castps_si512(a), all_lanes(kInfinityBits));
    const __m512i powerBits = _mm512_add_epi32(_mm512_maskz_max_epu32(kAllLanes, field, minNormal), lift_);
    const __m512 power = _mm512_castsi512_ps(powerBits);
    const __m512 sum = _mm512_maskz_add_round_ps(kAllLanes, a, power, kTowardZero);
    const __m512 missing = _mm512_sub_ps(a, _mm512_sub_ps(sum, power));
    // Fields: the power is 23 above the spacing; 2^32 over the spacing is 2 · 127 + 32 + 23 less the power.
    const __m512 scale = _mm512_castsi512_ps(_mm512_sub_epi32(all_lanes((2 * 127 + 32 + 23u) << 23), powerBits));
    const __m512i fraction = _mm512_maskz_cvttps_epu32(kAllLanes, _mm512_mul_ps(missing, scale));
    const __mmask16 number = finite ? kAllLanes : _mm512_cmp_ps_mask(a, a, _CMP_ORD_Q);
    const __mmask16 up = _mm512_mask_cmplt_epu32_mask(number, _mm512_add_epi32(fraction, words), fraction);
    const __m512i sumBits = _mm512_castps_si512(sum);
    const __m512i chosen = _mm512_mask_sub_epi32(sumBits, up, sumBits, all_lanes(UINT32_MAX));
    const __m512i rounded = _mm512_castps_si512(_mm512_sub_ps(_mm512_castsi512_ps(chosen), power));
    if constexpr (signedZero) return _mm512_ternarylogic_epi32(rounded, bits, all_lanes(kSignBit), 0xf8);
    const __mmask16 notZero = _mm512_test_epi32_mask(rounded, rounded);
    return _mm512_mask_or_epi32(rounded, notZero, rounded, _mm512_and_si512(bits, all_lanes(kSignBit)));
  }

 private:
  __m512i lift_;
};

// The fraction from floats: adding a power of two and rounding toward zero leaves the lower neighbour, what is missing to x
// is exact, and so is its product with 2^32 / spacing. One step for all elements.
inline uint32_t stochastic_by_adding(const float* x, float* y, int64_t n, const Target& t, const uint32_t* random,
                                     OneStep steps) {
  constexpr int kTowardZero = _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC;
  const uint32_t step = steps.value;
  // Where 2^32 / spacing is no FP32 number the general loop serves.
  const auto rest = round_loop<Rounding::stochastic, false, OneStep>;
  if (!has_stochastic_scale(t, static_cast<int32_t>(step) >> 23)) return rest(x, y, n, t, random, steps);
  const __m512i minNormal = all_lanes(t.minNormal + step), lift = all_lanes((t.normalShift - 1) << 23);
  // Fields: the power is 23 above the spacing; 2^32 over the spacing is 2 · 127 + 32 + 23 less the power.
  const __m512i toUnit = all_lanes(23u << 23), toScale = all_lanes((2 * 127 + 32 + 23u) << 23);
  const __m512 largest = _mm512_set1_ps(float_of(t.maxFinite + step));
  const __m512 beyond = _mm512_set1_ps(float_of(t.maxFinite + step + (1u << (t.normalShift - 1))));
  const __m512 overflow = _mm512_castsi512_ps(all_lanes(t.overflow + step));
  uint32_t overflows = 0;
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const __m512i bits = _mm512_loadu_si512(x + i);
    const __m512 magnitude = _mm512_castsi512_ps(_mm512_and_si512(bits, all_lanes(~kSignBit)));
    // Everything beyond overflows alike. The second operand stays if it is NaN.
    const __m512 a = _mm512_maskz_min_ps(kAllLanes, beyond, magnitude);
    const __m512i field = _mm512_and_si512(_mm512_castps_si512(a), all_lanes(kInfinityBits));
    const __m512i power = _mm512_add_epi32(_mm512_maskz_max_epu32(kAllLanes, field, minNormal), lift);
    const __m512 lifted = _mm512_maskz_add_round_ps(kAllLanes, a, _mm512_castsi512_ps(power), kTowardZero);
    const __m512 floor = _mm512_sub_ps(lifted, _mm512_castsi512_ps(power));
    const __m512 missing = _mm512_sub_ps(a, floor);
    const __m512 scale = _mm512_castsi512_ps(_mm512_sub_epi32(toScale, power));
    const __m512i fraction = _mm512_maskz_cvttps_epu32(kAllLanes, _mm512_mul_ps(missing, scale));
    const __m512i sum = _mm512_add_epi32(fraction, _mm512_loadu_si512(random + i));
    const __mmask16 up = _mm512_cmplt_epu32_mask(sum, fraction);
    const __m512 unit = _mm512_castsi512_ps(_mm512_sub_epi32(power, toUnit));
    __m512 result = _mm512_mask_add_ps(floor, up, floor, unit);
    const __mmask16 large = _mm512_cmp_ps_mask(result, largest, _CMP_GT_OQ);
    result = _mm512_mask_blend_ps(large, result, overflow);
    overflows += static_cast<uint32_t>(std::popcount(static_cast<uint32_t>(large)));
    const __m512i rounded = _mm512_castps_si512(result);
    _mm512_storeu_si512(y + i, _mm512_ternarylogic_epi32(rounded, bits, all_lanes(kSignBit), 0xf8));
  }
  return overflows + rest(x + i, y + i, n - i, t, random + i, steps);
}
#endif

#if defined(__AVX512F__)
// As stochastic_by_adding for formats that saturate, without counting.
inline uint32_t stochastic_saturating(const float* x, float* y, int64_t n, const Target& t, const uint32_t* random,
                                      OneStep steps) {
  const bool serves = has_stochastic_scale(t, static_cast<int32_t>(steps.value) >> 23);
  const StochasticRegister rounder(t);
  const __m512i minNormal = _mm512_set1_epi32(static_cast<int>(t.minNormal + steps.value));
  const __m512i largest = _mm512_set1_epi32(static_cast<int>(t.maxFinite + steps.value));
  int64_t i = 0;
  for (; serves && i + 16 <= n; i += 16) {
    const __m512i bits = _mm512_loadu_si512(x + i), words = _mm512_loadu_si512(random + i);
    _mm512_storeu_si512(y + i, rounder.round<true, false>(bits, words, minNormal, largest));
  }
  stochastic_by_adding(x + i, y + i, n - i, t, random + i, steps);
  return 0;
}
#endif

// The loop for stochastic rounding, or null: the general one serves.
template <class Steps>
RoundLoop<Steps> stochastic_loop_for(const StoreRounding& store, [[maybe_unused]] const Target& t,
                                     [[maybe_unused]] bool counts) {
  if (store.rounding != Rounding::stochastic) return nullptr;
  if (has_fp32_range(store)) {
    if (store.precision > 23) return nullptr;
    return counts ? stochastic_in_bits<true, Steps> : stochastic_in_bits<false, Steps>;
  }
  if (store.unusedRandom != 0) return nullptr;
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<Steps, OneStep>) {
    if (can_add_stochastically(store, t) && store.hasNegativeZero) {
      return counts || store.overflow != Overflow::saturate ? stochastic_by_adding : stochastic_saturating;
    }
  }
#endif
  return nullptr;
}

}  // namespace roundoff::ROUNDOFF_TIER
