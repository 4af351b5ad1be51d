// Names for what loops over AVX-512 registers say again and again. Empty on the other tiers.
#pragma once

#include <cstdint>

#if defined(__AVX512F__)
#include <immintrin.h>

namespace roundoff::ROUNDOFF_TIER {

// For the masked forms of instructions: g++ 12 warns about its own header in the plain ones.
constexpr __mmask16 kAllLanes = 0xffff;

// For range: the smaller of two magnitudes, under the sign of the first operand.
constexpr int kSmallerMagnitude = 2;

inline __m512i all_lanes(uint32_t bits) { return _mm512_set1_epi32(static_cast<int>(bits)); }

// Rounds off the last bits, those of `dropped`, to nearest even; a carry goes into the exponent, where it belongs.
inline __m512i nearest_even_without(__m512i bits, uint32_t dropped) {
  const __m512i below = _mm512_add_epi32(bits, all_lanes(dropped >> 1));
  const __mmask16 odd = _mm512_test_epi32_mask(bits, all_lanes(dropped + 1));
  return _mm512_and_si512(_mm512_mask_add_epi32(below, odd, below, all_lanes(1)), all_lanes(~dropped));
}

}  // namespace roundoff::ROUNDOFF_TIER
#endif
