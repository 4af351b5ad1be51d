// Dropout: the mask is drawn from its key where it is needed, a block of random words at a time. Meaning:
// src/kernels/contract/regularization.ts.
#include <algorithm>
#include <cmath>

#include "column_sums.h"
#include "philox.h"
#include "tiers.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

struct Mask {
  uint32_t tensorId, threshold;
  float factor;

  explicit Mask(const Command& command) : tensorId(static_cast<uint32_t>(command.attrs[2])) {
    const double rate = command.attrs[0];
    // At rate 1 the factor is 0 and the threshold, which would need one bit more, does not matter.
    threshold = static_cast<uint32_t>(std::min(std::floor(rate * 0x1p32 + 0.5), 4294967295.0));
    factor = rate < 1 ? static_cast<float>(1 / (1 - rate)) : 0.0f;
  }

  // factors[0..n) of draws first … first+n−1, n ≤ kBlock.
  void draw(int64_t first, int64_t n, const Clock& clock, float* factors) const {
    uint32_t space[kRandomRoom];
    const uint32_t* words = keyed_words(kDropoutStream, first, n, tensorId, clock, space);
    for (int64_t i = 0; i < n; i++) factors[i] = words[i] >= threshold ? factor : 0.0f;
  }
};

void mask_elements(const Operand& x, const Operand& y, const Mask& mask, Context& ctx) {
  parallel_blocks(ctx, y.elements, [&](int64_t offset, int64_t n, int) {
    alignas(64) float spaceX[kBlock], spaceY[kBlock], factors[kBlock];
    mask.draw(offset, n, ctx.clock, factors);
    const float* from = read_block(x, offset, n, spaceX);
    float* to = write_block(y, offset, spaceY);
    ROUNDOFF_INDEPENDENT
    for (int64_t i = 0; i < n; i++) to[i] = from[i] * factors[i];
    store_block(y, offset, n, to, ctx.clock);
  });
}

// One task per chunk of positions of one image, which draws the image's channels first.
void mask_channels(const Operand& x, const Operand& y, int64_t positions, const Mask& mask, Context& ctx) {
  const int64_t channels = x.dims[x.rank - 1], step = rows_per_chunk(positions, channels);
  const int64_t images = x.elements / (positions * channels), chunks = chunks_of(positions, step);
  ctx.pool.parallel_for(images * chunks, [&](int64_t task, int thread) {
    const int64_t image = task / chunks, first = task % chunks * step, last = std::min(positions, first + step);
    float* factors = static_cast<float*>(ctx.scratch.get(thread, static_cast<size_t>(channels) * sizeof(float)));
    for (int64_t c = 0; c < channels; c += kBlock) {
      mask.draw(image * channels + c, std::min(kBlock, channels - c), ctx.clock, factors + c);
    }
    for_row_blocks(first, last, channels, [&](int64_t row, int64_t rows, int64_t c0, int64_t width) {
      alignas(64) float spaceX[kBlock], spaceY[kBlock];
      const int64_t offset = (image * positions + row) * channels + c0;
      const float *from = read_block(x, offset, rows * width, spaceX), *factor = factors + c0;
      float* to = write_block(y, offset, spaceY);
      for (int64_t r = 0; r < rows; r++) {
        ROUNDOFF_INDEPENDENT
        for (int64_t c = 0; c < width; c++) to[r * width + c] = from[r * width + c] * factor[c];
      }
      store_block(y, offset, rows * width, to, ctx.clock);
    });
  });
}

void dropout(const Command& command, Context& ctx) {
  const Mask mask(command);
  const int64_t positions = static_cast<int64_t>(command.attrs[1]);
  if (positions == 1) return mask_elements(command.in[0], command.out[0], mask, ctx);
  mask_channels(command.in[0], command.out[0], positions, mask, ctx);
}

}  // namespace

void register_dropout(KernelTable& table) { table["dropout"] = dropout; }

}  // namespace roundoff::ROUNDOFF_TIER
