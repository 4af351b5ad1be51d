// The one place where a value is resolved to a neighbour: an integer significand, a number of bits to drop and a mode.
// Branch-free, so that loops over it vectorise with variable shifts. The same rule serves float formats (round_loops.h),
// posits and dynamic fixed point (quantize). Meaning of the modes: src/formats/round-integer.ts.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "command.h"

namespace roundoff::ROUNDOFF_TIER {

// FP32 +∞ as bits: larger magnitudes are NaN.
constexpr uint32_t kInfinityBits = 0x7f800000;

// A finite FP32 magnitude as twice its significand (an integer below 2^25) and the exponent field, at least 1:
// |x| = doubled · 2^(exponent − 151). The doubling leaves room below the last bit, so that dropping nothing (shift 1)
// is not a special case.
struct Unpacked {
  uint32_t doubled, exponent;
};

inline Unpacked unpack(uint32_t magnitude) {
  const uint32_t exponent = std::max(magnitude >> 23, 1u);
  // Subtracting one less than the field leaves the hidden bit of normals set and subnormals alone.
  return {(magnitude - ((exponent - 1) << 23)) << 1, exponent};
}

// A word of stochastic rounding, and how many of its low bits are not used: 32 − randomBits, 0 to 31.
struct RandomBits {
  uint32_t word, unused;
};

// 1 if stochastic rounding goes up, else 0. `fraction` is F = ⌊d · 2^32⌋ of the exact fraction d. With r random bits F is
// rounded nearest-even to r bits, and R is the top r bits of the word: up iff F_r + R ≥ 2^r.
inline uint32_t goes_up(uint32_t fraction, RandomBits random) {
  const uint32_t mask = (1u << random.unused) - 1, kept = fraction >> random.unused;
  // The rest plus less than half never leaves 32 bits; its carry is the rounding of F.
  const uint32_t rounded = kept + (((fraction & mask) + (mask >> 1) + (kept & (mask & 1))) >> random.unused);
  const uint32_t sum = rounded + (random.word >> random.unused);
  // Without unused bits 2^r is 2^32: the sum has wrapped around. With some, it is below 2^32 and compared.
  const uint32_t wrapped = sum < rounded ? 1u : 0u;
  return random.unused == 0 ? wrapped : std::min(sum >> ((32 - random.unused) & 31), 1u);
}

// doubled / 2^shift resolved to an integer; shift ≥ 1, and any size (above 31 only the direction matters).
// `negative` is all ones for negative values, else 0. `random` is used by `stochastic` only.
template <Rounding mode>
inline uint32_t round_shift(uint32_t doubled, uint32_t shift, uint32_t negative, RandomBits random) {
  const uint32_t s = std::min(shift, 31u);
  const uint32_t mask = (1u << s) - 1;
  if constexpr (mode == Rounding::nearestEven) {
    return (doubled + (mask >> 1) + (doubled >> s & 1)) >> s;
  } else if constexpr (mode == Rounding::nearestAway) {
    return (doubled + (1u << (s - 1))) >> s;
  } else if constexpr (mode == Rounding::towardZero) {
    return doubled >> s;
  } else if constexpr (mode == Rounding::towardPositive) {
    return (doubled + (mask & ~negative)) >> s;
  } else if constexpr (mode == Rounding::towardNegative) {
    return (doubled + (mask & negative)) >> s;
  } else if constexpr (mode == Rounding::toOdd) {
    return doubled >> s | ((doubled & mask) != 0 ? 1u : 0u);
  } else {
    const uint32_t left = shift <= 32 ? 32 - shift : 0;
    const uint32_t right = std::min(shift > 32 ? shift - 32 : 0u, 31u);
    const uint32_t fraction = shift <= 32 ? (doubled & mask) << left : doubled >> right;
    return (doubled >> s) + goes_up(fraction, random);
  }
}

}  // namespace roundoff::ROUNDOFF_TIER
