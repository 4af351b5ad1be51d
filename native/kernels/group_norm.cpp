// Group normalisation, which is also layer, instance and RMS norm: statistics of every image and group of channels by
// itself. Work is cut into fixed chunks of images times slices of whole groups. Rows (one position: layer norm) are
// contiguous groups; images are summed per channel first. Statistics in FP64, passes over x in FP32.
#include <cmath>

#include "column_sums.h"
#include "tiers.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Independent sums that a vector register, or two, holds.
constexpr int64_t kSumLanes = 16;
// Channels of a slice, at least, where groups are narrow: whole cache lines of 16-bit values.
constexpr int64_t kSliceChannels = 64;

struct Norm {
  int64_t images, positions, channels, groups;
  double eps;
  bool centered;
  int64_t sliceGroups, slices, chunkImages, chunks;

  Norm(const Command& command, const Operand& x)
      : images(x.dims[0]),
        positions(x.elements / x.dims[0] / x.dims[x.rank - 1]),
        channels(x.dims[x.rank - 1]),
        groups(static_cast<int64_t>(command.attrs[0])),
        eps(command.attrs[1]),
        centered(command.attrs[2] != 0) {
    // A row is one contiguous run, so it is never cut.
    const int64_t wanted = positions == 1 ? groups : chunks_of(kSliceChannels, width());
    sliceGroups = std::min(groups, wanted);
    slices = chunks_of(groups, sliceGroups);
    chunkImages = rows_per_chunk(images, positions * channels);
    chunks = chunks_of(images, chunkImages);
  }

  int64_t width() const { return channels / groups; }
  double size() const { return static_cast<double>(positions * width()); }
};

// body(chunk, first image, end, first group, end) for every task.
template <class Body>
void for_slices(Context& ctx, const Norm& norm, const Body& body) {
  ctx.pool.parallel_for(norm.chunks * norm.slices, [&](int64_t task, int thread) {
    const int64_t chunk = task / norm.slices, group = task % norm.slices * norm.sliceGroups;
    body(chunk, chunk * norm.chunkImages, std::min(norm.images, (chunk + 1) * norm.chunkImages), group,
         std::min(norm.groups, group + norm.sliceGroups), thread);
  });
}

// Σ f(i) for i < n in fixed lanes.
template <class F>
double lane_sum(int64_t n, const F& f) {
  double lanes[kSumLanes] = {};
  int64_t i = 0;
  for (; i + kSumLanes <= n; i += kSumLanes) {
    for (int64_t lane = 0; lane < kSumLanes; lane++) lanes[lane] += f(i + lane);
  }
  for (; i < n; i++) lanes[i % kSumLanes] += f(i);
  for (int64_t half = kSumLanes / 2; half > 0; half /= 2) {
    for (int64_t lane = 0; lane < half; lane++) lanes[lane] += lanes[lane + half];
  }
  return lanes[0];
}

struct GroupStatistics {
  float mean, invStd;
};

GroupStatistics finish(const Norm& norm, double mean, double squares) {
  return {static_cast<float>(mean), static_cast<float>(1 / std::sqrt(squares / norm.size() + norm.eps))};
}

// Parameters as FP32 in the shared slot, which the partial sums of a gradient follow.
struct Parameters {
  float *weight, *bias;
  double* partial;

  Parameters(Context& ctx, const Operand& weights, const Operand* biases, int64_t doubles) {
    const int64_t n = chunks_of(weights.elements, 16) * 16;
    partial = static_cast<double*>(ctx.scratch.shared(static_cast<size_t>(doubles) * sizeof(double) +
                                                      static_cast<size_t>(2 * n) * sizeof(float)));
    weight = reinterpret_cast<float*>(partial + doubles);
    bias = weight + n;
    load_block(weights, 0, weights.elements, weight);
    if (biases != nullptr) load_block(*biases, 0, biases->elements, bias);
  }
};

// Room for vectors of `width` channels in the thread's scratch.
struct SliceSpace {
  double *first, *second;
  float *in, *other, *out, *mean, *invStd;

  SliceSpace(Context& ctx, int thread, int64_t width) {
    const int64_t n = chunks_of(width, 16) * 16;
    first = static_cast<double*>(
        ctx.scratch.get(thread, static_cast<size_t>(n) * (2 * sizeof(double) + 5 * sizeof(float))));
    second = first + n;
    in = reinterpret_cast<float*>(second + n);
    other = in + n, out = other + n, mean = out + n, invStd = mean + n;
  }
};

GroupStatistics row_group(const Norm& norm, const float* x) {
  const int64_t n = norm.width();
  const double mean = norm.centered ? lane_sum(n, [&](int64_t i) { return static_cast<double>(x[i]); }) / norm.size() : 0;
  return finish(norm, mean, lane_sum(n, [&](int64_t i) {
    const double d = x[i] - mean;
    return d * d;
  }));
}

// Every channel summed about its first value, so that nothing cancels; then the channels of each group joined.
void image_groups(const Norm& norm, const Operand& x, int64_t image, int64_t group, int64_t end,
                  const SliceSpace& space) {
  const int64_t each = norm.width(), width = (end - group) * each;
  const int64_t at = image * norm.positions * norm.channels + group * each;
  float* origin = space.mean;
  if (norm.centered) {
    load_block(x, at, width, origin);
  } else {
    std::fill_n(origin, width, 0.0f);
  }
  std::fill_n(space.first, width, 0.0);
  std::fill_n(space.second, width, 0.0);
  for (int64_t p = 0; p < norm.positions; p++) {
    const float* from = read_block(x, at + p * norm.channels, width, space.in);
    double *sums = space.first, *squares = space.second;
    ROUNDOFF_INDEPENDENT
    for (int64_t c = 0; c < width; c++) {
      const double d = static_cast<double>(from[c]) - static_cast<double>(origin[c]);
      sums[c] += d;
      squares[c] += d * d;
    }
  }
  const double count = static_cast<double>(norm.positions);
  for (int64_t c0 = 0; c0 < width; c0 += each) {
    double mean = 0, squares = 0;
    if (norm.centered) {
      for (int64_t c = c0; c < c0 + each; c++) mean += static_cast<double>(origin[c]) * count + space.first[c];
      mean /= norm.size();
      for (int64_t c = c0; c < c0 + each; c++) {
        // Σ (x − mean)² from the sums about the origin.
        const double shift = static_cast<double>(origin[c]) - mean, within = space.first[c] / count;
        const double own = space.second[c] - space.first[c] * within;
        squares += (own < 0 ? 0 : own) + count * (shift + within) * (shift + within);
      }
    } else {
      for (int64_t c = c0; c < c0 + each; c++) squares += space.second[c];
    }
    const GroupStatistics s = finish(norm, mean, squares);
    std::fill_n(space.mean + c0, each, s.mean);
    std::fill_n(space.invStd + c0, each, s.invStd);
  }
}

void group_norm(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &y = command.out[0];
  const Norm norm(command, x);
  const int64_t each = norm.width(), statistics = norm.images * norm.groups;
  // Statistics are gathered here and stored at the end, since storing may round.
  const Parameters params(ctx, command.in[1], &command.in[2], statistics);
  float *means = reinterpret_cast<float*>(params.partial), *inverses = means + statistics;
  for_slices(ctx, norm, [&](int64_t, int64_t first, int64_t last, int64_t group, int64_t end, int thread) {
    const int64_t width = (end - group) * each;
    const SliceSpace space(ctx, thread, width);
    for (int64_t n = first; n < last; n++) {
      const int64_t at = n * norm.positions * norm.channels + group * each;
      if (norm.positions == 1) {
        const float* row = read_block(x, at, width, space.in);
        for (int64_t g = 0; g < end - group; g++) {
          const GroupStatistics s = row_group(norm, row + g * each);
          std::fill_n(space.mean + g * each, each, s.mean);
          std::fill_n(space.invStd + g * each, each, s.invStd);
        }
      } else {
        image_groups(norm, x, n, group, end, space);
      }
      for (int64_t g = group; g < end; g++) {
        means[n * norm.groups + g] = space.mean[(g - group) * each];
        inverses[n * norm.groups + g] = space.invStd[(g - group) * each];
      }
      const float *weight = params.weight + group * each, *bias = params.bias + group * each;
      const float *mean = space.mean, *invStd = space.invStd;
      for (int64_t p = 0; p < norm.positions; p++) {
        const int64_t offset = at + p * norm.channels;
        const float* from = read_block(x, offset, width, space.in);
        float* to = write_block(y, offset, space.out);
        ROUNDOFF_INDEPENDENT
        for (int64_t c = 0; c < width; c++) to[c] = (from[c] - mean[c]) * invStd[c] * weight[c] + bias[c];
        store_block(y, offset, width, to, ctx.clock);
      }
    }
  });
  store_block(command.out[1], 0, statistics, means, ctx.clock);
  store_block(command.out[2], 0, statistics, inverses, ctx.clock);
}

// Per channel of one image: sums[c] += Σ g and products[c] += Σ g·x̂ over the positions; mean and invStd are per channel.
void image_gradients(const Norm& norm, const Operand& g, const Operand& x, int64_t at, int64_t width,
                     const SliceSpace& space) {
  double *sums = space.first, *products = space.second;
  const float *mean = space.mean, *invStd = space.invStd;
  std::fill_n(sums, width, 0.0);
  std::fill_n(products, width, 0.0);
  for (int64_t p = 0; p < norm.positions; p++) {
    const float* from = read_block(g, at + p * norm.channels, width, space.other);
    const float* values = read_block(x, at + p * norm.channels, width, space.in);
    ROUNDOFF_INDEPENDENT
    for (int64_t c = 0; c < width; c++) {
      const double gradient = from[c];
      sums[c] += gradient;
      products[c] += gradient * static_cast<double>((values[c] - mean[c]) * invStd[c]);
    }
  }
}

// The means over each group of h and h·x̂, h = g·weight, laid out per channel; the second already as used.
void spread_means(const Norm& norm, const float* weight, int64_t width, const SliceSpace& space, float* meanH,
                  float* meanHX) {
  const int64_t each = norm.width();
  for (int64_t c0 = 0; c0 < width; c0 += each) {
    const double *sums = space.first + c0, *products = space.second + c0;
    const float* w = weight + c0;
    const double h = norm.centered ? lane_sum(each, [&](int64_t c) { return sums[c] * static_cast<double>(w[c]); }) : 0;
    const double hx = lane_sum(each, [&](int64_t c) { return products[c] * static_cast<double>(w[c]); });
    std::fill_n(meanH + c0, each, static_cast<float>(h / norm.size()));
    std::fill_n(meanHX + c0, each, static_cast<float>(hx / norm.size()));
  }
}

void group_norm_grad(const Command& command, Context& ctx) {
  const Operand &g = command.in[0], &x = command.in[1], &gx = command.out[0];
  const Norm norm(command, x);
  const int64_t each = norm.width(), channels = norm.channels;
  const Parameters params(ctx, command.in[2], nullptr, 2 * norm.chunks * channels);
  double* partial = params.partial;
  for_slices(ctx, norm, [&](int64_t chunk, int64_t first, int64_t last, int64_t group, int64_t end, int thread) {
    const int64_t width = (end - group) * each, c0 = group * each;
    // Two vectors more than a slice needs: the means per channel.
    const SliceSpace space(ctx, thread, 2 * width);
    float *meanH = space.mean + width, *meanHX = space.invStd + width;
    const float* weight = params.weight + c0;
    double *sumG = partial + 2 * chunk * channels + c0, *sumGX = sumG + channels;
    std::fill_n(sumG, width, 0.0);
    std::fill_n(sumGX, width, 0.0);
    for (int64_t n = first; n < last; n++) {
      const int64_t at = n * norm.positions * channels + c0;
      for (int64_t k = 0; k < end - group; k++) {
        float mean, invStd;
        load_block(command.in[3], n * norm.groups + group + k, 1, &mean);
        load_block(command.in[4], n * norm.groups + group + k, 1, &invStd);
        std::fill_n(space.mean + k * each, each, mean);
        std::fill_n(space.invStd + k * each, each, invStd);
      }
      image_gradients(norm, g, x, at, width, space);
      spread_means(norm, weight, width, space, meanH, meanHX);
      for (int64_t c = 0; c < width; c++) {
        sumG[c] += space.first[c];
        sumGX[c] += space.second[c];
      }
      const float *mean = space.mean, *invStd = space.invStd;
      for (int64_t p = 0; p < norm.positions; p++) {
        const int64_t offset = at + p * channels;
        const float* from = read_block(g, offset, width, space.other);
        const float* values = read_block(x, offset, width, space.in);
        float* to = write_block(gx, offset, space.out);
        ROUNDOFF_INDEPENDENT
        for (int64_t c = 0; c < width; c++) {
          const float normalized = (values[c] - mean[c]) * invStd[c];
          to[c] = invStd[c] * (from[c] * weight[c] - meanH[c] - normalized * meanHX[c]);
        }
        store_block(gx, offset, width, to, ctx.clock);
      }
    }
  });
  for (int64_t chunk = 1; chunk < norm.chunks; chunk++) {
    const double* from = partial + 2 * chunk * channels;
    for (int64_t c = 0; c < 2 * channels; c++) partial[c] += from[c];
  }
  store_doubles(command.out[1], 0, channels, partial + channels, ctx.clock);
  store_doubles(command.out[2], 0, channels, partial, ctx.clock);
}

}  // namespace

void register_group_norm(KernelTable& table) {
  table["groupNorm"] = group_norm;
  table["groupNormGrad"] = group_norm_grad;
}

}  // namespace roundoff::ROUNDOFF_TIER
