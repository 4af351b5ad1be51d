// The functions of one number that need more than an instruction, and their slopes, in FP64 from vector_math.h, without
// branches so that loops over them vectorise. Meaning: contract/elementwise.ts.
#pragma once

#include "vector_math.h"

namespace roundoff::ROUNDOFF_TIER {

constexpr double kInverseSqrt2 = 0.70710678118654752440, kInverseSqrt2Pi = 0.39894228040143267794;
constexpr double kTwoOverSqrtPi = 1.12837916709551257390;
// Klambauer et al. (2017), as PyTorch writes them.
constexpr double kSeluAlpha = 1.6732632423543772, kSeluScale = 1.0507009873554805;
// gelu by tanh: √(2/π) and the factor of the cube.
constexpr double kGeluSlope = 0.79788456080286535588, kGeluCubic = 0.044715;

inline double normal_cdf(double x) { return 0.5 * vector_erfc(-x * kInverseSqrt2); }
inline double normal_density(double x) { return kInverseSqrt2Pi * vector_exp(-0.5 * x * x); }

// Where x is −Inf the factor beside it is 0, and the limit of the product is 0, not NaN.
inline double vanishing(double x, double factor) {
  const double product = x * factor;
  return x == -INFINITY ? 0.0 : product;
}

inline double gelu(double x) { return vanishing(x, normal_cdf(x)); }
inline double gelu_slope(double x) { return normal_cdf(x) + x * normal_density(x); }

// ½(1 + tanh u) = σ(2u): no cancellation in the tail.
inline double gelu_tanh_share(double x) { return vector_sigmoid(2.0 * kGeluSlope * (x + kGeluCubic * (x * x * x))); }
inline double gelu_tanh(double x) { return vanishing(x, gelu_tanh_share(x)); }
inline double gelu_tanh_slope(double x) {
  const double share = gelu_tanh_share(x), inner = 2.0 * kGeluSlope * (1.0 + 3.0 * kGeluCubic * x * x);
  return share + x * share * (1.0 - share) * inner;
}

inline double silu(double x) { return vanishing(x, vector_sigmoid(x)); }
inline double silu_slope(double x) { return vector_sigmoid(x) * (1.0 + x * vector_sigmoid(-x)); }

// tanh(ln(1 + e^x)) = t(t + 2)/(t(t + 2) + 2), t = e^x; 1 to FP64 beyond 40.
inline double tanh_softplus(double x) {
  const double t = vector_exp(x > 40.0 ? 40.0 : x), u = t * (t + 2.0);
  const double quotient = u / (u + 2.0);
  return x > 40.0 ? 1.0 : quotient;
}
inline double mish(double x) { return vanishing(x, tanh_softplus(x)); }
inline double mish_slope(double x) {
  const double t = tanh_softplus(x);
  return t + x * vector_sigmoid(x) * (1.0 - t * t);
}

inline double softplus(double x, double beta, double threshold) {
  const double scaled = beta * x, bent = vector_log1p(vector_exp(scaled)) / beta;
  return scaled > threshold ? x : bent;
}

inline double elu(double x, double alpha) {
  const double below = alpha * vector_expm1(x);
  return x > 0 ? x : below;
}

// NaN fails both comparisons and stays.
inline float clamp(float x, float low, float high) {
  const float above = x < low ? low : x;
  return above > high ? high : above;
}

}  // namespace roundoff::ROUNDOFF_TIER
