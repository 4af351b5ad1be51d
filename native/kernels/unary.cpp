// Functions of one tensor and their gradients. What FP32 does exactly (relu, square, sqrt, reciprocal …) runs in FP32;
// everything else is evaluated in FP64 and rounded once, so results are within 0.501 ulp of the true value (erfc is the
// C library's, the rest is vector_math.h).
#include <cmath>

#include "elementwise.h"
#include "kinds.h"
#include "parallel.h"
#include "vector_math.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

constexpr double kInverseSqrt2 = 0.70710678118654752440, kInverseSqrt2Pi = 0.39894228040143267794;

double normal_cdf(double x) { return 0.5 * std::erfc(-x * kInverseSqrt2); }
double normal_density(double x) { return kInverseSqrt2Pi * vector_exp(-0.5 * x * x); }

// Φ is 0 far below zero, and −Inf · 0 would be NaN.
double gelu(double x) { return x == -INFINITY ? 0.0 : x * normal_cdf(x); }

template <class F>
void map(const Command& command, Context& ctx, const F& f) {
  const Operand &x = command.in[0], &y = command.out[0];
  parallel_blocks(ctx, y.elements, [&](int64_t offset, int64_t n, int) {
    alignas(64) float a[kBlock], b[kBlock];
    const float* from = read_block(x, offset, n, a);
    float* to = write_block(y, offset, b);
    ROUNDOFF_INDEPENDENT
    for (int64_t i = 0; i < n; i++) to[i] = static_cast<float>(f(from[i]));
    store_block(y, offset, n, to, ctx.clock);
  });
}

// f(z, g).
template <class F>
void map_gradient(const Command& command, Context& ctx, const F& f) {
  const Operand &z = command.in[0], &g = command.in[1], &y = command.out[0];
  parallel_blocks(ctx, y.elements, [&](int64_t offset, int64_t n, int) {
    alignas(64) float a[kBlock], b[kBlock], c[kBlock];
    const float* at = read_block(z, offset, n, a);
    const float* from = read_block(g, offset, n, b);
    float* to = write_block(y, offset, c);
    ROUNDOFF_INDEPENDENT
    for (int64_t i = 0; i < n; i++) to[i] = static_cast<float>(f(at[i], from[i]));
    store_block(y, offset, n, to, ctx.clock);
  });
}

}  // namespace

void unary(const Command& command, Context& ctx) {
  const auto run = [&](const auto& f) { map(command, ctx, f); };
  switch (static_cast<UnaryKind>(static_cast<int>(command.attrs[0]))) {
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
  }
}

void unary_grad(const Command& command, Context& ctx) {
  const auto run = [&](const auto& f) { map_gradient(command, ctx, f); };
  switch (static_cast<UnaryKind>(static_cast<int>(command.attrs[0]))) {
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
      return run([](double x, double g) { return g * (normal_cdf(x) + x * normal_density(x)); });
  }
}

}  // namespace roundoff::ROUNDOFF_TIER
