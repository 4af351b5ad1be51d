// Kernels that scale, make or convert values: affine, fill, arange, copy, cast; and the list of all element-wise kernels.
#include "elementwise.h"

#include <cstring>

#include "element_blocks.h"
#include "parallel.h"
#include "tiers.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// The same bytes: no conversion, no rounding.
void copy_bytes(const Operand& x, const Operand& y, Context& ctx) {
  if (x.data == y.data) return;
  const int64_t size = bytes_of(y.dtype);
  parallel_blocks(ctx, y.elements, [&](int64_t offset, int64_t n, int) {
    std::memcpy(static_cast<char*>(y.data) + offset * size, static_cast<const char*>(x.data) + offset * size,
                static_cast<size_t>(n * size));
  });
}

// The fraction dropped, clamped to the range; NaN gives 0. 2^31 itself is no int32, the FP32 value below it is.
int32_t to_integer(float x) {
  const float inside = x < -0x1p31f ? -0x1p31f : x > 2147483520.0f ? 2147483520.0f : x;
  return x >= 0x1p31f ? INT32_MAX : x != x ? 0 : static_cast<int32_t>(inside);
}

}  // namespace

void affine_block(float scale, float offset, int64_t n, const float* x, float* y) {
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) y[i] = scale * x[i] + offset;
}

void affine(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &y = command.out[0];
  const float scale = static_cast<float>(command.attrs[0]), offset = static_cast<float>(command.attrs[1]);
  parallel_blocks(ctx, y.elements, [&](int64_t first, int64_t n, int) {
    alignas(64) float a[kBlock], b[kBlock];
    const float* from = read_block(x, first, n, a);
    float* to = write_block(y, first, b);
    affine_block(scale, offset, n, from, to);
    store_block(y, first, n, to, ctx.clock);
  });
}

void fill(const Command& command, Context& ctx) {
  const Operand& y = command.out[0];
  const double value = command.attrs[0];
  parallel_blocks(ctx, y.elements, [&](int64_t offset, int64_t n, int) {
    if (y.dtype == DType::i32) {
      std::fill_n(y.i32_out() + offset, n, static_cast<int32_t>(value));
      return;
    }
    alignas(64) float buffer[kBlock];
    float* to = write_block(y, offset, buffer);
    std::fill_n(to, n, static_cast<float>(value));
    store_block(y, offset, n, to, ctx.clock);
  });
}

void copy(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &y = command.out[0];
  if (x.dtype == y.dtype && !y.rounds) return copy_bytes(x, y, ctx);
  parallel_blocks(ctx, y.elements, [&](int64_t offset, int64_t n, int) {
    alignas(64) float buffer[kBlock];
    float* to = write_block(y, offset, buffer);
    load_block(x, offset, n, to);
    store_block(y, offset, n, to, ctx.clock);
  });
}

void arange(const Command& command, Context& ctx) {
  const Operand& y = command.out[0];
  const double start = command.attrs[0], step = command.attrs[1];
  parallel_blocks(ctx, y.elements, [&](int64_t offset, int64_t n, int) {
    alignas(64) float buffer[kBlock];
    float* to = write_block(y, offset, buffer);
    for (int64_t i = 0; i < n; i++) {
      const double value = start + step * static_cast<double>(offset + i);
      if (y.dtype == DType::i32) {
        y.i32_out()[offset + i] = static_cast<int32_t>(value);
      } else {
        to[i] = static_cast<float>(value);
      }
    }
    if (y.dtype != DType::i32) store_block(y, offset, n, to, ctx.clock);
  });
}

void cast(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &y = command.out[0];
  parallel_blocks(ctx, y.elements, [&](int64_t offset, int64_t n, int) {
    alignas(64) float buffer[kBlock];
    if (x.dtype == DType::i32) {
      float* to = write_block(y, offset, buffer);
      for (int64_t i = 0; i < n; i++) to[i] = static_cast<float>(x.i32()[offset + i]);
      return store_block(y, offset, n, to, ctx.clock);
    }
    const float* from = read_block(x, offset, n, buffer);
    for (int64_t i = 0; i < n; i++) y.i32_out()[offset + i] = to_integer(from[i]);
  });
}

void register_elementwise(KernelTable& table) {
  table["unary"] = unary;
  table["unaryGrad"] = unary_grad;
  table["binary"] = binary;
  table["affine"] = affine;
  table["fill"] = fill;
  table["copy"] = copy;
  table["where"] = where;
  table["arange"] = arange;
  table["cast"] = cast;
}

}  // namespace roundoff::ROUNDOFF_TIER
