// Kernels that read or write where an index tensor says. Indices are data: one outside its axis is never followed.
// Scattered sums are taken in FP64 in the order of the sources, in tasks that no two threads share an output of.
#include <bit>
#include <limits>

#include "column_sums.h"
#include "lines.h"
#include "strided_view.h"
#include "tiers.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// What is read where an index points nowhere; for integers the bits of −1.
float missing_value(const Operand& x) {
  return x.dtype == DType::i32 ? std::bit_cast<float>(int32_t{-1}) : std::numeric_limits<float>::quiet_NaN();
}

// Element `at` of x.
float one_element(const Operand& x, int64_t at) {
  if (x.dtype == DType::f32 || x.dtype == DType::i32) return x.f32()[at];
  float value;
  load_block(x, at, 1, &value);
  return value;
}

void gather(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &index = command.in[1], &y = command.out[0];
  const int axis = static_cast<int>(command.attrs[0]);
  const int64_t size = x.dims[axis], step = dense_view(x).strides[axis];
  const float absent = missing_value(x);
  // The index tensor's shape with x's strides, but for the axis, where the index itself says.
  StridedView view = dense_view(x);
  for (int a = 0; a < view.rank; a++) view.dims[a] = index.dims[a];
  view.strides[axis] = 0;
  const int64_t stride = view.strides[view.rank - 1];
  parallel_blocks(ctx, y.elements, [&](int64_t offset, int64_t n, int) {
    alignas(64) float buffer[kBlock];
    float* to = write_block(y, offset, buffer);
    const int32_t* named = index.i32() + offset;
    for_view_rows(view, offset, n, [&](int64_t at, int64_t done, int64_t count) {
      for (int64_t i = done; i < done + count; i++) {
        const int64_t from = named[i];
        to[i] = from >= 0 && from < size ? one_element(x, at + (i - done) * stride + from * step) : absent;
      }
    });
    store_block(y, offset, n, to, ctx.clock);
  });
}

// One task: the lines of y along the axis at (outer, columns first … first+width). `offsets[c]` is where the index tensor
// has column c, −1 if it is not that wide.
struct ScatterLines {
  const Operand &x, &index, &y;
  Lines to, from;
  int axis;

  // Where the index tensor has position `rest` of y's axes [first, last), −1 if it has not.
  int64_t beside(int64_t rest, int first, int last) const {
    int64_t offset = 0, stride = 1;
    for (int a = last - 1; a >= first; a--) {
      const int64_t position = rest % y.dims[a];
      if (position >= index.dims[a]) return -1;
      offset += position * stride;
      stride *= index.dims[a];
      rest /= y.dims[a];
    }
    return offset;
  }
};

void scatter_add(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &index = command.in[1], &y = command.out[0];
  const int axis = static_cast<int>(command.attrs[0]);
  const ScatterLines s{x, index, y, Lines(y, axis), Lines(index, axis), axis};
  const int64_t together = columns_together(s.to), across = chunks_of(s.to.inner, together);
  ctx.pool.parallel_for(s.to.outer * across, [&](int64_t task, int thread) {
    const int64_t column = task % across * together, width = std::min(together, s.to.inner - column);
    const int64_t outer = s.beside(task / across, 0, axis), to = task / across * s.to.length;
    double* sums =
        static_cast<double*>(ctx.scratch.get(thread, static_cast<size_t>(s.to.length * width) * sizeof(double)));
    std::fill_n(sums, s.to.length * width, 0.0);
    for (int64_t c = 0; c < width && outer >= 0; c++) {
      const int64_t inner = s.beside(column + c, axis + 1, y.rank);
      if (inner < 0) continue;
      for (int64_t i = 0; i < s.from.length; i++) {
        const int64_t at = (outer * s.from.length + i) * s.from.inner + inner, named = index.i32()[at];
        if (named >= 0 && named < s.to.length) sums[named * width + c] += static_cast<double>(one_element(x, at));
      }
    }
    if (width == s.to.inner) return store_doubles(y, to * width, s.to.length * width, sums, ctx.clock);
    for (int64_t i = 0; i < s.to.length; i++) {
      store_doubles(y, (to + i) * s.to.inner + column, width, sums + i * width, ctx.clock);
    }
  });
}

void index_select(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &index = command.in[1], &y = command.out[0];
  const Lines lines(x, static_cast<int>(command.attrs[0]));
  const float absent = missing_value(x);
  parallel_blocks(ctx, y.elements, [&](int64_t offset, int64_t n, int) {
    alignas(64) float buffer[kBlock];
    float* to = write_block(y, offset, buffer);
    for (int64_t done = 0; done < n;) {
      const int64_t row = (offset + done) / lines.inner, within = (offset + done) % lines.inner;
      const int64_t count = std::min(n - done, lines.inner - within), named = index.i32()[row % index.elements];
      const int64_t from = (row / index.elements * lines.length + named) * lines.inner + within;
      if (named < 0 || named >= lines.length) {
        std::fill_n(to + done, count, absent);
      } else if (count == 1) {
        to[done] = one_element(x, from);
      } else {
        load_block(x, from, count, to + done);
      }
      done += count;
    }
    store_block(y, offset, n, to, ctx.clock);
  });
}

// The sources of every slice, in order: those of slice s are order[first[s]] … order[first[s + 1] − 1].
struct SourceLists {
  int32_t *first, *order;
};

SourceLists source_lists(const Operand& index, int64_t slices, Context& ctx) {
  int32_t* memory =
      static_cast<int32_t*>(ctx.scratch.shared(static_cast<size_t>(slices + 2 + index.elements) * sizeof(int32_t)));
  int32_t *first = memory, *order = memory + slices + 2;
  const int32_t* named = index.i32();
  std::fill_n(first, slices + 2, 0);
  const auto known = [&](int64_t m) { return named[m] >= 0 && named[m] < slices; };
  // Counted one place late, then turned into positions that the filling moves one place on.
  for (int64_t m = 0; m < index.elements; m++) {
    if (known(m)) first[named[m] + 2]++;
  }
  for (int64_t s = 2; s < slices + 2; s++) first[s] += first[s - 1];
  for (int64_t m = 0; m < index.elements; m++) {
    if (known(m)) order[first[named[m] + 1]++] = static_cast<int32_t>(m);
  }
  return {first, order};
}

void index_add(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &index = command.in[1], &y = command.out[0];
  const Lines lines(y, static_cast<int>(command.attrs[0]));
  if (y.elements == 0) return;
  const SourceLists sources = source_lists(index, lines.length, ctx);
  const int64_t width = std::min(lines.inner, kBlock), across = chunks_of(lines.inner, width);
  // Narrow slices share a task.
  const int64_t together = std::max<int64_t>(1, kBlock / width), slices = lines.outer * lines.length;
  ctx.pool.parallel_for(chunks_of(slices, together) * across, [&](int64_t task, int) {
    alignas(64) double sums[kBlock];
    alignas(64) float buffer[kBlock];
    const int64_t column = task % across * width, n = std::min(width, lines.inner - column);
    const int64_t first = task / across * together, last = std::min(slices, first + together);
    std::fill_n(sums, (last - first) * n, 0.0);
    for (int64_t slice = first; slice < last; slice++) {
      const int64_t outer = slice / lines.length, own = slice % lines.length;
      double* to = sums + (slice - first) * n;
      for (int32_t m = sources.first[own]; m < sources.first[own + 1]; m++) {
        const int64_t row = outer * index.elements + sources.order[m];
        const float* from = read_block(x, row * lines.inner + column, n, buffer);
        for (int64_t c = 0; c < n; c++) to[c] += static_cast<double>(from[c]);
      }
    }
    // With several slices in a task each is whole: they lie one after the other.
    store_doubles(y, first * lines.inner + column, (last - first) * n, sums, ctx.clock);
  });
}

// Row m of the values into row rows[m] of y; tasks share the rows by number, so of two of one name the last stays.
void put_rows(const Command& command, Context& ctx) {
  const Operand &w = command.in[0], &rows = command.in[1], &values = command.in[2], &y = command.out[0];
  const Lines lines(y, 0);
  if (y.data != w.data) {
    parallel_blocks(ctx, y.elements, [&](int64_t offset, int64_t n, int) {
      alignas(64) float buffer[kBlock];
      float* to = write_block(y, offset, buffer);
      load_block(w, offset, n, to);
      store_block(y, offset, n, to, ctx.clock);
    });
  }
  const int64_t tasks = chunks_of(values.elements, kChunk);
  ctx.pool.parallel_for(tasks, [&](int64_t task, int) {
    alignas(64) float buffer[kBlock];
    for (int64_t m = 0; m < rows.elements; m++) {
      const int64_t row = rows.i32()[m];
      if (row < 0 || row >= lines.length || row % tasks != task) continue;
      for (int64_t d = 0; d < lines.inner; d += kBlock) {
        const int64_t n = std::min(kBlock, lines.inner - d), at = row * lines.inner + d;
        float* to = write_block(y, at, buffer);
        load_block(values, m * lines.inner + d, n, to);
        store_block(y, at, n, to, ctx.clock);
      }
    }
  });
}

}  // namespace

void register_indexing(KernelTable& table) {
  table["gather"] = gather;
  table["scatterAdd"] = scatter_add;
  table["indexSelect"] = index_select;
  table["indexAdd"] = index_add;
  table["putRows"] = put_rows;
}

}  // namespace roundoff::ROUNDOFF_TIER
