// Pooling over windows of NHWC images: one task per row of outputs forward; backward every pixel gathers from the
// windows that hold it, one task per row of pixels. Vectors run over channels. Averages are summed in FP64.
#include <cmath>

#include "column_sums.h"
#include "pool_windows.h"
#include "tiers.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// body(n, oh, ow, pixel) for every output pixel, by rows in parallel.
template <class Body>
void for_windows(Context& ctx, const Pool& p, const Body& body) {
  const int64_t height = p.rows.windows, width = p.columns.windows;
  ctx.pool.parallel_for(p.batch * height, [&](int64_t row, int) {
    for (int64_t ow = 0; ow < width; ow++) body(row / height, row % height, ow, row * width + ow);
  });
}

// body(position h·W + w) for every pixel of window (oh, ow), in order.
template <class Body>
void for_pixels(const Pool& p, int64_t oh, int64_t ow, const Body& body) {
  const int64_t left = p.columns.first(ow), right = p.columns.end(ow);
  for (int64_t h = p.rows.first(oh); h < p.rows.end(oh); h += p.rows.step()) {
    for (int64_t w = left; w < right; w += p.columns.step()) body(h * p.columns.size + w);
  }
}

// Keeps the larger of `best` and the pixel at `position`; the first NaN stays.
void keep_larger(const float* pixel, int64_t n, int32_t position, float* best, int32_t* at) {
  for (int64_t c = 0; c < n; c++) {
    const float value = pixel[c], old = best[c];
    // Not (value ≤ old) covers "larger" and "NaN"; the second test keeps an earlier NaN.
    const bool take = !(value <= old) && old == old;
    best[c] = take ? value : old;
    at[c] = take ? position : at[c];
  }
}

void max_pool(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &y = command.out[0], &index = command.out[1];
  const Pool p(command, x, y);
  const int64_t image = p.rows.size * p.columns.size;
  for_windows(ctx, p, [&](int64_t n, int64_t oh, int64_t ow, int64_t pixel) {
    alignas(64) float space[kBlock], best[kBlock];
    for (int64_t c0 = 0; c0 < p.channels; c0 += kBlock) {
      const int64_t count = std::min(kBlock, p.channels - c0);
      int32_t* at = index.i32_out() + pixel * p.channels + c0;
      std::fill_n(best, count, -INFINITY);
      // A window of −Inf only is won by its first position.
      std::fill_n(at, count, static_cast<int32_t>(p.rows.first(oh) * p.columns.size + p.columns.first(ow)));
      for_pixels(p, oh, ow, [&](int64_t position) {
        const int64_t from = (n * image + position) * p.channels + c0;
        keep_larger(read_block(x, from, count, space), count, static_cast<int32_t>(position), best, at);
      });
      store_block(y, pixel * p.channels + c0, count, best, ctx.clock);
    }
  });
}

void avg_pool(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &y = command.out[0];
  const Pool p(command, x, y);
  const int64_t image = p.rows.size * p.columns.size;
  for_windows(ctx, p, [&](int64_t n, int64_t oh, int64_t ow, int64_t pixel) {
    alignas(64) float space[kBlock];
    alignas(64) double sums[kBlock];
    const double divisor = p.divisor(oh, ow);
    for (int64_t c0 = 0; c0 < p.channels; c0 += kBlock) {
      const int64_t count = std::min(kBlock, p.channels - c0);
      std::fill_n(sums, count, 0.0);
      for_pixels(p, oh, ow, [&](int64_t position) {
        const int64_t from = (n * image + position) * p.channels + c0;
        add_rows(read_block(x, from, count, space), 1, count, sums);
      });
      for (int64_t c = 0; c < count; c++) sums[c] /= divisor;
      store_doubles(y, pixel * p.channels + c0, count, sums, ctx.clock);
    }
  });
}

// gx of every pixel: add(position, oh, ow, offset of the window's channels, channels, sums) for each window that spans it.
template <class Add>
void gather_windows(Context& ctx, const Pool& p, const Operand& gx, const Add& add) {
  const int64_t height = p.rows.size, width = p.columns.size;
  ctx.pool.parallel_for(p.batch * height, [&](int64_t row, int) {
    alignas(64) float space[kBlock];
    const int64_t n = row / height, h = row % height;
    const int64_t top = p.rows.first_window(h), bottom = p.rows.end_window(h);
    for (int64_t w = 0; w < width; w++) {
      const int64_t left = p.columns.first_window(w), right = p.columns.end_window(w);
      for (int64_t c0 = 0; c0 < p.channels; c0 += kBlock) {
        const int64_t count = std::min(kBlock, p.channels - c0), at = (row * width + w) * p.channels + c0;
        float* sums = write_block(gx, at, space);
        std::fill_n(sums, count, 0.0f);
        for (int64_t oh = top; oh < bottom; oh++) {
          for (int64_t ow = left; ow < right; ow++) {
            const int64_t window = (n * p.rows.windows + oh) * p.columns.windows + ow;
            add(h * width + w, oh, ow, window * p.channels + c0, count, sums);
          }
        }
        store_block(gx, at, count, sums, ctx.clock);
      }
    }
  });
}

void max_pool_grad(const Command& command, Context& ctx) {
  const Operand &gy = command.in[0], &index = command.in[1], &gx = command.out[0];
  const Pool p(command, gx, gy);
  gather_windows(ctx, p, gx, [&](int64_t position, int64_t, int64_t, int64_t from, int64_t count, float* sums) {
    alignas(64) float space[kBlock];
    const float* g = read_block(gy, from, count, space);
    const int32_t *at = index.i32() + from, here = static_cast<int32_t>(position);
    ROUNDOFF_INDEPENDENT
    for (int64_t c = 0; c < count; c++) sums[c] += at[c] == here ? g[c] : 0.0f;
  });
}

void avg_pool_grad(const Command& command, Context& ctx) {
  const Operand &gy = command.in[0], &gx = command.out[0];
  const Pool p(command, gx, gy);
  gather_windows(ctx, p, gx, [&](int64_t, int64_t oh, int64_t ow, int64_t from, int64_t count, float* sums) {
    alignas(64) float space[kBlock];
    const float *g = read_block(gy, from, count, space), divisor = static_cast<float>(p.divisor(oh, ow));
    ROUNDOFF_INDEPENDENT
    for (int64_t c = 0; c < count; c++) sums[c] += g[c] / divisor;
  });
}

}  // namespace

void register_pooling(KernelTable& table) {
  table["maxPool2d"] = max_pool;
  table["maxPool2dGrad"] = max_pool_grad;
  table["avgPool2d"] = avg_pool;
  table["avgPool2dGrad"] = avg_pool_grad;
}

}  // namespace roundoff::ROUNDOFF_TIER
