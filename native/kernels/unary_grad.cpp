// Gradients of the functions of one tensor: g · f′, in FP32 where that is exact, else in FP64 and rounded once. z is the
// result y for the kinds in GRAD_FROM_OUTPUT (src/kernels/contract.ts) and the operand x for the others.
#include <cmath>

#include "element_blocks.h"
#include "elementwise.h"
#include "parallel.h"
#include "unary_functions.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// f(z, g). Both are read before the choice between them, or the loop would branch on data.
template <class F>
void map_gradient(int64_t n, const float* z, const float* g, float* y, const F& f) {
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) {
    const float at = z[i], from = g[i];
    y[i] = static_cast<float>(f(at, from));
  }
}

// g · sin(x + quarter·π/2). Numbers too large for the fast reduction are left to the C library, in a second pass.
void map_turn_gradient(int64_t n, const float* x, const float* g, float* y, int64_t quarter) {
  alignas(64) float from[kBlock];
  std::copy_n(g, n, from);
  for (int64_t i = 0; i < n; i++) y[i] = static_cast<float>(vector_turn(x[i], quarter) * static_cast<double>(from[i]));
  for (int64_t i = 0; i < n; i++) {
    if (std::abs(x[i]) <= kTurnLimit) continue;
    const double at = x[i], slope = quarter == 1 ? std::cos(at) : -std::sin(at);
    y[i] = static_cast<float>(slope * static_cast<double>(from[i]));
  }
}

// g · exponent · x^(exponent − 1); the small whole exponents are products.
void map_power_gradient(int64_t n, const float* z, const float* grad, float* to, double exponent) {
  const auto run = [&](const auto& f) { map_gradient(n, z, grad, to, f); };
  if (exponent == 0) return run([](float, float) { return 0.0f; });
  if (exponent == 1) return run([](float, float g) { return g; });
  if (exponent == 2) return run([](double x, double g) { return 2.0 * x * g; });
  if (exponent == 3) return run([](double x, double g) { return 3.0 * x * x * g; });
  run([=](double x, double g) { return g * exponent * std::pow(x, exponent - 1.0); });
}

}  // namespace

void unary_grad_block(const UnaryFunction& function, int64_t n, const float* z, const float* grad, float* to) {
  const float low = function.alpha, high = function.beta;
  const double alpha = low, beta = high;
  const auto run = [&](const auto& f) { map_gradient(n, z, grad, to, f); };
  switch (function.kind) {
    case UnaryKind::relu:
      return run([](float y, float g) { return y <= 0.0f ? 0.0f : g; });
    case UnaryKind::neg:
      return run([](float, float g) { return -g; });
    case UnaryKind::abs:
      return run([](float x, float g) { return x > 0.0f ? g : x < 0.0f ? -g : x * g; });  // 0 · g keeps NaN
    case UnaryKind::square:
      return run([](double x, double g) { return 2.0 * x * g; });
    case UnaryKind::sqrt:
      return run([](double y, double g) { return g / (2.0 * y); });
    case UnaryKind::rsqrt:
      return run([](double y, double g) { return -0.5 * g * y * y * y; });
    case UnaryKind::reciprocal:
      return run([](double y, double g) { return -g * y * y; });
    case UnaryKind::exp:
      return run([](float y, float g) { return g * y; });
    case UnaryKind::log:
      return run([](float x, float g) { return g / x; });
    case UnaryKind::tanh:
      return run([](double y, double g) { return g * (1.0 - y) * (1.0 + y); });
    case UnaryKind::sigmoid:
      return run([](double y, double g) { return g * y * (1.0 - y); });
    case UnaryKind::gelu:
      return run([](double x, double g) { return g * gelu_slope(x); });
    case UnaryKind::sin:
      return map_turn_gradient(n, z, grad, to, 1);
    case UnaryKind::cos:
      return map_turn_gradient(n, z, grad, to, 2);
    case UnaryKind::erf:
      return run([](double x, double g) { return g * kTwoOverSqrtPi * vector_exp(-x * x); });
    case UnaryKind::expm1:
      return run([](double x, double g) { return g * vector_exp(x); });
    case UnaryKind::log1p:
      return run([](double x, double g) { return g / (1.0 + x); });
    case UnaryKind::sign:
    case UnaryKind::floor:
    case UnaryKind::ceil:
    case UnaryKind::round:
      return run([](float, float) { return 0.0f; });
    case UnaryKind::softplus:
      return run([=](double x, double g) { 
        const double bent = g * vector_sigmoid(alpha * x);
        return alpha * x > beta ? g : bent;
      });
    case UnaryKind::silu:
      return run([](double x, double g) { return g * silu_slope(x); });
    case UnaryKind::elu:
      return run([=](double x, double g) { 
        const double below = g * alpha * vector_exp(x);
        return x > 0 ? g : below;
      });
    case UnaryKind::selu:
      return run([](double x, double g) { 
        const double below = kSeluAlpha * vector_exp(x);
        return g * kSeluScale * (x > 0 ? 1.0 : below);
      });
    case UnaryKind::mish:
      return run([](double x, double g) { return g * mish_slope(x); });
    case UnaryKind::geluTanh:
      return run([](double x, double g) { return g * gelu_tanh_slope(x); });
    case UnaryKind::leakyRelu:
      return run([=](float x, float g) { return x > 0.0f ? g : low * g; });
    case UnaryKind::hardtanh:
      return run([=](float x, float g) { return x <= low || x >= high ? 0.0f : g; });
    case UnaryKind::clamp:
      return run([=](float x, float g) { return x < low || x > high ? 0.0f : g; });
    case UnaryKind::hardsigmoid:
      return run([](double x, double g) { return x <= -3 || x >= 3 ? 0.0 : g / 6; });
    case UnaryKind::hardswish:
      return run([](double x, double g) { return x <= -3 ? 0.0 : x >= 3 ? g : g * (x / 3 + 0.5); });
    case UnaryKind::pow:
      return map_power_gradient(n, z, grad, to, alpha);
  }
}

void unary_grad(const Command& command, Context& ctx) {
  const Operand &z = command.in[0], &g = command.in[1], &y = command.out[0];
  const UnaryFunction function = unary_function(command.attrs);
  parallel_blocks(ctx, y.elements, [&](int64_t offset, int64_t n, int) {
    alignas(64) float a[kBlock], b[kBlock], c[kBlock];
    const float* at = read_block(z, offset, n, a);
    const float* from = read_block(g, offset, n, b);
    float* to = write_block(y, offset, c);
    unary_grad_block(function, n, at, from, to);
    store_block(y, offset, n, to, ctx.clock);
  });
}

}  // namespace roundoff::ROUNDOFF_TIER
