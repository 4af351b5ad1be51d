// The largest of many numbers, on their bits: whole numbers have an order that compilers vectorise freely, which FP32 with
// its NaN has not.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>

namespace roundoff::ROUNDOFF_TIER {

// A number whose order is that of the FP32 values (−0 below 0); its own inverse, on bits.
inline int32_t ordered_bits(int32_t bits) { return bits ^ ((bits >> 31) & 0x7fffffff); }

// The maximum of n numbers, the minimum if `sign` is −1; NaN if one is NaN. n ≥ 1.
inline float row_extreme(const float* x, int64_t n, int sign) {
  int32_t best = INT32_MIN, magnitude = 0;
  const int32_t turn = sign < 0 ? INT32_MIN : 0;
  for (int64_t i = 0; i < n; i++) {
    const int32_t bits = std::bit_cast<int32_t>(x[i]) ^ turn;
    best = std::max(best, ordered_bits(bits));
    magnitude = std::max(magnitude, bits & 0x7fffffff);
  }
  const bool nan = magnitude > 0x7f800000;
  return nan ? std::numeric_limits<float>::quiet_NaN() : std::bit_cast<float>(ordered_bits(best) ^ turn);
}

}  // namespace roundoff::ROUNDOFF_TIER
