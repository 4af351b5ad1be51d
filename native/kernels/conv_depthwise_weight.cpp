// The weight gradient of depthwise convolution: for every tap and channel the products of gradOutput and input summed
// over all pixels. A row is summed in FP32 registers, rows in FP64 in a copy per chunk of rows; copies are added in order.
// build-flags: -ffp-contract=fast
#include <algorithm>

#include "conv_depthwise.h"
#include "depthwise_rows.h"
#include "gemm_carve.h"
#include "parallel.h"
#include "scratch.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Copies of the gradient, at most: their number must not follow the number of threads.
constexpr int64_t kMaxWeightChunks = 32;

// sums[kernel column][channel] += over the row Σ gy·x of every column tap.
void add_row_taps(const ConvShape& conv, const float* gy, const float* x, double* sums) {
  const int64_t pitch = whole_vectors(conv.channels);
  for (int64_t s = 0; s < conv.kernelColumns; s++) {
    // Output o reads column o·stride + shift, which must lie in the image.
    const int64_t shift = s * conv.dilationW - conv.padW;
    const int64_t first = shift >= 0 ? 0 : (-shift + conv.strideW - 1) / conv.strideW;
    const int64_t end = conv.width - shift <= 0
                            ? 0
                            : std::min(conv.outColumns, (conv.width - shift + conv.strideW - 1) / conv.strideW);
    for_vectors(pitch, [&](int64_t c, auto vectors) {
      constexpr int kVectors = decltype(vectors)::count;
      VecF row[kVectors] = {};
      for (int64_t o = first; o < end; o++) {
        const float *g = gy + o * pitch + c, *from = x + (o * conv.strideW + shift) * pitch + c;
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; v++) row[v] += load_floats(g + v * kLanes) * load_floats(from + v * kLanes);
      }
      alignas(64) float lanes[kVectors * kLanes];
      memcpy(lanes, row, sizeof lanes);
      double* to = sums + s * pitch + c;
      for (int i = 0; i < kVectors * kLanes; i++) to[i] += static_cast<double>(lanes[i]);
    });
  }
}

}  // namespace

void depthwise_grad_weight(const ConvShape& conv, const Operand& gy, const Operand& x, const Operand& gw,
                           Context& ctx) {
  const int64_t pitch = whole_vectors(conv.channels), taps = conv.kernelRows * conv.kernelColumns;
  const int64_t rows = conv.images * conv.outRows, step = chunks_of(rows, kMaxWeightChunks);
  const int64_t chunks = chunks_of(rows, step), size = taps * pitch;
  double* copies = static_cast<double*>(ctx.scratch.shared(static_cast<size_t>(chunks * size) * sizeof(double)));
  ctx.pool.parallel_for(chunks, [&](int64_t chunk, int thread) {
    double* sums = copies + chunk * size;
    std::fill_n(sums, size, 0.0);
    float *gradients, *inputs;
    carve(
        [&](Carver& c) {
          c.take(gradients, ImageRows::space_for(gy, 1));
          c.take(inputs, ImageRows::space_for(x, 1));
        },
        [&](size_t bytes) { return ctx.scratch.get(thread, bytes); });
    for (int64_t row = chunk * step; row < std::min(rows, (chunk + 1) * step); row++) {
      const int64_t n = row / conv.outRows, oh = row % conv.outRows;
      const float* g = ImageRows{gy, gradients}.load(n, oh, 1);
      for (int64_t r = 0; r < conv.kernelRows; r++) {
        const int64_t h = oh * conv.strideH - conv.padH + r * conv.dilationH;
        if (h < 0 || h >= conv.height) continue;
        add_row_taps(conv, g, ImageRows{x, inputs}.load(n, h, 1), sums + r * conv.kernelColumns * pitch);
      }
    }
  });
  // gw[channel][tap] = Σ copies, in order of the chunks.
  parallel_blocks(ctx, gw.elements, [&](int64_t offset, int64_t n, int) {
    alignas(64) float block[kBlock];
    for (int64_t i = 0; i < n; i++) {
      const double* from = copies + (offset + i) % taps * pitch + (offset + i) / taps;
      double sum = 0;
      for (int64_t chunk = 0; chunk < chunks; chunk++) sum += from[chunk * size];
      block[i] = static_cast<float>(sum);
    }
    store_block(gw, offset, n, block, ctx.clock);
  });
}

}  // namespace roundoff::ROUNDOFF_TIER
