// Local response normalisation across channels and its gradient: one pixel at a time, its channels copied between
// zeros so that windows need no edges. The sums of squares are FP32; powers are FP64 but for the usual −3/4.
#include <cmath>

#include "parallel.h"
#include "scratch.h"
#include "tiers.h"
#include "vector_math.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

struct ResponseNorm {
  int64_t size, before, after, channels;
  double alpha, beta, k;

  ResponseNorm(const Command& command, const Operand& x)
      : size(static_cast<int64_t>(command.attrs[0])),
        before(size / 2),
        after((size - 1) / 2),
        channels(x.dims[x.rank - 1]),
        alpha(command.attrs[1]),
        beta(command.attrs[2]),
        k(command.attrs[3]) {}
};

// Room for one pixel: inputs, results, and one vector with a border of zeros.
struct PixelSpace {
  float *x, *g, *out, *sums, *powers, *bordered;

  PixelSpace(Context& ctx, int thread, const ResponseNorm& norm) {
    const int64_t n = norm.channels;
    x = static_cast<float*>(ctx.scratch.get(thread, static_cast<size_t>(6 * n + norm.size) * sizeof(float)));
    g = x + n, out = g + n, sums = out + n, powers = sums + n, bordered = powers + n;
  }
};

// to[c] = Σ from[c + j] for j < size.
void sum_windows(const float* from, int64_t size, int64_t n, float* to) {
  std::copy_n(from, n, to);
  for (int64_t j = 1; j < size; j++) {
    const float* shifted = from + j;
    ROUNDOFF_INDEPENDENT
    for (int64_t c = 0; c < n; c++) to[c] += shifted[c];
  }
}

// sums = s and powers = s^−beta of a pixel.
void scales(const ResponseNorm& norm, const float* x, const PixelSpace& space) {
  const int64_t n = norm.channels;
  const float k = static_cast<float>(norm.k), factor = static_cast<float>(norm.alpha / static_cast<double>(norm.size));
  float *sums = space.sums, *powers = space.powers, *squares = space.bordered;
  std::fill_n(squares, norm.before, 0.0f);
  for (int64_t c = 0; c < n; c++) squares[norm.before + c] = x[c] * x[c];
  std::fill_n(squares + norm.before + n, norm.after, 0.0f);
  sum_windows(squares, norm.size, n, sums);
  for (int64_t c = 0; c < n; c++) sums[c] = k + factor * sums[c];
  if (norm.beta == 0.75) {
    for (int64_t c = 0; c < n; c++) {
      const float root = std::sqrt(sums[c]);
      powers[c] = 1.0f / (root * std::sqrt(root));
    }
    return;
  }
  for (int64_t c = 0; c < n; c++) powers[c] = static_cast<float>(vector_exp(-norm.beta * vector_log(sums[c])));
}

template <class Body>
void for_pixels(Context& ctx, const ResponseNorm& norm, const Operand& x, const Body& body) {
  const int64_t pixels = x.elements / norm.channels, together = std::max<int64_t>(1, kChunk / norm.channels);
  ctx.pool.parallel_for(chunks_of(pixels, together), [&](int64_t task, int thread) {
    const PixelSpace space(ctx, thread, norm);
    const int64_t last = std::min(pixels, (task + 1) * together);
    for (int64_t pixel = task * together; pixel < last; pixel++) body(pixel * norm.channels, space);
  });
}

void local_response_norm(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &y = command.out[0];
  const ResponseNorm norm(command, x);
  for_pixels(ctx, norm, x, [&](int64_t at, const PixelSpace& space) {
    const float* from = read_block(x, at, norm.channels, space.x);
    scales(norm, from, space);
    float* to = write_block(y, at, space.out);
    for (int64_t c = 0; c < norm.channels; c++) to[c] = from[c] * space.powers[c];
    store_block(y, at, norm.channels, to, ctx.clock);
  });
}

void local_response_norm_grad(const Command& command, Context& ctx) {
  const Operand &g = command.in[0], &x = command.in[1], &y = command.out[0];
  const ResponseNorm norm(command, x);
  const float factor = static_cast<float>(2 * norm.alpha * norm.beta / static_cast<double>(norm.size));
  for_pixels(ctx, norm, x, [&](int64_t at, const PixelSpace& space) {
    const int64_t n = norm.channels;
    const float* gradient = read_block(g, at, n, space.g);
    const float* from = read_block(x, at, n, space.x);
    scales(norm, from, space);
    // The border changes sides: a channel gathers from the windows that it lies in.
    float *pulls = space.bordered, *sums = space.sums;
    std::fill_n(pulls, norm.after, 0.0f);
    for (int64_t c = 0; c < n; c++) pulls[norm.after + c] = gradient[c] * from[c] * space.powers[c] / sums[c];
    std::fill_n(pulls + norm.after + n, norm.before, 0.0f);
    sum_windows(pulls, norm.size, n, sums);
    float* to = write_block(y, at, space.out);
    for (int64_t c = 0; c < n; c++) to[c] = gradient[c] * space.powers[c] - factor * from[c] * sums[c];
    store_block(y, at, n, to, ctx.clock);
  });
}

}  // namespace

void register_local_response_norm(KernelTable& table) {
  table["localResponseNorm"] = local_response_norm;
  table["localResponseNormGrad"] = local_response_norm_grad;
}

}  // namespace roundoff::ROUNDOFF_TIER
