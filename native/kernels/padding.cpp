// Kernels that write a tensor into a larger one, or continue it beyond its ends: place, concat, padEdge. Integers move as
// FP32 values with the same bits; only padEdgeGrad computes.
#include <bit>

#include "kinds.h"
#include "lines.h"
#include "movement.h"
#include "parallel.h"
#include "scratch.h"
#include "strided_view.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// One axis of `place`: positions start + step·i, i < size, of an axis of length `length` are taken.
struct PlacedAxis {
  int64_t length, start, step, size;
  int64_t stride;  // of x

  // Which i stands at `position`; −1: none.
  int64_t source(int64_t position) const {
    const int64_t distance = position - start, i = distance / step;
    return distance % step == 0 && i >= 0 && i < size ? i : -1;
  }
};

// Axes that x fills completely are joined with the one before: rows become as long as they can.
int placed_axes(const Command& command, PlacedAxis* axes) {
  const Operand &x = command.in[0], &y = command.out[0];
  const StridedView dense = dense_view(x);
  const double *starts = command.attrs.data() + 1, *steps = starts + x.rank;
  int count = 0;
  for (int a = 0; a < x.rank; a++) {
    const PlacedAxis axis{y.dims[a], static_cast<int64_t>(starts[a]), static_cast<int64_t>(steps[a]), x.dims[a],
                          dense.strides[a]};
    const bool whole = axis.start == 0 && axis.step == 1 && axis.size == axis.length;
    if (whole && count > 0 && axes[count - 1].step == 1) {
      PlacedAxis& last = axes[count - 1];
      last = {last.length * axis.length, last.start * axis.length, 1, last.size * axis.length, axis.stride};
    } else {
      axes[count++] = axis;
    }
  }
  if (count == 0) axes[count++] = {1, 0, 1, 1, 0};
  return count;
}

// dst[0..n) = elements within … of one row of y whose elements come from row `base` of x.
void fill_placed(const Operand& x, const PlacedAxis& axis, int64_t base, int64_t within, int64_t n, float* dst) {
  if (axis.step == 1) {
    const int64_t first = std::max(within, axis.start), last = std::min(within + n, axis.start + axis.size);
    if (first < last) load_block(x, base + first - axis.start, last - first, dst + first - within);
    return;
  }
  for (int64_t i = 0; i < n; i++) {
    const int64_t from = axis.source(within + i);
    if (from >= 0) load_block(x, base + from, 1, dst + i);
  }
}

void place(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &y = command.out[0];
  PlacedAxis axes[kMaxRank];
  const int count = placed_axes(command, axes);
  const double given = command.attrs[0];
  const float value =
      y.dtype == DType::i32 ? std::bit_cast<float>(static_cast<int32_t>(given)) : static_cast<float>(given);
  const PlacedAxis& inner = axes[count - 1];
  parallel_blocks(ctx, y.elements, [&](int64_t offset, int64_t n, int) {
    alignas(64) float buffer[kBlock];
    float* to = write_block(y, offset, buffer);
    std::fill_n(to, n, value);
    int64_t row = offset / inner.length, within = offset % inner.length;
    for (int64_t done = 0; done < n; row++, within = 0) {
      const int64_t length = std::min(n - done, inner.length - within);
      int64_t base = 0, rest = row;
      bool taken = true;
      for (int a = count - 2; a >= 0 && taken; a--) {
        const int64_t from = axes[a].source(rest % axes[a].length);
        rest /= axes[a].length;
        taken = from >= 0;
        base += from * axes[a].stride;
      }
      if (taken) fill_placed(x, inner, base, within, length, to + done);
      done += length;
    }
    store_block(y, offset, n, to, ctx.clock);
  });
}

void concat(const Command& command, Context& ctx) {
  const Operand& y = command.out[0];
  const int axis = static_cast<int>(command.attrs[0]);
  const Lines lines(y, axis);
  int64_t position = 0;
  for (const Operand& x : command.in) {
    const int64_t run = x.dims[axis] * lines.inner, first = position * lines.inner;
    parallel_blocks(ctx, x.elements, [&](int64_t offset, int64_t n, int) {
      alignas(64) float buffer[kBlock];
      for (int64_t done = 0; done < n;) {
        const int64_t row = (offset + done) / run, within = (offset + done) % run;
        const int64_t count = std::min(n - done, run - within), at = row * lines.length * lines.inner + first + within;
        float* to = write_block(y, at, buffer);
        load_block(x, offset + done, count, to);
        store_block(y, at, count, to, ctx.clock);
        done += count;
      }
    });
    position += x.dims[axis];
  }
}

// Which element of a row of `length` stands at position `at`, inside or next to it.
int64_t padded_position(int64_t at, int64_t length, PadMode mode) {
  if (mode == PadMode::replicate) return std::clamp<int64_t>(at, 0, length - 1);
  if (mode == PadMode::circular) return (at + length) % length;
  return at < 0 ? -at : at < length ? at : 2 * (length - 1) - at;
}

void pad_edge(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &y = command.out[0];
  const int axis = static_cast<int>(command.attrs[0]);
  const int64_t before = static_cast<int64_t>(command.attrs[1]);
  const PadMode mode = static_cast<PadMode>(static_cast<int>(command.attrs[2]));
  const Lines from(x, axis);
  const int64_t length = y.dims[axis];
  parallel_blocks(ctx, y.elements, [&](int64_t offset, int64_t n, int) {
    alignas(64) float buffer[kBlock];
    float* to = write_block(y, offset, buffer);
    for (int64_t done = 0; done < n;) {
      const int64_t row = (offset + done) / from.inner, within = (offset + done) % from.inner;
      const int64_t count = std::min(n - done, from.inner - within);
      const int64_t source = row / length * from.length + padded_position(row % length - before, from.length, mode);
      load_block(x, source * from.inner + within, count, to + done);
      done += count;
    }
    store_block(y, offset, n, to, ctx.clock);
  });
}

// Columns of the axes behind are summed apart, so that their sums stay in the cache.
void pad_edge_grad(const Command& command, Context& ctx) {
  const Operand &gy = command.in[0], &gx = command.out[0];
  const int axis = static_cast<int>(command.attrs[0]);
  const int64_t before = static_cast<int64_t>(command.attrs[1]);
  const PadMode mode = static_cast<PadMode>(static_cast<int>(command.attrs[2]));
  const Lines lines(gx, axis);
  const int64_t padded = gy.dims[axis], together = columns_together(lines);
  const int64_t across = chunks_of(lines.inner, together);
  ctx.pool.parallel_for(lines.outer * across, [&](int64_t task, int thread) {
    const int64_t outer = task / across, column = task % across * together;
    const int64_t width = std::min(together, lines.inner - column);
    double* sums =
        static_cast<double*>(ctx.scratch.get(thread, static_cast<size_t>(lines.length * width) * sizeof(double)));
    std::fill_n(sums, lines.length * width, 0.0);
    alignas(64) float row[kBlock];
    for (int64_t p = 0; p < padded; p++) {
      const float* from = read_block(gy, (outer * padded + p) * lines.inner + column, width, row);
      double* to = sums + padded_position(p - before, lines.length, mode) * width;
      for (int64_t c = 0; c < width; c++) to[c] += static_cast<double>(from[c]);
    }
    for (int64_t i = 0; i < lines.length; i++) {
      for (int64_t c = 0; c < width; c++) row[c] = static_cast<float>(sums[i * width + c]);
      store_block(gx, (outer * lines.length + i) * lines.inner + column, width, row, ctx.clock);
    }
  });
}

}  // namespace

void register_padding(KernelTable& table) {
  table["place"] = place;
  table["concat"] = concat;
  table["padEdge"] = pad_edge;
  table["padEdgeGrad"] = pad_edge_grad;
}

}  // namespace roundoff::ROUNDOFF_TIER
