// Functions of two tensors, and the choice between two by a third, with broadcasting. Operands of the output's shape are read in place; repeated ones (a bias
// over channels, a scalar) are spread into an L1 block first, so that one loop serves every shape.
#include <bit>
#include <cmath>

#include "element_blocks.h"
#include "elementwise.h"
#include "parallel.h"
#include "strided_view.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// An operand and how to read a block of it in the order of the output.
struct Source {
  const Operand& x;
  const StridedView view;
  const bool dense;

  Source(const Operand& operand, const Operand& y)
      : x(operand), view(broadcast_view(operand, y)), dense(operand.elements == y.elements && is_dense(view)) {}

  const float* read(int64_t offset, int64_t n, float* buffer) const {
    if (dense) return read_block(x, offset, n, buffer);
    load_view(x, view, offset, n, buffer);
    return buffer;
  }
};

template <class F>
void combine(int64_t n, const float* a, const float* b, float* y, const F& f) {
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) y[i] = f(a[i], b[i]);
}

// NaN if either is NaN: the sum of the two is one.
float maximum(float a, float b) { return a > b ? a : b >= a ? b : a + b; }
float minimum(float a, float b) { return a < b ? a : b <= a ? b : a + b; }

}  // namespace

void binary_block(BinaryKind kind, int64_t n, const float* left, const float* right, float* to) {
  const auto run = [&](const auto& f) { combine(n, left, right, to, f); };
  switch (kind) {
    case BinaryKind::add:
      return run([](float a, float b) { return a + b; });
    case BinaryKind::sub:
      return run([](float a, float b) { return a - b; });
    case BinaryKind::mul:
      return run([](float a, float b) { return a * b; });
    case BinaryKind::div:
      return run([](float a, float b) { return a / b; });
    case BinaryKind::maximum:
      return run([](float a, float b) { return maximum(a, b); });
    case BinaryKind::minimum:
      return run([](float a, float b) { return minimum(a, b); });
    case BinaryKind::pow:
      return run([](double a, double b) { return static_cast<float>(std::pow(a, b)); });
    case BinaryKind::atan2:
      return run([](double a, double b) { return static_cast<float>(std::atan2(a, b)); });
    case BinaryKind::eq:
      return run([](float a, float b) { return a == b ? 1.0f : 0.0f; });
    case BinaryKind::ne:
      return run([](float a, float b) { return a != b ? 1.0f : 0.0f; });
    case BinaryKind::lt:
      return run([](float a, float b) { return a < b ? 1.0f : 0.0f; });
    case BinaryKind::le:
      return run([](float a, float b) { return a <= b ? 1.0f : 0.0f; });
    case BinaryKind::gt:
      return run([](float a, float b) { return a > b ? 1.0f : 0.0f; });
    case BinaryKind::ge:
      return run([](float a, float b) { return a >= b ? 1.0f : 0.0f; });
  }
}

void binary(const Command& command, Context& ctx) {
  const Operand& y = command.out[0];
  const auto kind = static_cast<BinaryKind>(static_cast<int>(command.attrs[0]));
  const Source a(command.in[0], y), b(command.in[1], y);
  parallel_blocks(ctx, y.elements, [&](int64_t offset, int64_t n, int) {
    alignas(64) float spaceA[kBlock], spaceB[kBlock], spaceY[kBlock];
    const float* left = a.read(offset, n, spaceA);
    const float* right = b.read(offset, n, spaceB);
    float* to = write_block(y, offset, spaceY);
    binary_block(kind, n, left, right, to);
    store_block(y, offset, n, to, ctx.clock);
  });
}

void where(const Command& command, Context& ctx) {
  const Operand& y = command.out[0];
  const Source condition(command.in[0], y), a(command.in[1], y), b(command.in[2], y);
  parallel_blocks(ctx, y.elements, [&](int64_t offset, int64_t n, int) {
    alignas(64) float spaceC[kBlock], spaceA[kBlock], spaceB[kBlock], spaceY[kBlock];
    const float* which = condition.read(offset, n, spaceC);
    const float* yes = a.read(offset, n, spaceA);
    const float* no = b.read(offset, n, spaceB);
    float* to = write_block(y, offset, spaceY);
    ROUNDOFF_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
      const float left = yes[i], right = no[i];
      to[i] = which[i] != 0.0f ? left : right;
    }
    store_block(y, offset, n, to, ctx.clock);
  });
}

}  // namespace roundoff::ROUNDOFF_TIER
