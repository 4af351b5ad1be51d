// Pooling over windows of NHWC images: one task per group of output rows forward, per image backward. Vectors run over
// channels. Averages are summed in FP64 and rounded once.
#include <cmath>

#include "column_sums.h"
#include "tiers.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

struct Pool {
  int64_t kernelH, kernelW, strideH, strideW, padH, padW;
  int64_t batch, height, width, channels, outHeight, outWidth;

  // `image` is the large side (x or gx), `windows` the small one (y or gy).
  Pool(const Command& command, const Operand& image, const Operand& windows) {
    int64_t* const fields[] = {&kernelH, &kernelW, &strideH, &strideW, &padH, &padW};
    for (int i = 0; i < 6; i++) *fields[i] = static_cast<int64_t>(command.attrs[static_cast<size_t>(i)]);
    batch = image.dims[0], height = image.dims[1], width = image.dims[2], channels = image.dims[3];
    outHeight = windows.dims[1], outWidth = windows.dims[2];
  }

  int64_t top(int64_t oh) const { return std::max<int64_t>(0, oh * strideH - padH); }
  int64_t bottom(int64_t oh) const { return std::min(height, oh * strideH - padH + kernelH); }
  int64_t left(int64_t ow) const { return std::max<int64_t>(0, ow * strideW - padW); }
  int64_t right(int64_t ow) const { return std::min(width, ow * strideW - padW + kernelW); }
};

// body(n, oh, ow, pixel) for every output pixel, by rows in parallel.
template <class Body>
void for_windows(Context& ctx, const Pool& p, const Body& body) {
  ctx.pool.parallel_for(p.batch * p.outHeight, [&](int64_t row, int) {
    for (int64_t ow = 0; ow < p.outWidth; ow++) body(row / p.outHeight, row % p.outHeight, ow, row * p.outWidth + ow);
  });
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
  for_windows(ctx, p, [&](int64_t n, int64_t oh, int64_t ow, int64_t pixel) {
    alignas(64) float space[kBlock], best[kBlock];
    for (int64_t c0 = 0; c0 < p.channels; c0 += kBlock) {
      const int64_t count = std::min(kBlock, p.channels - c0);
      int32_t* at = index.i32_out() + pixel * p.channels + c0;
      std::fill_n(best, count, -INFINITY);
      // A window of −Inf only is won by its first position.
      std::fill_n(at, count, static_cast<int32_t>(p.top(oh) * p.width + p.left(ow)));
      for (int64_t h = p.top(oh); h < p.bottom(oh); h++) {
        for (int64_t w = p.left(ow); w < p.right(ow); w++) {
          const int64_t position = h * p.width + w;
          const int64_t from = (n * p.height * p.width + position) * p.channels + c0;
          keep_larger(read_block(x, from, count, space), count, static_cast<int32_t>(position), best, at);
        }
      }
      store_block(y, pixel * p.channels + c0, count, best, ctx.clock);
    }
  });
}

void avg_pool(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &y = command.out[0];
  const Pool p(command, x, y);
  const double divisor = static_cast<double>(p.kernelH * p.kernelW);
  for_windows(ctx, p, [&](int64_t n, int64_t oh, int64_t ow, int64_t pixel) {
    alignas(64) float space[kBlock];
    alignas(64) double sums[kBlock];
    for (int64_t c0 = 0; c0 < p.channels; c0 += kBlock) {
      const int64_t count = std::min(kBlock, p.channels - c0);
      std::fill_n(sums, count, 0.0);
      for (int64_t h = p.top(oh); h < p.bottom(oh); h++) {
        for (int64_t w = p.left(ow); w < p.right(ow); w++) {
          const int64_t from = ((n * p.height + h) * p.width + w) * p.channels + c0;
          add_rows(read_block(x, from, count, space), 1, count, sums);
        }
      }
      for (int64_t c = 0; c < count; c++) sums[c] /= divisor;
      store_doubles(y, pixel * p.channels + c0, count, sums, ctx.clock);
    }
  });
}

// One task per image: spread(image index, sums[H·W·C] in FP32, all zero), then the sums are stored.
template <class Spread>
void scatter_images(Context& ctx, const Pool& p, const Operand& gx, const Spread& spread) {
  const int64_t size = p.height * p.width * p.channels;
  ctx.pool.parallel_for(p.batch, [&](int64_t n, int thread) {
    float* sums = static_cast<float*>(ctx.scratch.get(thread, static_cast<size_t>(size) * sizeof(float)));
    std::fill_n(sums, size, 0.0f);
    spread(n, sums);
    for (int64_t done = 0; done < size; done += kBlock) {
      store_block(gx, n * size + done, std::min(kBlock, size - done), sums + done, ctx.clock);
    }
  });
}

void max_pool_grad(const Command& command, Context& ctx) {
  const Operand &gy = command.in[0], &index = command.in[1], &gx = command.out[0];
  const Pool p(command, gx, gy);
  const int64_t pixels = p.outHeight * p.outWidth, positions = p.height * p.width;
  scatter_images(ctx, p, gx, [&](int64_t n, float* sums) {
    alignas(64) float space[kBlock];
    for (int64_t pixel = 0; pixel < pixels; pixel++) {
      for (int64_t c0 = 0; c0 < p.channels; c0 += kBlock) {
        const int64_t count = std::min(kBlock, p.channels - c0), at = (n * pixels + pixel) * p.channels + c0;
        const float* g = read_block(gy, at, count, space);
        for (int64_t c = 0; c < count; c++) {
          const int64_t position = index.i32()[at + c];
          // The index is data: one from outside the image is nobody's memory.
          if (position >= 0 && position < positions) sums[position * p.channels + c0 + c] += g[c];
        }
      }
    }
  });
}

void avg_pool_grad(const Command& command, Context& ctx) {
  const Operand &gy = command.in[0], &gx = command.out[0];
  const Pool p(command, gx, gy);
  const float divisor = static_cast<float>(p.kernelH * p.kernelW);
  scatter_images(ctx, p, gx, [&](int64_t n, float* sums) {
    alignas(64) float space[kBlock];
    for (int64_t oh = 0; oh < p.outHeight; oh++) {
      for (int64_t ow = 0; ow < p.outWidth; ow++) {
        for (int64_t c0 = 0; c0 < p.channels; c0 += kBlock) {
          const int64_t count = std::min(kBlock, p.channels - c0);
          const float* g = read_block(gy, ((n * p.outHeight + oh) * p.outWidth + ow) * p.channels + c0, count, space);
          for (int64_t h = p.top(oh); h < p.bottom(oh); h++) {
            for (int64_t w = p.left(ow); w < p.right(ow); w++) {
              float* to = sums + (h * p.width + w) * p.channels + c0;
              for (int64_t c = 0; c < count; c++) to[c] += g[c];
            }
          }
        }
      }
    }
    const int64_t size = p.height * p.width * p.channels;
    for (int64_t i = 0; i < size; i++) sums[i] /= divisor;
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
