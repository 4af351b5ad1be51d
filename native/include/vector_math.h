// exp, log, tanh and sigmoid for FP32 arguments, evaluated in FP64 without branches or calls, so that loops over them
// vectorise and every machine gives the same bits. Relative error below 2^−36 before the one rounding to FP32: results
// are within 0.5003 ulp. The series are Taylor's on intervals small enough for their next term to be below that.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <initializer_list>

namespace roundoff::ROUNDOFF_TIER {

// e^x for |x| ≤ 700; beyond that range the argument is clamped, which FP32 cannot tell from 0 and infinity. NaN stays.
inline double vector_exp(double x) {
  constexpr double kLog2E = 1.4426950408889634074, kLn2 = 0.69314718055994530942;
  // Adding 1.5·2^52 rounds to an integer and leaves it in the low bits.
  constexpr double kShift = 0x1.8p52;
  const double low = x < -700.0 ? -700.0 : x, clamped = low > 700.0 ? 700.0 : low;
  const double shifted = clamped * kLog2E + kShift;
  const double r = clamped - (shifted - kShift) * kLn2;  // |r| ≤ ln 2 / 2
  double p = 1.0 / 3628800;
  for (const double c : {1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0}) {
    p = p * r + c;
  }
  const double scale = std::bit_cast<double>((std::bit_cast<uint64_t>(shifted) + 1023) << 52);
  return x != x ? x : p * scale;
}

// ln x for an FP32 value x widened to FP64: −Inf at ±0, NaN below, Inf at Inf.
inline double vector_log(double x) {
  constexpr double kLn2 = 0.69314718055994530942;
  // x = m · 2^e with m in [√½, √2): adding the distance from √½ to 1 to the bits makes the exponent field count from √½.
  constexpr uint64_t kRootHalf = 0x3fe6a09e667f3bcd, kOne = 0x3ff0000000000000;
  const uint64_t bits = std::bit_cast<uint64_t>(x) + (kOne - kRootHalf);
  // As FP32 values have few exponents, the field is converted by placing it in the low bits of 2^52.
  const double e = std::bit_cast<double>((bits >> 52) | 0x4330000000000000) - (0x1p52 + 1023);
  const double m = std::bit_cast<double>((bits & 0x000fffffffffffff) + kRootHalf);
  const double f = (m - 1) / (m + 1), f2 = f * f;  // ln m = 2·artanh f, |f| ≤ 0.172
  double p = 1.0 / 15;
  for (const double c : {1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3, 1.0}) p = p * f2 + c;
  const double finite = 2 * f * p + e * kLn2;
  const double special = x == 0 ? -INFINITY : x < 0 ? NAN : x;
  return x > 0 && x < INFINITY ? finite : special;
}

// tanh x = (1 − t)/(1 + t), t = e^(−2|x|); near 0, where that cancels, its series.
inline double vector_tanh(double x) {
  const double magnitude = std::abs(x), t = vector_exp(-2 * magnitude), x2 = x * x;
  const double far = std::copysign((1 - t) / (1 + t), x);
  const double near = x * (1 + x2 * (-1.0 / 3 + x2 * (2.0 / 15 + x2 * (-17.0 / 315 + x2 * (62.0 / 2835)))));
  return magnitude < 0.0625 ? near : far;
}

// 1/(1 + e^(−x)) with the exponential of a negative number only, so that neither tail overflows.
inline double vector_sigmoid(double x) {
  const double small = vector_exp(-std::abs(x));
  return (x >= 0 ? 1.0 : small) / (1.0 + small);
}

}  // namespace roundoff::ROUNDOFF_TIER
