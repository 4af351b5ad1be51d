// Kernels that move values or scale them: affine, fill, copy, broadcastTo, transpose; and the list of all element-wise
// kernels.
#include "elementwise.h"

#include <cstring>

#include "parallel.h"
#include "strided_view.h"
#include "tiers.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// y = the view of x, block by block.
void copy_view(const Operand& x, const StridedView& view, const Operand& y, Context& ctx) {
  parallel_blocks(ctx, y.elements, [&](int64_t offset, int64_t n, int) {
    alignas(64) float buffer[kBlock];
    float* to = write_block(y, offset, buffer);
    load_view(x, view, offset, n, to);
    store_block(y, offset, n, to, ctx.clock);
  });
}

// The same bytes: no conversion, no rounding.
void copy_bytes(const Operand& x, const Operand& y, Context& ctx) {
  if (x.data == y.data) return;
  const int64_t size = bytes_of(y.dtype);
  parallel_blocks(ctx, y.elements, [&](int64_t offset, int64_t n, int) {
    std::memcpy(static_cast<char*>(y.data) + offset * size, static_cast<const char*>(x.data) + offset * size,
                static_cast<size_t>(n * size));
  });
}

}  // namespace

void affine(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &y = command.out[0];
  const float scale = static_cast<float>(command.attrs[0]), offset = static_cast<float>(command.attrs[1]);
  parallel_blocks(ctx, y.elements, [&](int64_t first, int64_t n, int) {
    alignas(64) float a[kBlock], b[kBlock];
    const float* from = read_block(x, first, n, a);
    float* to = write_block(y, first, b);
    ROUNDOFF_INDEPENDENT
    for (int64_t i = 0; i < n; i++) to[i] = scale * from[i] + offset;
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
  StridedView all;
  all.push(y.elements, 1);
  copy_view(x, all, y, ctx);
}

void broadcast_to(const Command& command, Context& ctx) {
  copy_view(command.in[0], broadcast_view(command.in[0], command.out[0]), command.out[0], ctx);
}

void transpose(const Command& command, Context& ctx) {
  const StridedView dense = dense_view(command.in[0]);
  StridedView view;
  for (const double axis : command.attrs) {
    view.push(dense.dims[static_cast<int>(axis)], dense.strides[static_cast<int>(axis)]);
  }
  copy_view(command.in[0], collapse(view), command.out[0], ctx);
}

void register_elementwise(KernelTable& table) {
  table["unary"] = unary;
  table["unaryGrad"] = unary_grad;
  table["binary"] = binary;
  table["affine"] = affine;
  table["fill"] = fill;
  table["copy"] = copy;
  table["broadcastTo"] = broadcast_to;
  table["transpose"] = transpose;
}

}  // namespace roundoff::ROUNDOFF_TIER
