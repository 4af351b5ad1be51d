// Functions of one tensor and their gradients. What FP32 does exactly (relu, square, sqrt, reciprocal …) runs in FP32;
// everything else is evaluated in FP64 and rounded once, so results are within 0.501 ulp of the true value (vector_math.h;
// powers and the sine of huge numbers are the C library's). The gradients are in unary_grad.cpp.
#include <cmath>

#include "element_blocks.h"
#include "elementwise.h"
#include "parallel.h"
#include "unary_functions.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

template <class F>
void map(int64_t n, const float* x, float* y, const F& f) {
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) y[i] = static_cast<float>(f(x[i]));
}

// sin(x + quarter·π/2). Numbers too large for the fast reduction are left to the C library, in a second pass.
void map_turn(int64_t n, const float* x, float* y, int64_t quarter) {
  alignas(64) float from[kBlock];
  std::copy_n(x, n, from);
  for (int64_t i = 0; i < n; i++) y[i] = static_cast<float>(vector_turn(from[i], quarter));
  for (int64_t i = 0; i < n; i++) {
    if (std::abs(from[i]) <= kTurnLimit) continue;
    const double at = from[i];
    y[i] = static_cast<float>(quarter == 0 ? std::sin(at) : std::cos(at));
  }
}

// x^exponent; the small whole exponents are products.
void map_power(int64_t n, const float* from, float* to, double exponent) {
  const auto run = [&](const auto& f) { map(n, from, to, f); };
  if (exponent == 1) return run([](float x) { return x; });
  if (exponent == 2) return run([](float x) { return x * x; });
  if (exponent == 3) return run([](double x) { return x * x * x; });
  if (exponent == -1) return run([](float x) { return 1.0f / x; });
  run([=](double x) { return std::pow(x, exponent); });
}

}  // namespace

void unary_block(const UnaryFunction& function, int64_t n, const float* from, float* to) {
  const float low = function.alpha, high = function.beta;
  const double alpha = low, beta = high;
  const auto run = [&](const auto& f) { map(n, from, to, f); };
  switch (function.kind) {
    case UnaryKind::relu:
      return run([](float x) { return x <= 0.0f ? 0.0f : x; });  // NaN fails the comparison and stays
    case UnaryKind::neg:
      return run([](float x) { return -x; });
    case UnaryKind::abs:
      return run([](float x) { return std::abs(x); });
    case UnaryKind::square:
      return run([](float x) { return x * x; });
    case UnaryKind::sqrt:
      return run([](float x) { return std::sqrt(x); });
    case UnaryKind::rsqrt:
      return run([](double x) { return 1.0 / std::sqrt(x); });
    case UnaryKind::reciprocal:
      return run([](float x) { return 1.0f / x; });
    case UnaryKind::exp:
      return run([](double x) { return vector_exp(x); });
    case UnaryKind::log:
      return run([](double x) { return vector_log(x); });
    case UnaryKind::tanh:
      return run([](double x) { return vector_tanh(x); });
    case UnaryKind::sigmoid:
      return run([](double x) { return vector_sigmoid(x); });
    case UnaryKind::gelu:
      return run([](double x) { return gelu(x); });
    case UnaryKind::sin:
      return map_turn(n, from, to, 0);
    case UnaryKind::cos:
      return map_turn(n, from, to, 1);
    case UnaryKind::erf:
      return run([](double x) { return vector_erf(x); });
    case UnaryKind::expm1:
      return run([](double x) { return vector_expm1(x); });
    case UnaryKind::log1p:
      return run([](double x) { return vector_log1p(x); });
    case UnaryKind::sign:
      return run([](float x) { return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x; });
    case UnaryKind::floor:
      return run([](float x) { return std::floor(x); });
    case UnaryKind::ceil:
      return run([](float x) { return std::ceil(x); });
    case UnaryKind::round:
      return run([](float x) { return std::nearbyint(x); });
    case UnaryKind::softplus:
      return run([=](double x) { return softplus(x, alpha, beta); });
    case UnaryKind::silu:
      return run([](double x) { return silu(x); });
    case UnaryKind::elu:
      return run([=](double x) { return elu(x, alpha); });
    case UnaryKind::selu:
      return run([](double x) { return kSeluScale * elu(x, kSeluAlpha); });
    case UnaryKind::mish:
      return run([](double x) { return mish(x); });
    case UnaryKind::geluTanh:
      return run([](double x) { return gelu_tanh(x); });
    case UnaryKind::leakyRelu:
      return run([=](float x) { return x > 0.0f ? x : low * x; });
    case UnaryKind::hardtanh:
    case UnaryKind::clamp:
      return run([=](float x) { return clamp(x, low, high); });
    case UnaryKind::hardsigmoid:
      return run([](double x) { return x <= -3 ? 0.0 : x >= 3 ? 1.0 : x / 6 + 0.5; });
    case UnaryKind::hardswish:
      return run([](double x) { return x <= -3 ? 0.0 : x >= 3 ? x : x * (x / 6 + 0.5); });
    case UnaryKind::pow:
      return map_power(n, from, to, alpha);
  }
}

void unary(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &y = command.out[0];
  const UnaryFunction function = unary_function(command.attrs);
  parallel_blocks(ctx, y.elements, [&](int64_t offset, int64_t n, int) {
    alignas(64) float a[kBlock], b[kBlock];
    const float* from = read_block(x, offset, n, a);
    float* to = write_block(y, offset, b);
    unary_block(function, n, from, to);
    store_block(y, offset, n, to, ctx.clock);
  });
}

}  // namespace roundoff::ROUNDOFF_TIER
