// Depthwise convolution and its input gradient: both are sums over taps that a table lists for every row and column of
// the result, so stride, dilation and padding cost nothing inside. One task per band of result rows. Padding is left
// out, not multiplied.
// build-flags: -ffp-contract=fast
#include "conv_depthwise.h"

#include <algorithm>

#include "depthwise_rows.h"
#include "gemm_carve.h"
#include "parallel.h"
#include "scratch.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

struct DepthwiseTap {
  int32_t source, kernel;
};

// Taps of result index i: taps[start[i]] … taps[start[i + 1] − 1], sources ascending or descending.
struct TapTable {
  int32_t* start;
  DepthwiseTap* taps;

  template <class Find>
  void fill(int64_t positions, int64_t kernel, const Find& find) const {
    int32_t count = 0;
    for (int64_t i = 0; i < positions; i++) {
      start[i] = count;
      for (int64_t k = 0; k < kernel; k++) {
        const int64_t source = find(i, k);
        if (source >= 0) taps[count++] = {static_cast<int32_t>(source), static_cast<int32_t>(k)};
      }
    }
    start[positions] = count;
  }
};

struct Depthwise {
  const Operand &source, &out;
  int64_t kernelRows, kernelColumns;
  TapTable rows, columns;
  float* weights;  // [kernel row][kernel column][channel], channels in whole vectors

  int64_t channels() const { return out.dims[3]; }
  int64_t pitch() const { return whole_vectors(channels()); }
};

// w[K, R, S, 1] with channels last.
void spread_weights(const Operand& w, const Depthwise& job) {
  const int64_t taps = job.kernelRows * job.kernelColumns;
  std::fill_n(job.weights, taps * job.pitch(), 0.0f);
  alignas(64) float space[kBlock];
  for (int64_t done = 0; done < w.elements; done += kBlock) {
    const int64_t n = std::min(kBlock, w.elements - done);
    const float* from = read_block(w, done, n, space);
    for (int64_t i = 0; i < n; i++) job.weights[(done + i) % taps * job.pitch() + (done + i) / taps] = from[i];
  }
}

// One row of the result: to[column][channel], without gaps.
void depthwise_row(const Depthwise& job, const float* sources, int64_t firstSource, int64_t row, float* to) {
  const int64_t pitch = job.pitch(), channels = job.channels(), rowElements = job.source.dims[2] * pitch;
  const DepthwiseTap *firstTap = job.rows.taps + job.rows.start[row], *lastTap = job.rows.taps + job.rows.start[row + 1];
  for_vectors(pitch, [&](int64_t c, auto vectors) {
    constexpr int kVectors = decltype(vectors)::count;
    for (int64_t column = 0; column < job.out.dims[2]; column++) {
      VecF sums[kVectors] = {};
      const DepthwiseTap* lastColumn = job.columns.taps + job.columns.start[column + 1];
      for (const DepthwiseTap* r = firstTap; r < lastTap; r++) {
        const float* image = sources + (r->source - firstSource) * rowElements + c;
        const float* weight = job.weights + r->kernel * job.kernelColumns * pitch + c;
        for (const DepthwiseTap* s = job.columns.taps + job.columns.start[column]; s < lastColumn; s++) {
          const float *x = image + s->source * pitch, *w = weight + s->kernel * pitch;
#pragma GCC unroll 4
          for (int v = 0; v < kVectors; v++) sums[v] += load_floats(x + v * kLanes) * load_floats(w + v * kLanes);
        }
      }
      float* pixel = to + column * channels + c;
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; v++) {
        const int64_t left = channels - c - v * kLanes;
        if (left >= kLanes) {
          store_vec(pixel + v * kLanes, sums[v]);
        } else if (left > 0) {
          memcpy(pixel + v * kLanes, &sums[v], static_cast<size_t>(left) * sizeof(float));
        }
      }
    }
  });
}

// Rows of the source that result rows [first, last) read.
void source_span(const Depthwise& job, int64_t first, int64_t last, int64_t& from, int64_t& end) {
  from = job.source.dims[1];
  end = 0;
  for (int32_t t = job.rows.start[first]; t < job.rows.start[last]; t++) {
    from = std::min<int64_t>(from, job.rows.taps[t].source);
    end = std::max<int64_t>(end, job.rows.taps[t].source + 1);
  }
  if (end == 0) from = 0;
}

void run_depthwise(const Depthwise& job, Context& ctx) {
  const int64_t height = job.out.dims[1], rowElements = job.out.dims[2] * job.channels();
  const int64_t bandRows = std::clamp<int64_t>(kChunk / rowElements, 1, height), bands = chunks_of(height, bandRows);
  ctx.pool.parallel_for(job.out.dims[0] * bands, [&](int64_t task, int thread) {
    const int64_t n = task / bands, first = task % bands * bandRows, last = std::min(height, first + bandRows);
    int64_t from, end;
    source_span(job, first, last, from, end);
    float *copies, *staging;
    carve(
        [&](Carver& c) {
          c.take(copies, ImageRows::space_for(job.source, end - from));
          c.take(staging, rowElements);
        },
        [&](size_t bytes) { return ctx.scratch.get(thread, bytes); });
    const float* sources = ImageRows{job.source, copies}.load(n, from, end - from);
    for (int64_t row = first; row < last; row++) {
      const int64_t offset = (n * height + row) * rowElements;
      float* to = job.out.dtype == DType::f32 ? job.out.f32_out() + offset : staging;
      depthwise_row(job, sources, from, row, to);
      store_block(job.out, offset, rowElements, to, ctx.clock);
    }
  });
}

// find(result index, kernel index) → source index or −1, for rows and columns.
template <class FindRow, class FindColumn>
void depthwise(const ConvShape& conv, const Operand& source, const Operand& w, const Operand& out, Context& ctx,
               const FindRow& findRow, const FindColumn& findColumn) {
  Depthwise job{source, out, conv.kernelRows, conv.kernelColumns, {}, {}, nullptr};
  carve(
      [&](Carver& c) {
        c.take(job.weights, conv.kernelRows * conv.kernelColumns * job.pitch());
        c.take(job.rows.start, out.dims[1] + 1);
        c.take(job.rows.taps, out.dims[1] * conv.kernelRows);
        c.take(job.columns.start, out.dims[2] + 1);
        c.take(job.columns.taps, out.dims[2] * conv.kernelColumns);
      },
      [&](size_t bytes) { return ctx.scratch.shared(bytes); });
  spread_weights(w, job);
  job.rows.fill(out.dims[1], conv.kernelRows, findRow);
  job.columns.fill(out.dims[2], conv.kernelColumns, findColumn);
  run_depthwise(job, ctx);
}

// The image row (or column) that output o reads with kernel index k.
struct Reads {
  int64_t stride, pad, dilation, size;
  int64_t operator()(int64_t o, int64_t k) const {
    const int64_t h = o * stride - pad + k * dilation;
    return h >= 0 && h < size ? h : -1;
  }
};

// The output row (or column) that reads image row h with kernel index k.
struct ReadBy {
  int64_t stride, pad, dilation, outputs;
  int64_t operator()(int64_t h, int64_t k) const {
    const int64_t at = h + pad - k * dilation;
    return at >= 0 && at % stride == 0 && at / stride < outputs ? at / stride : -1;
  }
};

}  // namespace

void depthwise_forward(const ConvShape& conv, const Operand& x, const Operand& w, const Operand& y, Context& ctx) {
  depthwise(conv, x, w, y, ctx, Reads{conv.strideH, conv.padH, conv.dilationH, conv.height},
            Reads{conv.strideW, conv.padW, conv.dilationW, conv.width});
}

void depthwise_grad_input(const ConvShape& conv, const Operand& gy, const Operand& w, const Operand& gx, Context& ctx) {
  depthwise(conv, gy, w, gx, ctx, ReadBy{conv.strideH, conv.padH, conv.dilationH, conv.outRows},
            ReadBy{conv.strideW, conv.padW, conv.dilationW, conv.outColumns});
}

}  // namespace roundoff::ROUNDOFF_TIER
