// Rounds pieces of an array to a format without scales: the fast loops where FP32 bits suffice, else FP64; posits by
// their own. Made once for an array.
#pragma once

#include "bulk.h"
#include "philox.h"
#include "posit_rounding.h"
#include "round_choice.h"
#include "wide_rounding.h"

namespace roundoff::ROUNDOFF_TIER {

// e8m0: no sign, no zero, bare powers of two from 2^−127 up, which FP32 holds as a subnormal.
inline bool is_power_format(const Element& element) {
  return element.kind == ElementKind::real && !element.hasSign && !element.hasZero && element.store.precision == 1 &&
         element.store.emin == -127;
}

// Nearest even to such a format: 1.5 · 2^k goes up, since the significand below it is odd.
// Returns how many overflowed, if it `counts`.
inline uint32_t nearest_even_power(const float* x, float* y, int64_t n, const StoreRounding& store, [[maybe_unused]] bool counts) {
  constexpr uint32_t kSmallest = 0x00400000, kHalf = 0x00400000, kSmallestTie = 0x00600000;
  StoreRounding finite = store;
  finite.emin = -126;
  const Target t = target_of(finite);
  const Bits* in = reinterpret_cast<const Bits*>(x);
  Bits* out = reinterpret_cast<Bits*>(y);
  uint32_t overflows = 0;
  int64_t i = 0;
#if defined(__AVX512F__)
  if (!counts && t.overflow == t.maxFinite) {
    // A NaN, −∞, or below 0; −0 is neither.
    constexpr int kNoNumber = 0x01 | 0x10 | 0x40 | 0x80;
    const auto constant = [](uint32_t bits) { return _mm512_set1_epi32(static_cast<int>(bits)); };
    for (; i + 16 <= n; i += 16) {
      const __m512i word = _mm512_loadu_si512(in + i);
      const __m512i power = _mm512_and_si512(_mm512_add_epi32(word, constant(kHalf)), constant(kInfinityBits));
      const __m512i bounded = _mm512_maskz_min_epu32(0xffff, power, constant(t.overflow));
      const __m512i number = _mm512_mask_mov_epi32(
          bounded, _mm512_cmplt_epu32_mask(_mm512_and_si512(word, constant(~kSignBit)), constant(kSmallestTie)), constant(kSmallest));
      const __mmask16 none = _mm512_fpclass_ps_mask(_mm512_castsi512_ps(word), kNoNumber);
      _mm512_storeu_si512(out + i, _mm512_mask_mov_epi32(number, none, constant(kInfinityBits | kQuietBit)));
    }
  }
#endif
  ROUNDOFF_INDEPENDENT
  for (; i < n; i++) {
    const uint32_t word = in[i], magnitude = word & ~kSignBit;
    // Below FP32's smallest normal the tie lies elsewhere.
    const uint32_t number = magnitude < kSmallestTie ? kSmallest : (magnitude + kHalf) & kInfinityBits;
    const bool large = magnitude >= t.threshold && word <= kInfinityBits;
    const bool isNumber = word <= kInfinityBits || magnitude == 0;
    overflows += large ? 1u : 0u;
    out[i] = isNumber ? (large ? t.overflow : number) : kInfinityBits | kQuietBit;
  }
  return overflows;
}

class ElementRounder {
 public:
  ElementRounder(const Element& element, const Clock& clock, bool counts) : element_(element), clock_(clock), counts_(counts) {
    isPower_ = is_power_format(element) && element.store.rounding == Rounding::nearestEven;
    if (element.kind != ElementKind::real || !element.hasSign || !element.hasZero || !has_target(element.store)) return;
    target_ = target_of(element.store);
    loop_ = loop_for<OneStep>(element.store, target_, counts);
  }

  // n ≤ kBlock elements, the first of which has the index `offset`. Returns how many overflowed. y may be x.
  uint32_t operator()(const float* x, float* y, int64_t n, int64_t offset) const {
    alignas(64) uint32_t space[kRandomRoom];
    const uint32_t* random = nullptr;
    if (element_.store.rounding == Rounding::stochastic) {
      random = rounding_words(offset, n, element_.store.tensorId, clock_, space);
    }
    if (loop_ != nullptr) return loop_(x, y, n, target_, random, {0});
    if (element_.kind == ElementKind::posit) return round_posit(x, y, n, element_, random, counts_);
    if (isPower_) return nearest_even_power(x, y, n, element_.store, counts_);
    const double one = 1;
    return round_wide(x, y, n, element_, {&one, nullptr, false}, random, false);
  }

 private:
  const Element& element_;
  Clock clock_;
  bool counts_, isPower_;
  Target target_{};
  RoundLoop<OneStep> loop_ = nullptr;
};

}  // namespace roundoff::ROUNDOFF_TIER
