// exp, log, tanh, sigmoid, sin, cos, erfc and their like for FP32 arguments, evaluated in FP64 without branches or calls, so that loops over them
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

// e^x − 1. Near 0, where the difference would cancel, its series.
inline double vector_expm1(double x) {
  double p = 1.0 / 3628800;
  for (const double c : {1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0}) {
    p = p * x + c;
  }
  const double near = x * p, far = vector_exp(x) - 1.0;
  return std::abs(x) < 0.35 ? near : far;
}

// ln(1 + x): the logarithm of the rounded sum u, and what the rounding lost, divided by u.
inline double vector_log1p(double x) {
  const double u = 1.0 + x, lost = (x - (u - 1.0)) / u;
  const double logarithm = vector_log(u), sum = logarithm + lost;
  // At 0 and infinity what was lost is no number; the logarithm alone is right, and NaN below 0.
  return (u > 0) & (u < INFINITY) ? sum : logarithm;
}

// Beyond this the reduction below loses its accuracy.
constexpr double kTurnLimit = 1e5;

// sin(x + quarter·π/2) for |x| ≤ kTurnLimit.
inline double vector_turn(double x, int64_t quarter) {
  constexpr double kShift = 0x1.8p52, kTwoOverPi = 0.63661977236758134308;
  // π/2 in two parts; the first has 33 bits, so its products with quarter turns are exact.
  constexpr double kHigh = 1.57079632673412561417, kLow = 6.07710050650619224932e-11;
  const double shifted = x * kTwoOverPi + kShift, turns = shifted - kShift;
  const double r = (x - turns * kHigh) - turns * kLow, r2 = r * r;  // |r| ≤ π/4
  double sine = 1.0 / 6227020800.0, cosine = -1.0 / 87178291200.0;
  for (const double c : {-1.0 / 39916800, 1.0 / 362880, -1.0 / 5040, 1.0 / 120, -1.0 / 6, 1.0}) sine = sine * r2 + c;
  for (const double c : {1.0 / 479001600, -1.0 / 3628800, 1.0 / 40320, -1.0 / 720, 1.0 / 24, -0.5, 1.0}) {
    cosine = cosine * r2 + c;
  }
  const int64_t k = std::bit_cast<int64_t>(shifted) + quarter;
  const double odd = sine * r, value = (k & 1) != 0 ? cosine : odd;
  return std::bit_cast<double>(std::bit_cast<uint64_t>(value) ^ (static_cast<uint64_t>(k & 2) << 62));
}

// erfc x = e^(−x²)·P(t)/(1 + 2x), t = (x − 3.75)/(x + 3.75) for x ≥ 0 (Schonfelder, "Chebyshev expansions for the error
// and related functions", Math. Comp. 32 (1978)). P is the Chebyshev series of degree 16 of that quotient, fitted to
// the C library's erfc and, where that ends, to its continued fraction; relative error 2^−39.
inline double vector_erfc(double x) {
  const double z = std::abs(x), t = (z - 3.75) / (z + 3.75);
  // Sixteen steps: loops of more are not unrolled, and what is around them is not vectorised.
  double p = 9.400351700605824e-07;
  for (const double c :
       {-1.0351543824071996e-06, -1.0112547233802615e-05, 2.24037765428875e-05, 5.039037008145897e-05,
       -0.00029013581966637504, 0.0002944263073572984, 0.0017556055585748707, -0.00974681982232582,
       0.028362285510055544, -0.058693352733072246, 0.09230431965574035, -0.1088039345470277,
       0.08227673860886515, 0.003585415648911956, -0.14024059858819826, 1.2375126308368265}) {
    p = p * t + c;
  }
  // An infinite z would make t NaN; the exponential is 0 long before.
  const double inside = vector_exp(-z * z) * p / (1.0 + 2.0 * z), tail = z >= 30 ? 0.0 : inside;
  const double mirrored = 2.0 - tail;
  return x < 0 ? mirrored : tail;
}

// erf x; near 0, where 1 − erfc cancels, its series.
inline double vector_erf(double x) {
  constexpr double kTwoOverSqrtPi = 1.12837916709551257390;
  const double x2 = x * x;
  double p = -1.0 / (19.0 * 362880);
  for (const double c : {1.0 / (17.0 * 40320), -1.0 / (15.0 * 5040), 1.0 / (13.0 * 720), -1.0 / (11.0 * 120), 1.0 / (9.0 * 24),
                         -1.0 / (7.0 * 6), 1.0 / (5.0 * 2), -1.0 / 3.0, 1.0}) {
    p = p * x2 + c;
  }
  const double far = std::copysign(1.0 - vector_erfc(std::abs(x)), x);
  const double near = kTwoOverSqrtPi * x * p;
  return std::abs(x) < 0.5 ? near : far;
}

}  // namespace roundoff::ROUNDOFF_TIER
