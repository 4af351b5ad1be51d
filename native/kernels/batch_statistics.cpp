// Sums over rows for batch normalisation: fixed chunks of rows in parallel, two FP64 sums per channel each.
#include "batch_statistics.h"

#include "column_sums.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Two sums per channel of every chunk, then joined in order: visit(first, last, a, b) fills a chunk's zeroed sums,
// join(first, last, a, b) folds them.
struct Chunks {
  int64_t rows, channels, step, count;

  explicit Chunks(const Operand& x)
      : rows(x.elements / x.dims[x.rank - 1]),
        channels(x.dims[x.rank - 1]),
        step(rows_per_chunk(rows, channels)),
        count(chunks_of(rows, step)) {}

  template <class Visit, class Join>
  void run(Context& ctx, double* partial, const Visit& visit, const Join& join) const {
    ctx.pool.parallel_for(count, [&](int64_t chunk, int) {
      double* a = partial + 2 * chunk * channels;
      std::fill_n(a, 2 * channels, 0.0);
      visit(chunk * step, std::min(rows, (chunk + 1) * step), a, a + channels);
    });
    for (int64_t chunk = 0; chunk < count; chunk++) {
      const double* a = partial + 2 * chunk * channels;
      join(chunk * step, std::min(rows, (chunk + 1) * step), a, a + channels);
    }
  }
};

double* partial_sums(const Chunks& chunks, Context& ctx) {
  return static_cast<double*>(
      ctx.scratch.shared(static_cast<size_t>(2 * chunks.count * chunks.channels) * sizeof(double)));
}

// Adds d and d² of four rows at a time, d = x − origin.
void add_moments(const float* x, int64_t rows, int64_t width, const float* origin, double* sums, double* squares) {
  int64_t row = 0;
  for (; row + 4 <= rows; row += 4, x += 4 * width) {
    ROUNDOFF_INDEPENDENT
    for (int64_t c = 0; c < width; c++) {
      const double o = origin[c];
      const double d0 = x[c] - o, d1 = x[width + c] - o, d2 = x[2 * width + c] - o, d3 = x[3 * width + c] - o;
      sums[c] += (d0 + d1) + (d2 + d3);
      squares[c] += (d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3);
    }
  }
  for (; row < rows; row++, x += width) {
    ROUNDOFF_INDEPENDENT
    for (int64_t c = 0; c < width; c++) {
      const double d = x[c] - static_cast<double>(origin[c]);
      sums[c] += d;
      squares[c] += d * d;
    }
  }
}

// Adds g and g·x̂, x̂ = (x − mean)·invStd in FP32 as in the forward pass.
void add_gradients(const float* g, const float* x, int64_t rows, int64_t width, const float* mean, const float* invStd,
                   double* sumG, double* sumGX) {
  int64_t row = 0;
  for (; row + 2 <= rows; row += 2, x += 2 * width, g += 2 * width) {
    ROUNDOFF_INDEPENDENT
    for (int64_t c = 0; c < width; c++) {
      const double x0 = (x[c] - mean[c]) * invStd[c], x1 = (x[width + c] - mean[c]) * invStd[c];
      const double g0 = g[c], g1 = g[width + c];
      sumG[c] += g0 + g1;
      sumGX[c] += g0 * x0 + g1 * x1;
    }
  }
  for (; row < rows; row++, x += width, g += width) {
    ROUNDOFF_INDEPENDENT
    for (int64_t c = 0; c < width; c++) {
      sumG[c] += static_cast<double>(g[c]);
      sumGX[c] += static_cast<double>(g[c]) * static_cast<double>((x[c] - mean[c]) * invStd[c]);
    }
  }
}

}  // namespace

void channel_moments(const Operand& x, Context& ctx, double* mean, double* squares) {
  const Chunks chunks(x);
  const int64_t channels = chunks.channels;
  const auto sum = [&](int64_t first, int64_t last, double* sums, double* sumSquares) {
    alignas(64) float space[kBlock], origin[kBlock];
    // Column slices outside: the first row of a slice is its origin.
    for (int64_t c0 = 0; c0 < channels; c0 += kBlock) {
      const int64_t width = std::min(kBlock, channels - c0), together = std::max<int64_t>(1, kBlock / channels);
      load_block(x, first * channels + c0, width, origin);
      for (int64_t row = first; row < last; row += together) {
        const int64_t rows = std::min(together, last - row);
        const float* block = read_block(x, row * channels + c0, rows * width, space);
        add_moments(block, rows, width, origin, sums + c0, sumSquares + c0);
      }
    }
  };
  std::fill_n(mean, channels, 0.0);
  std::fill_n(squares, channels, 0.0);
  alignas(64) float origin[kBlock];
  const auto join = [&](int64_t first, int64_t last, const double* sums, const double* sumSquares) {
    const double before = static_cast<double>(first), added = static_cast<double>(last - first);
    for (int64_t c0 = 0; c0 < channels; c0 += kBlock) {
      const int64_t width = std::min(kBlock, channels - c0);
      load_block(x, first * channels + c0, width, origin);
      for (int64_t c = c0; c < c0 + width; c++) {
        const double chunkMean = static_cast<double>(origin[c - c0]) + sums[c] / added;
        const double chunkSquares = sumSquares[c] - sums[c] * (sums[c] / added);
        const double delta = chunkMean - mean[c];
        mean[c] += delta * (added / (before + added));
        // Rounding may leave a tiny negative number where all values are equal.
        squares[c] += std::max(chunkSquares, 0.0) + delta * delta * (before * added / (before + added));
        if (chunkSquares != chunkSquares) squares[c] = chunkSquares;  // NaN: max would have hidden it
      }
    }
  };
  chunks.run(ctx, partial_sums(chunks, ctx), sum, join);
}

void channel_gradients(const Operand& g, const Operand& x, const float* mean, const float* invStd, Context& ctx,
                       double* sumG, double* sumGX) {
  const Chunks chunks(x);
  const int64_t channels = chunks.channels;
  const auto sum = [&](int64_t first, int64_t last, double* a, double* b) {
    alignas(64) float spaceG[kBlock], spaceX[kBlock];
    for_row_blocks(first, last, channels, [&](int64_t row, int64_t rows, int64_t c0, int64_t width) {
      const int64_t at = row * channels + c0;
      add_gradients(read_block(g, at, rows * width, spaceG), read_block(x, at, rows * width, spaceX), rows, width,
                    mean + c0, invStd + c0, a + c0, b + c0);
    });
  };
  std::fill_n(sumG, channels, 0.0);
  std::fill_n(sumGX, channels, 0.0);
  chunks.run(ctx, partial_sums(chunks, ctx), sum, [&](int64_t, int64_t, const double* a, const double* b) {
    for (int64_t c = 0; c < channels; c++) {
      sumG[c] += a[c];
      sumGX[c] += b[c];
    }
  });
}

}  // namespace roundoff::ROUNDOFF_TIER
