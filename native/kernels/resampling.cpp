// Resampling of NHWC images by nearest pixels or bilinear weights, and its gradient. Forward one task per output row;
// backward one per image row, which gathers from the output rows that read it. Vectors run over channels.
#include <algorithm>
#include <cmath>

#include "parallel.h"
#include "scratch.h"
#include "tiers.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// What an output row or column reads: two rows (or columns) of the image and their weights.
struct Place {
  int64_t low, high;
  float lowWeight, highWeight;
};

// Same order as INTERPOLATIONS in src/kernels/contract/windows.ts.
enum class Interpolation { nearest, nearestExact, bilinear };

Place place_of(int64_t o, int64_t size, double scale, Interpolation interpolation, bool alignCorners) {
  const double at = static_cast<double>(o);
  if (interpolation != Interpolation::bilinear) {
    const double place = (interpolation == Interpolation::nearest ? at : at + 0.5) * scale;
    const int64_t index = std::min(static_cast<int64_t>(place), size - 1);
    return {index, index, 1.0f, 0.0f};
  }
  const double place = alignCorners ? at * scale : std::max(0.0, (at + 0.5) * scale - 0.5);
  const int64_t low = std::min(static_cast<int64_t>(place), size - 1);
  const float weight = static_cast<float>(std::min(place - static_cast<double>(low), 1.0));
  return {low, std::min(low + 1, size - 1), 1.0f - weight, weight};
}

struct Resample {
  int64_t batch, height, width, channels, outHeight, outWidth;
  Place *rows, *columns;

  // `image` is x or gx, `output` y or gy. The places lie in the shared slot.
  Resample(const Command& command, const Operand& image, const Operand& output, Context& ctx)
      : batch(image.dims[0]),
        height(image.dims[1]),
        width(image.dims[2]),
        channels(image.dims[3]),
        outHeight(output.dims[1]),
        outWidth(output.dims[2]) {
    const Interpolation interpolation = static_cast<Interpolation>(static_cast<int>(command.attrs[0]));
    const bool align = command.attrs[1] != 0;
    rows = static_cast<Place*>(ctx.scratch.shared(static_cast<size_t>(outHeight + outWidth) * sizeof(Place)));
    columns = rows + outHeight;
    for (int64_t o = 0; o < outHeight; o++) rows[o] = place_of(o, height, command.attrs[2], interpolation, align);
    for (int64_t o = 0; o < outWidth; o++) columns[o] = place_of(o, width, command.attrs[3], interpolation, align);
  }
};

// sums[c] += weight · x[c]; a pixel that is not read must not turn 0 · Inf into NaN.
void add_weighted(const float* x, int64_t n, float weight, float* sums) {
  if (weight == 0.0f) return;
  ROUNDOFF_INDEPENDENT
  for (int64_t c = 0; c < n; c++) sums[c] += weight * x[c];
}

void resample(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &y = command.out[0];
  const Resample r(command, x, y, ctx);
  ctx.pool.parallel_for(r.batch * r.outHeight, [&](int64_t task, int) {
    alignas(64) float space[kBlock], sums[kBlock];
    const int64_t image = task / r.outHeight * r.height;
    const Place& row = r.rows[task % r.outHeight];
    for (int64_t ow = 0; ow < r.outWidth; ow++) {
      const Place& column = r.columns[ow];
      for (int64_t c0 = 0; c0 < r.channels; c0 += kBlock) {
        const int64_t n = std::min(kBlock, r.channels - c0);
        const auto add = [&](int64_t h, int64_t w, float weight) {
          if (weight == 0.0f) return;
          add_weighted(read_block(x, ((image + h) * r.width + w) * r.channels + c0, n, space), n, weight, sums);
        };
        std::fill_n(sums, n, 0.0f);
        add(row.low, column.low, row.lowWeight * column.lowWeight);
        add(row.low, column.high, row.lowWeight * column.highWeight);
        add(row.high, column.low, row.highWeight * column.lowWeight);
        add(row.high, column.high, row.highWeight * column.highWeight);
        store_block(y, (task * r.outWidth + ow) * r.channels + c0, n, sums, ctx.clock);
      }
    }
  });
}

void resample_grad(const Command& command, Context& ctx) {
  const Operand &gy = command.in[0], &gx = command.out[0];
  const Resample r(command, gx, gy, ctx);
  const int64_t rowElements = r.width * r.channels;
  ctx.pool.parallel_for(r.batch * r.height, [&](int64_t task, int thread) {
    alignas(64) float space[kBlock];
    const int64_t n = task / r.height, h = task % r.height;
    float* sums = static_cast<float*>(ctx.scratch.get(thread, static_cast<size_t>(rowElements) * sizeof(float)));
    std::fill_n(sums, rowElements, 0.0f);
    // Places grow with the output row: those that read h lie side by side.
    const Place* first = std::partition_point(r.rows, r.rows + r.outHeight, [&](const Place& p) { return p.high < h; });
    for (const Place* row = first; row < r.rows + r.outHeight && row->low <= h; row++) {
      const float weight = (row->low == h ? row->lowWeight : 0.0f) + (row->high == h ? row->highWeight : 0.0f);
      if (weight == 0.0f) continue;
      const int64_t from = (n * r.outHeight + (row - r.rows)) * r.outWidth * r.channels;
      for (int64_t ow = 0; ow < r.outWidth; ow++) {
        const Place& column = r.columns[ow];
        for (int64_t c0 = 0; c0 < r.channels; c0 += kBlock) {
          const int64_t count = std::min(kBlock, r.channels - c0);
          const float* g = read_block(gy, from + ow * r.channels + c0, count, space);
          add_weighted(g, count, weight * column.lowWeight, sums + column.low * r.channels + c0);
          add_weighted(g, count, weight * column.highWeight, sums + column.high * r.channels + c0);
        }
      }
    }
    for (int64_t done = 0; done < rowElements; done += kBlock) {
      store_block(gx, task * rowElements + done, std::min(kBlock, rowElements - done), sums + done, ctx.clock);
    }
  });
}

}  // namespace

void register_resampling(KernelTable& table) {
  table["resample2d"] = resample;
  table["resample2dGrad"] = resample_grad;
}

}  // namespace roundoff::ROUNDOFF_TIER
