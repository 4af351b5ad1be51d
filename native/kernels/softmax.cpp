// Softmax, its logarithm, their gradients and running sums along one axis. Rows of the last axis are worked on alone, other
// axes a few columns at a time. Exponentials are FP32 with the rounding error of x − max put back (within 2 ulp), sums
// are FP64.
#include <cmath>

#include "column_sums.h"
#include "lines.h"
#include "row_extremes.h"
#include "tiers.h"
#include "vector_exp32.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Rows of one task.
int64_t softmax_rows_together(int64_t length) { return std::max<int64_t>(1, kChunk / std::max<int64_t>(1, length)); }

// body(row, thread) for every row of the last axis.
template <class Body>
void for_softmax_rows(Context& ctx, const Lines& lines, const Body& body) {
  const int64_t together = softmax_rows_together(lines.length);
  ctx.pool.parallel_for(chunks_of(lines.outer, together), [&](int64_t task, int thread) {
    for (int64_t row = task * together; row < std::min(lines.outer, (task + 1) * together); row++) body(row, thread);
  });
}

// body(first, width, thread) for every group of columns: element i of column c is first + i·inner + c.
template <class Body>
void for_softmax_columns(Context& ctx, const Lines& lines, const Body& body) {
  const int64_t together = columns_together(lines), across = chunks_of(lines.inner, together);
  ctx.pool.parallel_for(lines.outer * across, [&](int64_t task, int thread) {
    const int64_t column = task % across * together;
    body(task / across * lines.length * lines.inner + column, std::min(together, lines.inner - column), thread);
  });
}

float* softmax_space(Context& ctx, int thread, int64_t elements) {
  return static_cast<float*>(ctx.scratch.get(thread, static_cast<size_t>(elements) * sizeof(float)));
}

constexpr int kSoftmaxLanes = 16;

// e[i] = exp(x[i] − maximum); returns their sum in FP64, in fixed lanes.
double row_exponentials(const float* x, float maximum, int64_t n, float* e) {
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) e[i] = exp_difference(x[i], maximum);
  double lanes[kSoftmaxLanes] = {};
  int64_t i = 0;
  for (; i + kSoftmaxLanes <= n; i += kSoftmaxLanes) {
    for (int lane = 0; lane < kSoftmaxLanes; lane++) lanes[lane] += static_cast<double>(e[i + lane]);
  }
  for (; i < n; i++) lanes[0] += static_cast<double>(e[i]);
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

void softmax_row(const Operand& x, const Operand& y, int64_t at, int64_t n, bool log, float* space, const Clock& clock) {
  const float* from = read_block(x, at, n, space);
  float* to = write_block(y, at, space + n);
  const float maximum = row_extreme(from, n, 1);
  const double sum = row_exponentials(from, maximum, n, space + 2 * n);
  if (log) {
    const double logarithm = std::log(sum);
    for (int64_t i = 0; i < n; i++) {
      to[i] = static_cast<float>(static_cast<double>(from[i]) - static_cast<double>(maximum) - logarithm);
    }
  } else {
    const double factor = 1.0 / sum;
    const float* e = space + 2 * n;
    for (int64_t i = 0; i < n; i++) to[i] = static_cast<float>(static_cast<double>(e[i]) * factor);
  }
  store_block(y, at, n, to, clock);
}

// The same for `width` columns side by side; scratch: one row of maxima, the exponentials, one row of results.
void softmax_columns(const Operand& x, const Operand& y, const Lines& lines, int64_t first, int64_t width, bool log,
                     float* space, const Clock& clock) {
  alignas(64) float buffer[kBlock], maxima[kBlock];
  alignas(64) double sums[kBlock];
  std::fill_n(maxima, width, -INFINITY);
  std::fill_n(sums, width, 0.0);
  for (int64_t i = 0; i < lines.length; i++) {
    const float* row = read_block(x, first + i * lines.inner, width, buffer);
    for (int64_t c = 0; c < width; c++) {
      const float known = maxima[c], value = row[c];
      maxima[c] = (value > known) | (value != value) ? value : known;
    }
  }
  for (int64_t i = 0; i < lines.length; i++) {
    const float* row = read_block(x, first + i * lines.inner, width, buffer);
    float* e = space + i * width;
    for (int64_t c = 0; c < width; c++) e[c] = exp_difference(row[c], maxima[c]);
    for (int64_t c = 0; c < width; c++) sums[c] += static_cast<double>(e[c]);
  }
  for (int64_t c = 0; c < width; c++) sums[c] = log ? std::log(sums[c]) : 1.0 / sums[c];
  for (int64_t i = 0; i < lines.length; i++) {
    const int64_t at = first + i * lines.inner;
    const float *row = read_block(x, at, width, buffer), *e = space + i * width;
    float* to = write_block(y, at, buffer);
    for (int64_t c = 0; c < width; c++) {
      const double logarithm = static_cast<double>(row[c]) - static_cast<double>(maxima[c]) - sums[c];
      to[c] = static_cast<float>(log ? logarithm : static_cast<double>(e[c]) * sums[c]);
    }
    store_block(y, at, width, to, clock);
  }
}

void softmax(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &y = command.out[0];
  const Lines lines(x, static_cast<int>(command.attrs[0]));
  const bool log = command.attrs[1] != 0;
  if (lines.inner == 1) {
    return for_softmax_rows(ctx, lines, [&](int64_t row, int thread) {
      softmax_row(x, y, row * lines.length, lines.length, log, softmax_space(ctx, thread, 3 * lines.length), ctx.clock);
    });
  }
  for_softmax_columns(ctx, lines, [&](int64_t first, int64_t width, int thread) {
    softmax_columns(x, y, lines, first, width, log, softmax_space(ctx, thread, lines.length * width), ctx.clock);
  });
}

// Σ y·g, or Σ g for the logarithm, in fixed lanes.
double row_gradient_sum(const float* y, const float* g, int64_t n, bool log) {
  double lanes[kSoftmaxLanes] = {};
  const auto term = [&](int64_t i) { return static_cast<double>(g[i]) * (log ? 1.0 : static_cast<double>(y[i])); };
  int64_t i = 0;
  for (; i + kSoftmaxLanes <= n; i += kSoftmaxLanes) {
    for (int lane = 0; lane < kSoftmaxLanes; lane++) lanes[lane] += term(i + lane);
  }
  for (; i < n; i++) lanes[0] += term(i);
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

float softmax_slope(float y, float g, double sum, bool log) {
  const double share = log ? static_cast<double>(exp_difference(y, 0.0f)) * sum : sum;
  const double slope = static_cast<double>(g) - share;
  return static_cast<float>(log ? slope : static_cast<double>(y) * slope);
}

void softmax_grad_columns(const Command& command, const Lines& lines, int64_t first, int64_t width, const Clock& clock) {
  const Operand &y = command.in[0], &gy = command.in[1], &gx = command.out[0];
  const bool log = command.attrs[1] != 0;
  alignas(64) float a[kBlock], b[kBlock], c[kBlock];
  alignas(64) double sums[kBlock];
  std::fill_n(sums, width, 0.0);
  for (int64_t i = 0; i < lines.length; i++) {
    const int64_t at = first + i * lines.inner;
    const float *value = read_block(y, at, width, a), *g = read_block(gy, at, width, b);
    for (int64_t k = 0; k < width; k++) {
      sums[k] += static_cast<double>(g[k]) * (log ? 1.0 : static_cast<double>(value[k]));
    }
  }
  for (int64_t i = 0; i < lines.length; i++) {
    const int64_t at = first + i * lines.inner;
    const float *value = read_block(y, at, width, a), *g = read_block(gy, at, width, b);
    float* to = write_block(gx, at, c);
    for (int64_t k = 0; k < width; k++) to[k] = softmax_slope(value[k], g[k], sums[k], log);
    store_block(gx, at, width, to, clock);
  }
}

void softmax_grad(const Command& command, Context& ctx) {
  const Operand &y = command.in[0], &gy = command.in[1], &gx = command.out[0];
  const Lines lines(y, static_cast<int>(command.attrs[0]));
  const bool log = command.attrs[1] != 0;
  if (lines.inner > 1) {
    return for_softmax_columns(ctx, lines, [&](int64_t first, int64_t width, int) {
      softmax_grad_columns(command, lines, first, width, ctx.clock);
    });
  }
  const int64_t n = lines.length;
  for_softmax_rows(ctx, lines, [&](int64_t row, int thread) {
    float* space = softmax_space(ctx, thread, 3 * n);
    const float *value = read_block(y, row * n, n, space), *g = read_block(gy, row * n, n, space + n);
    float* to = write_block(gx, row * n, space + 2 * n);
    const double sum = row_gradient_sum(value, g, n, log);
    ROUNDOFF_INDEPENDENT
    for (int64_t i = 0; i < n; i++) to[i] = softmax_slope(value[i], g[i], sum, log);
    store_block(gx, row * n, n, to, ctx.clock);
  });
}

// Continues one running sum over a block.
void running_sums(const float* x, int64_t n, bool reverse, double& sum, float* y) {
  for (int64_t i = 0; i < n; i++) {
    const int64_t k = reverse ? n - 1 - i : i;
    sum += static_cast<double>(x[k]);
    y[k] = static_cast<float>(sum);
  }
}

void cumsum(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &y = command.out[0];
  const Lines lines(x, static_cast<int>(command.attrs[0]));
  const bool reverse = command.attrs[1] != 0;
  for_softmax_columns(ctx, lines, [&](int64_t first, int64_t width, int) {
    alignas(64) float buffer[kBlock], result[kBlock];
    alignas(64) double sums[kBlock];
    std::fill_n(sums, width, 0.0);
    // A single column is read and written in whole blocks.
    const int64_t rows = lines.inner == 1 ? kBlock : 1;
    for (int64_t done = 0; done < lines.length; done += rows) {
      const int64_t count = std::min(rows, lines.length - done);
      const int64_t at = first + (reverse ? lines.length - done - count : done) * lines.inner, n = count * width;
      const float* from = read_block(x, at, n, buffer);
      float* to = write_block(y, at, result);
      if (rows > 1) {
        running_sums(from, n, reverse, sums[0], to);
      } else {
        for (int64_t c = 0; c < width; c++) to[c] = static_cast<float>(sums[c] += static_cast<double>(from[c]));
      }
      store_block(y, at, n, to, ctx.clock);
    }
  });
}

}  // namespace

void register_softmax(KernelTable& table) {
  table["softmax"] = softmax;
  table["softmaxGrad"] = softmax_grad;
  table["cumsum"] = cumsum;
}

}  // namespace roundoff::ROUNDOFF_TIER
