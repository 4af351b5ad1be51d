// Kernels that read a tensor through a view: broadcastTo, transpose, slice. Integers move as FP32 values with the same
// bits: nothing computes on them.
#include "movement.h"

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

// Reading along the output's innermost axis would touch a cache line per element if another axis is the contiguous
// one of x. Then both are cut into tiles: lines are read along x's axis and written along y's.
constexpr int64_t kTile = 64;

// The axis that is contiguous in the tensor if the innermost one of the view is not; −1: no tiles are needed.
int tiled_axis(const StridedView& view) {
  const int inner = view.rank - 1;
  if (inner < 1 || view.strides[inner] == 1 || view.strides[inner] == 0 || view.dims[inner] < 4) return -1;
  for (int axis = 0; axis < inner; axis++) {
    if (view.strides[axis] == 1 && view.dims[axis] >= 4) return axis;
  }
  return -1;
}

// One tile of `lines` × `columns` elements: line l holds elements at + l·step … of x, column c goes to y[to + c·rise …].
struct Tile {
  int64_t at, step, lines, to, rise, columns;
};

constexpr int kSide = 8;
typedef float Octet __attribute__((vector_size(kSide * sizeof(float))));

// Transposes kSide × kSide elements: log2(kSide) rounds that interleave the two halves of the rows.
void transpose_octets(const float* from, float* to) {
  Octet rows[kSide], next[kSide];
  for (int i = 0; i < kSide; i++) std::memcpy(&rows[i], from + i * kTile, sizeof(Octet));
  for (int round = 1; round < kSide; round *= 2) {
    for (int i = 0; i < kSide / 2; i++) {
      next[2 * i] = __builtin_shufflevector(rows[i], rows[i + kSide / 2], 0, 8, 1, 9, 2, 10, 3, 11);
      next[2 * i + 1] = __builtin_shufflevector(rows[i], rows[i + kSide / 2], 4, 12, 5, 13, 6, 14, 7, 15);
    }
    for (int i = 0; i < kSide; i++) rows[i] = next[i];
  }
  for (int i = 0; i < kSide; i++) std::memcpy(to + i * kTile, &rows[i], sizeof(Octet));
}

void copy_tile(const Operand& x, const Operand& y, const Tile& t, const Clock& clock) {
  alignas(64) float tile[kTile * kTile], turned[kTile * kTile];
  for (int64_t l = 0; l < t.lines; l++) load_block(x, t.at + l * t.step, t.columns, tile + l * kTile);
  // Beyond the edge of x the tile holds what it held; those rows and columns are not written.
  for (int64_t l = 0; l < t.lines; l += kSide) {
    for (int64_t c = 0; c < t.columns; c += kSide) transpose_octets(tile + l * kTile + c, turned + c * kTile + l);
  }
  const bool plain = y.plain();
  for (int64_t c = 0; c < t.columns; c++) {
    const int64_t to = t.to + c * t.rise;
    if (plain) {
      std::memcpy(y.f32_out() + to, turned + c * kTile, static_cast<size_t>(t.lines) * sizeof(float));
    } else {
      store_block(y, to, t.lines, turned + c * kTile, clock);
    }
  }
}

void copy_tiled(const Operand& x, const StridedView& view, int axis, const Operand& y, Context& ctx) {
  const int inner = view.rank - 1;
  const int64_t lines = view.dims[inner], columns = view.dims[axis], step = view.strides[inner];
  // The other axes count tiles' origins, in x and in y.
  StridedView from, into;
  from.start = view.start;
  int64_t rise = 1, stride = y.elements;
  for (int a = 0; a < view.rank; a++) {
    stride /= view.dims[a];
    if (a == axis) rise = stride;
    if (a == axis || a == inner) continue;
    from.push(view.dims[a], view.strides[a]);
    into.push(view.dims[a], stride);
  }
  const int64_t across = chunks_of(columns, kTile), origins = from.elements();
  ctx.pool.parallel_for(origins * across, [&](int64_t task, int) {
    const int64_t at = from.offset_of(task / across), to = into.offset_of(task / across);
    const int64_t column = task % across * kTile, width = std::min(kTile, columns - column);
    for (int64_t line = 0; line < lines; line += kTile) {
      const int64_t height = std::min(kTile, lines - line);
      copy_tile(x, y, {at + line * step + column, step, height, to + column * rise + line, rise, width}, ctx.clock);
    }
  });
}

void copy_any_view(const Operand& x, const StridedView& view, const Operand& y, Context& ctx) {
  if (y.elements == 0) return;
  const int axis = tiled_axis(view);
  axis < 0 ? copy_view(x, view, y, ctx) : copy_tiled(x, view, axis, y, ctx);
}

void broadcast_to(const Command& command, Context& ctx) {
  if (command.out[0].elements == 0) return;
  copy_view(command.in[0], broadcast_view(command.in[0], command.out[0]), command.out[0], ctx);
}

void transpose(const Command& command, Context& ctx) {
  const StridedView dense = dense_view(command.in[0]);
  StridedView view;
  for (const double axis : command.attrs) {
    view.push(dense.dims[static_cast<int>(axis)], dense.strides[static_cast<int>(axis)]);
  }
  copy_any_view(command.in[0], collapse(view), command.out[0], ctx);
}

// The places starts + steps·i of a dense tensor, as a view of the shape of `part`.
StridedView stepping(const Operand& whole, const Operand& part, const double* starts, const double* steps) {
  const StridedView dense = dense_view(whole);
  StridedView view;
  for (int axis = 0; axis < whole.rank; axis++) {
    view.start += static_cast<int64_t>(starts[axis]) * dense.strides[axis];
    view.push(part.dims[axis], static_cast<int64_t>(steps[axis]) * dense.strides[axis]);
  }
  return view;
}

void slice(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &y = command.out[0];
  const double* starts = command.attrs.data();
  copy_any_view(x, collapse(stepping(x, y, starts, starts + x.rank)), y, ctx);
}

}  // namespace

void register_movement(KernelTable& table) {
  table["broadcastTo"] = broadcast_to;
  table["transpose"] = transpose;
  table["slice"] = slice;
  register_padding(table);
}

}  // namespace roundoff::ROUNDOFF_TIER
