// Fills outer windows and schedules their runs. Pairs are formed here, once per pixel, instead of in the
// micro-kernel, where every tile would form them again.
#include "conv_outer_window.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "gemm_vector.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// dst[i] = (low[i], high[i]), high may be null: zeros.
void pair_up(const uint16_t* low, const uint16_t* high, int64_t n, uint32_t* dst) {
  if (high == nullptr) {
    for (int64_t i = 0; i < n; i++) dst[i] = low[i];
  } else {
    for (int64_t i = 0; i < n; i++) dst[i] = low[i] | static_cast<uint32_t>(high[i]) << 16;
  }
}

// One row of gradOutput as [filter][step], in blocks that stay in L1.
void transpose_pairs(const OuterShape& shape, const uint16_t* row, int64_t filters, char* dst) {
  constexpr int64_t kBlockSteps = 16;
  const int64_t steps = shape.regular + shape.odd;
  for (int64_t first = 0; first < steps; first += kBlockSteps) {
    const int64_t end = std::min(first + kBlockSteps, steps);
    for (int64_t k = 0; k < filters; k++) {
      auto* pairs = reinterpret_cast<uint32_t*>(dst + k * shape.aPitch);
      for (int64_t i = first; i < end; i++) {
        const uint32_t high = i < shape.regular ? row[(2 * i + 1) * filters + k] : 0;
        pairs[i] = row[2 * i * filters + k] | high << 16;
      }
    }
  }
}

// An upper bound of the norm over `pixels` of any of `channels` channels. A vector of channels is summed in a
// register; behind the last channel kOuterSlack bytes can be read.
float norm_over_pixels(const uint16_t* values, int64_t channels, int64_t pixels) {
  typedef int16_t HalfVec __attribute__((vector_size(kLanes * 2), aligned(2), may_alias));
  float largest = 0;
  for (int64_t c = 0; c < channels; c += kLanes) {
    VecF sum{};
    for (int64_t i = 0; i < pixels; i++) {
      const auto half = *reinterpret_cast<const HalfVec*>(values + i * channels + c);
      const VecF value = to_float(__builtin_convertvector(half, VecI));
      sum += value * value;
    }
    for (int lane = 0; lane < kLanes && c + lane < channels; lane++) largest = std::max(largest, sum[lane]);
  }
  // Each addition and product is rounded by at most 2^-24 of the sum.
  return std::sqrt(largest) * (1.0f + 1e-6f * static_cast<float>(pixels + 8));
}

// Output pixels of piece p: kPieceSteps pairs; the odd pixel is a piece of its own.
struct Piece {
  int64_t firstStep, steps, firstPixel, pixels;
};
Piece piece(const OuterShape& shape, int64_t p) {
  const int64_t first = p * kPieceSteps;
  if (first >= shape.regular) return {shape.regular, shape.odd, 2 * shape.regular, 1};
  const int64_t steps = std::min(kPieceSteps, shape.regular - first);
  return {first, steps, 2 * first, 2 * steps};
}

void fill_gradients(const OuterShape& shape, const Operand& gy, int64_t image, int64_t row, int64_t rows,
                    const OuterWindow& window, uint16_t* rowSpace) {
  const int64_t filters = gy.dims[3], rowValues = shape.outColumns * filters;
  for (int64_t u = 0; u < rows; u++) {
    const int64_t element = (image * gy.dims[1] + row + u) * rowValues;
    if (shape.products == Products::f32) {
      copy_values(shape.products, gy, element, rowValues, window.a + u * shape.aRow);
      continue;
    }
    const uint16_t* row16 = static_cast<const uint16_t*>(gy.data) + element;
    // Norms read a little behind the row; only there the copy has room for it.
    if (bytes_of(gy.dtype) != 2 || shape.products == Products::i16Pairs) {
      copy_values(shape.products, gy, element, rowValues, rowSpace);
      row16 = rowSpace;
    }
    char* pairs = window.a + u * shape.aRow;
    for (int64_t i = 0; i < shape.regular + shape.odd; i++) {
      const uint16_t* low = row16 + 2 * i * filters;
      const uint16_t* high = i < shape.regular ? low + filters : nullptr;
      if (!shape.transposed) pair_up(low, high, filters, reinterpret_cast<uint32_t*>(pairs + i * shape.aStep));
    }
    if (shape.transposed) transpose_pairs(shape, row16, filters, pairs);
    if (shape.products != Products::i16Pairs) continue;
    for (int64_t p = 0; p < shape.pieces; p++) {
      const Piece part = piece(shape, p);
      window.aNorms[u * shape.pieces + p] =
          norm_over_pixels(row16 + part.firstPixel * filters, filters, part.pixels);
    }
  }
}

void pair_input_row(const OuterShape& shape, const ConvShape& conv, const uint16_t* row, char* dst, float* norms) {
  const int64_t channels = conv.channels, span = (conv.kernelColumns - 1) * conv.dilationW + 1;
  const int64_t columns = shape.input.columns, paired = std::max<int64_t>(0, columns - conv.strideW) * channels;
  auto* pairs = reinterpret_cast<uint32_t*>(dst);
  pair_up(row, row + conv.strideW * channels, paired, pairs);
  if (shape.odd != 0) {
    const int64_t last = (shape.outColumns - 1) * conv.strideW;
    pair_up(row + last * channels, nullptr, span * channels, reinterpret_cast<uint32_t*>(dst + shape.bOdd));
  }
  if (shape.products != Products::i16Pairs) return;
  for (int64_t p = 0; p < shape.pieces; p++) {
    const Piece part = piece(shape, p);
    const int64_t pixels = (part.pixels - 1) * conv.strideW + span;
    norms[p] = norm_over_pixels(row + part.firstPixel * conv.strideW * channels, channels, pixels);
  }
}

}  // namespace

OuterShape::OuterShape(const ConvShape& conv, Products p, bool transpose, int64_t rowCount)
    : products(p), outRows(rowCount), outColumns(conv.outColumns), strideW(conv.strideW), transposed(transpose) {
  const int64_t span = (conv.kernelColumns - 1) * conv.dilationW + 1;
  input = dense_window(p, conv.channels, 1, (rowCount - 1) * conv.strideH + (conv.kernelRows - 1) * conv.dilationH + 1,
                       (outColumns - 1) * conv.strideW + span);
  const bool pairs = p != Products::f32;
  regular = pairs ? outColumns / 2 : outColumns;
  odd = pairs ? outColumns % 2 : 0;
  aStep = transposed ? 4 : conv.filters * 4;
  aRow = (regular + odd) * aStep;
  aPitch = 4;
  aBytes = outRows * aRow;
  if (transposed) {
    // Whole cache lines, an odd number of them so that filters do not share cache sets; whole tiles of filters are
    // read.
    aPitch = ((outRows * aRow + 63) / 64 | 1) * 64;
    aBytes = (conv.filters + kTransposedSlackRows) * aPitch;
  }
  bStep = (pairs ? 2 : 1) * conv.strideW * conv.channels * 4;
  bOdd = input.columns * conv.channels * 4;
  bRow = bOdd + odd * span * conv.channels * 4;
  pieces = (regular + kPieceSteps - 1) / kPieceSteps + odd;
}

int64_t row_space(const OuterShape& shape, const ConvShape& conv) {
  return std::max(shape.outColumns * conv.filters, shape.input.columns * conv.channels);
}

void fill_outer_window(const OuterShape& shape, const ConvShape& conv, const Operand& gy, const Operand& x,
                       int64_t image, int64_t row, int64_t rows, const OuterWindow& window, uint16_t* rowSpace) {
  fill_gradients(shape, gy, image, row, rows, window, rowSpace);
  WindowShape input = shape.input;
  const int64_t firstRow = row * conv.strideH - conv.padH;
  if (shape.products == Products::f32) {
    fill_window(input, x, image, firstRow, -conv.padW, window.b);
    return;
  }
  input.rows = 1;
  for (int64_t r = 0; r < shape.input.rows; r++) {
    fill_window(input, x, image, firstRow + r, -conv.padW, reinterpret_cast<char*>(rowSpace));
    pair_input_row(shape, conv, rowSpace, window.b + r * shape.bRow, window.bNorms + r * shape.pieces);
  }
}

int64_t outer_runs_needed(const OuterShape& shape) {
  return shape.outRows * (shape.products == Products::i16Pairs ? shape.regular + shape.odd : 1 + shape.odd);
}

void append_outer_runs(const OuterShape& shape, const ConvShape& conv, const OuterWindow& window, int64_t rows,
                       int64_t kernelRow, const OuterWindow& base, OuterRuns& out) {
  for (int64_t u = 0; u < rows; u++) {
    const int64_t inputRow = u * conv.strideH + kernelRow * conv.dilationH;
    const auto a = static_cast<int32_t>(window.a - base.a + u * shape.aRow);
    const auto b = static_cast<int32_t>(window.b - base.b + inputRow * shape.bRow);
    const auto run = [&](int64_t step, int64_t steps, bool spill) {
      const int64_t bStep = step < shape.regular ? step * shape.bStep : shape.bOdd;
      out.runs[out.count++] = {static_cast<int32_t>(a + step * shape.aStep), static_cast<int32_t>(b + bStep),
                               static_cast<int32_t>(steps), spill};
    };
    if (shape.products != Products::i16Pairs) {
      if (shape.regular > 0) run(0, shape.regular, false);
      if (shape.odd > 0) run(shape.regular, 1, false);
      continue;
    }
    for (int64_t p = 0; p < shape.pieces; p++) {
      const Piece part = piece(shape, p);
      const float bound =
          chain_bound(window.aNorms[u * shape.pieces + p], window.bNorms[inputRow * shape.pieces + p]);
      const bool fits = bound < kChainLimit;
      if ((!fits || out.chain + bound >= kChainLimit) && out.count > 0) {
        out.runs[out.count - 1].spill = true;
        out.chain = 0;
      }
      if (fits) {
        run(part.firstStep, part.steps, false);
        out.chain += bound;
      } else {
        for (int64_t k = 0; k < part.steps; k++) run(part.firstStep + k, 1, true);
      }
    }
  }
}

}  // namespace roundoff::ROUNDOFF_TIER
