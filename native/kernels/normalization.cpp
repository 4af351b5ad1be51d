// Batch normalisation over all axes but the last: one pass for the statistics (batch_statistics.cpp), one to normalise;
// the gradient likewise. Statistics and per-channel factors are FP64 rounded once; the passes over x are FP32.
#include <cmath>

#include "batch_statistics.h"
#include "column_sums.h"
#include "tiers.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Per-channel vectors of one call, in the calling thread's scratch (the partial sums use the shared slot).
struct Channels {
  double *first, *second;
  float *a, *b, *c, *d;

  Channels(Context& ctx, int64_t channels) {
    // Rounded up to whole cache lines.
    const int64_t n = chunks_of(channels, 16) * 16;
    first = static_cast<double*>(ctx.scratch.get(0, static_cast<size_t>(n) * (2 * sizeof(double) + 4 * sizeof(float))));
    second = first + n;
    a = reinterpret_cast<float*>(second + n);
    b = a + n, c = b + n, d = c + n;
  }
};

void load_all(const Operand& x, float* to) { load_block(x, 0, x.elements, to); }

// next = (1 − momentum)·running + momentum·batch, in FP64, rounded once.
void update_running(const Operand& running, const Operand& next, double momentum, const double* batch, double* space,
                    Context& ctx) {
  alignas(64) float old[kBlock];
  for (int64_t c0 = 0; c0 < next.elements; c0 += kBlock) {
    const int64_t n = std::min(kBlock, next.elements - c0);
    load_block(running, c0, n, old);
    for (int64_t c = 0; c < n; c++) space[c0 + c] = (1 - momentum) * old[c] + momentum * batch[c0 + c];
  }
  store_doubles(next, 0, next.elements, space, ctx.clock);
}

// body(element offset, rows, first channel, width) over all rows, in parallel by chunks of rows.
template <class Body>
void for_rows(Context& ctx, int64_t rows, int64_t channels, const Body& body) {
  const int64_t step = rows_per_chunk(rows, channels);
  ctx.pool.parallel_for(chunks_of(rows, step), [&](int64_t chunk, int) {
    const int64_t last = std::min(rows, (chunk + 1) * step);
    for_row_blocks(chunk * step, last, channels, [&](int64_t row, int64_t count, int64_t column, int64_t width) {
      body(row * channels + column, count, column, width);
    });
  });
}

void batch_norm_train(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &y = command.out[0];
  const int64_t channels = x.dims[x.rank - 1], rows = x.elements / channels;
  const double eps = command.attrs[0], momentum = command.attrs[1], count = static_cast<double>(rows);
  Channels v(ctx, channels);
  channel_moments(x, ctx, v.first, v.second);
  // The partial sums are spent: the shared slot now holds one more vector.
  double* space = static_cast<double*>(ctx.scratch.shared(static_cast<size_t>(channels) * sizeof(double)));
  load_all(command.in[1], v.c);
  load_all(command.in[2], v.d);
  for (int64_t c = 0; c < channels; c++) {
    v.a[c] = static_cast<float>(v.first[c]);
    v.b[c] = static_cast<float>(1 / std::sqrt(v.second[c] / count + eps));
    v.second[c] /= std::max(count - 1, 1.0);  // from here on the unbiased variance
  }
  update_running(command.in[3], command.out[3], momentum, v.first, space, ctx);
  update_running(command.in[4], command.out[4], momentum, v.second, space, ctx);
  for_rows(ctx, rows, channels, [&](int64_t offset, int64_t count, int64_t c0, int64_t width) {
    alignas(64) float spaceX[kBlock], spaceY[kBlock];
    const float *from = read_block(x, offset, count * width, spaceX), *mean = v.a + c0, *invStd = v.b + c0;
    const float *weight = v.c + c0, *bias = v.d + c0;
    float* to = write_block(y, offset, spaceY);
    for (int64_t row = 0; row < count; row++) {
      ROUNDOFF_INDEPENDENT
      for (int64_t c = 0; c < width; c++) {
        to[row * width + c] = (from[row * width + c] - mean[c]) * invStd[c] * weight[c] + bias[c];
      }
    }
    store_block(y, offset, count * width, to, ctx.clock);
  });
  // Last, since storing may round the vectors in place.
  store_block(command.out[1], 0, channels, v.a, ctx.clock);
  store_block(command.out[2], 0, channels, v.b, ctx.clock);
}

// gx = weight·invStd·(gy − gBias/M − x̂·gWeight/M), with the per-channel factors in FP64 rounded once.
void batch_norm_grad(const Command& command, Context& ctx) {
  const Operand &g = command.in[0], &x = command.in[1], &gx = command.out[0];
  const int64_t channels = x.dims[x.rank - 1], rows = x.elements / channels;
  Channels v(ctx, channels);
  load_all(command.in[3], v.a);
  load_all(command.in[4], v.b);
  channel_gradients(g, x, v.a, v.b, ctx, v.first, v.second);
  // One vector more, now that the partial sums are spent.
  float* factor = static_cast<float*>(ctx.scratch.shared(static_cast<size_t>(channels) * sizeof(float)));
  load_all(command.in[2], factor);
  for (int64_t c = 0; c < channels; c++) {
    v.c[c] = static_cast<float>(v.first[c] / static_cast<double>(rows));
    v.d[c] = static_cast<float>(v.second[c] / static_cast<double>(rows));
    factor[c] *= v.b[c];
  }
  for_rows(ctx, rows, channels, [&](int64_t offset, int64_t count, int64_t c0, int64_t width) {
    alignas(64) float spaceG[kBlock], spaceX[kBlock], spaceY[kBlock];
    const float* from = read_block(g, offset, count * width, spaceG);
    const float* at = read_block(x, offset, count * width, spaceX);
    const float *mean = v.a + c0, *invStd = v.b + c0, *meanG = v.c + c0, *meanGX = v.d + c0, *scale = factor + c0;
    float* to = write_block(gx, offset, spaceY);
    for (int64_t row = 0; row < count; row++) {
      ROUNDOFF_INDEPENDENT
      for (int64_t c = 0; c < width; c++) {
        const float normalized = (at[row * width + c] - mean[c]) * invStd[c];
        to[row * width + c] = scale[c] * (from[row * width + c] - meanG[c] - normalized * meanGX[c]);
      }
    }
    store_block(gx, offset, count * width, to, ctx.clock);
  });
  store_doubles(command.out[1], 0, channels, v.second, ctx.clock);
  store_doubles(command.out[2], 0, channels, v.first, ctx.clock);
}

}  // namespace

void register_normalization(KernelTable& table) {
  table["batchNormTrain"] = batch_norm_train;
  table["batchNormTrainGrad"] = batch_norm_grad;
}

}  // namespace roundoff::ROUNDOFF_TIER
