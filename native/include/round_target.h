// A float format with its mode and overflow rule, as the numbers that loops over FP32 bits need. Integers of N bits are
// such a format too: precision N − 1, smallest normal 2^(N−2), everything below it spaced by 1.
// A step of 2^E moves every exponent by E: loops add E << 23 to the numbers that are bits or fields.
#pragma once

#include <cmath>

#include "round_shift.h"

namespace roundoff::ROUNDOFF_TIER {

constexpr uint32_t kQuietBit = 0x00400000, kSignBit = 0x80000000;

struct Target {
  uint32_t minNormal;     // bits of the smallest normal
  uint32_t eminField;     // its FP32 exponent field
  uint32_t normalShift;   // bits of the doubled significand to drop, normal results
  uint32_t smallShift;    // the same just below the smallest normal; one more per binade further down
  uint32_t smallSpacing;  // bits of the spacing of the results below the smallest normal
  uint32_t maxFinite;     // bits
  uint32_t threshold;     // bits of the smallest magnitude that nearestEven rounds beyond maxFinite
  uint32_t overflow;      // bits of the result of an overflow
  uint32_t zeroSign;      // the sign bit that a zero may keep
  uint32_t unusedRandom;  // see RandomBits
};

// Whether FP32 bits can hold what a Target needs: the format's smallest normal is a normal FP32 number, and so on.
inline bool has_target(const StoreRounding& store) {
  return store.emin >= -126 && store.precision >= 1 && store.precision <= 24 && store.maxFinite >= std::ldexp(1.0f, store.emin);
}

// Bits of the smallest FP32 magnitude that nearestEven takes beyond maxFinite: halfway to the next value, where a tie goes
// up from an odd significand. At 24 bits the next FP32 number is beyond already.
inline uint32_t overflow_threshold(const StoreRounding& store) {
  const float maxFinite = store.maxFinite;
  if (store.precision == 24) return std::bit_cast<uint32_t>(maxFinite) + 1;
  const int exponent = std::max(std::ilogb(maxFinite), store.emin) - (store.precision - 1);
  const float halfway = maxFinite + std::ldexp(0.5f, exponent);
  const bool even = static_cast<int64_t>(std::ldexp(maxFinite, -exponent)) % 2 == 0;
  return std::bit_cast<uint32_t>(halfway) + (even ? 1u : 0u);
}

inline Target target_of(const StoreRounding& store) {
  // Without subnormals the neighbours below the smallest normal are 0 and the smallest normal itself.
  const int spacing = store.hasSubnormals ? store.emin - (store.precision - 1) : store.emin;
  const uint32_t infinity = store.hasInfinity ? kInfinityBits : kInfinityBits | kQuietBit;
  const float maxFinite = store.maxFinite, smallSpacing = std::ldexp(1.0f, spacing);
  Target target{};
  target.eminField = static_cast<uint32_t>(store.emin + 127);
  target.minNormal = target.eminField << 23;
  target.normalShift = static_cast<uint32_t>(25 - store.precision);
  target.smallShift = store.hasSubnormals ? target.normalShift : 24;
  target.smallSpacing = std::bit_cast<uint32_t>(smallSpacing);
  target.maxFinite = std::bit_cast<uint32_t>(maxFinite);
  target.threshold = overflow_threshold(store);
  target.overflow = store.overflow == Overflow::saturate   ? target.maxFinite
                    : store.overflow == Overflow::infinity ? infinity
                                                           : kInfinityBits | kQuietBit;
  target.zeroSign = store.hasNegativeZero ? kSignBit : 0;
  target.unusedRandom = store.unusedRandom;
  return target;
}

// Whether the format has FP32's own subnormals and zeros: then the bits alone give the result, everywhere.
inline bool has_fp32_range(const StoreRounding& store) {
  return store.emin == -126 && store.hasSubnormals && store.hasNegativeZero;
}

// Whether nearestEven may be rounded by adding a power of two (nearest_even_by_adding): below the smallest normal results
// are evenly spaced, and the power does not overflow for any magnitude that does not.
inline bool can_round_by_adding(const StoreRounding& store, const Target& t) {
  return store.rounding == Rounding::nearestEven && (store.hasSubnormals || store.precision == 1) &&
         store.precision <= 23 && (t.maxFinite >> 23) + (t.normalShift - 1) <= 254;
}

// Whether all results are evenly spaced, at most 22 bits of them, and zero has no sign: the integers.
inline bool has_one_spacing(const StoreRounding& store, const Target& t) {
  return (t.minNormal ^ t.maxFinite) >> 23 == 0 && store.hasSubnormals && !store.hasNegativeZero && store.precision <= 22;
}

// Bits of the power whose last place is that spacing, and half of it more, which lifts negative numbers too.
inline uint32_t adding_power(const Target& t) { return t.smallSpacing + (23u << 23) + 0x00400000; }

}  // namespace roundoff::ROUNDOFF_TIER
