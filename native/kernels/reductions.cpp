// reduceSum over any axes (reduction_view.h): sums of rows (bias gradients, global pooling) or along rows. Everything is
// summed in FP64 over chunks whose number depends on the shape alone, and rounded once. Other reductions: reduce.cpp.
#include "column_sums.h"
#include "reduction_view.h"
#include "tiers.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Sum of n values in FP64, in eight fixed lanes.
double sum_block(const float* x, int64_t n) {
  constexpr int kLanes = 8;
  double lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int lane = 0; lane < kLanes; lane++) lanes[lane] += static_cast<double>(x[i + lane]);
  }
  for (; i < n; i++) lanes[i % kLanes] += static_cast<double>(x[i]);
  const double even = (lanes[0] + lanes[4]) + (lanes[2] + lanes[6]);
  const double odd = (lanes[1] + lanes[5]) + (lanes[3] + lanes[7]);
  return even + odd;
}

// sums[0..inner) = Σ over rows [first, last) of the reduced axes, for the kept index `outer`.
void sum_kept_rows(const Operand& x, const ReductionView& r, int64_t outer, int64_t first, int64_t last, double* sums) {
  alignas(64) float buffer[kBlock];
  const int64_t base = r.kept.offset_of(outer);
  // With one reduced axis of stride `inner` the rows lie one after the other and several are read at once.
  const bool packed = r.reduced.rank <= 1 && (r.reduced.rank == 0 || r.reduced.strides[0] == r.inner);
  std::fill_n(sums, r.inner, 0.0);
  for_row_blocks(first, last, r.inner, [&](int64_t row, int64_t rows, int64_t column, int64_t width) {
    if (packed) {
      const int64_t at = base + row * r.inner + column;
      return add_rows(read_block(x, at, rows * width, buffer), rows, width, sums + column);
    }
    for (int64_t i = 0; i < rows; i++) {
      const int64_t at = base + r.reduced.offset_of(row + i) + column;
      add_rows(read_block(x, at, width, buffer), 1, width, sums + column);
    }
  });
}

// Σ over elements [first, last) of the reduced axes and the innermost one, for the kept index `outer`.
double sum_along(const Operand& x, const ReductionView& r, int64_t outer, int64_t first, int64_t last) {
  alignas(64) float buffer[kBlock];
  const int64_t base = r.kept.offset_of(outer);
  double sum = 0;
  for (int64_t t = first; t < last;) {
    const int64_t row = t / r.inner, within = t % r.inner;
    const int64_t n = std::min({kBlock, r.inner - within, last - t});
    sum += sum_block(read_block(x, base + r.reduced.offset_of(row) + within, n, buffer), n);
    t += n;
  }
  return sum;
}

// Both shapes of the problem: `outputs` groups of `width` sums, each over `length` items cut into chunks.
void reduce_sum(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &y = command.out[0];
  const ReductionView r = reduction_view(x, command.attrs.data(), static_cast<int>(command.attrs.size()));
  const int64_t outputs = r.kept.elements(), width = r.innerKept ? r.inner : 1;
  const int64_t length = r.innerKept ? r.reduced.elements() : r.reduced.elements() * r.inner;
  const int64_t step = rows_per_chunk(length, width);
  const int64_t chunks = std::max<int64_t>(1, chunks_of(length, step));
  const size_t bytes = static_cast<size_t>(outputs * chunks * width) * sizeof(double);
  double* sums = static_cast<double*>(ctx.scratch.shared(bytes));
  // Short sums share a task.
  const int64_t together = std::max<int64_t>(1, kChunk / std::max<int64_t>(1, std::min(step, length) * width));
  const int64_t items = outputs * chunks;
  ctx.pool.parallel_for(chunks_of(items, together), [&](int64_t task, int) {
    for (int64_t item = task * together; item < std::min(items, (task + 1) * together); item++) {
      const int64_t outer = item / chunks, first = item % chunks * step, last = std::min(length, first + step);
      if (r.innerKept) {
        sum_kept_rows(x, r, outer, first, last, sums + item * width);
      } else {
        sums[item] = sum_along(x, r, outer, first, last);
      }
    }
  });
  // Adds the chunks in order.
  parallel_blocks(ctx, outputs * width, [&](int64_t offset, int64_t n, int) {
    alignas(64) double totals[kBlock];
    for (int64_t i = 0; i < n; i++) {
      const double* partial = sums + (offset + i) / width * chunks * width + (offset + i) % width;
      double total = partial[0];
      for (int64_t chunk = 1; chunk < chunks; chunk++) total += partial[chunk * width];
      totals[i] = total;
    }
    store_doubles(y, offset, n, totals, ctx.clock);
  });
}

}  // namespace

void register_reductions(KernelTable& table) {
  table["reduceSum"] = reduce_sum;
  table["reduce"] = reduce;
  table["reduceGrad"] = reduce_grad;
}

}  // namespace roundoff::ROUNDOFF_TIER
