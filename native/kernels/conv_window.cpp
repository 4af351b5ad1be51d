// Copying image rows into windows. Rows that need no gaps are converted in one go; odd channel counts of pair
// products and the border are filled with zeros, which multiply to nothing.
#include "conv_window.h"

#include <algorithm>
#include <cstring>

#include "gemm_convert.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

constexpr int64_t kSharedSets = 2048;
constexpr int64_t kLineBytes = 64;

template <class Conversion>
void copy_gapped(const WindowShape& shape, const Operand& source, int64_t pixel, int64_t count, char* dst) {
  const auto* from = static_cast<const typename Conversion::From*>(source.data) + pixel * shape.channels * shape.groups;
  for (int64_t i = 0; i < count; i++) {
    for (int64_t g = 0; g < shape.groups; g++, from += shape.channels) {
      auto* to = reinterpret_cast<typename Conversion::To*>(dst + i * shape.pixelBytes + g * shape.groupBytes);
      for (int64_t c = 0; c < shape.channels; c++) to[c] = Conversion::convert(from[c]);
    }
  }
}

// `count` pixels of one source row, from pixel number `pixel` of the tensor on, to `dst`.
void copy_pixels(const WindowShape& shape, const Operand& source, int64_t pixel, int64_t count, char* dst) {
  const int64_t total = shape.channels * shape.groups;
  if (shape.pixelBytes == total * value_bytes(shape.products)) {
    copy_values(shape.products, source, pixel * total, count * total, dst);
    return;
  }
  if (shape.groupBytes == shape.channels * value_bytes(shape.products)) {
    // Gaps between pixels alone: never read.
    for (int64_t i = 0; i < count; i++) {
      copy_values(shape.products, source, (pixel + i) * total, total, dst + i * shape.pixelBytes);
    }
    return;
  }
  memset(dst, 0, static_cast<size_t>(count * shape.pixelBytes));
  with_conversion(shape.products, source.dtype, [&](auto conversion) {
    copy_gapped<decltype(conversion)>(shape, source, pixel, count, dst);
  });
}

}  // namespace

WindowShape stepped_window(Products products, int64_t channels, int64_t groups, int64_t rows, int64_t columns) {
  const int64_t per = values_per_step(products);
  const int64_t groupBytes = (channels + per - 1) / per * 4;
  const int64_t bytes = groups * groupBytes, gap = bytes % kSharedSets == 0 ? kLineBytes : 0;
  return {products, channels, groups, rows, columns, groupBytes, bytes + gap};
}

WindowShape dense_window(Products products, int64_t channels, int64_t groups, int64_t rows, int64_t columns) {
  const int64_t groupBytes = channels * value_bytes(products);
  return {products, channels, groups, rows, columns, groupBytes, groups * groupBytes};
}

void fill_window(const WindowShape& shape, const Operand& source, int64_t image, int64_t firstRow, int64_t firstColumn,
                 char* window) {
  const int64_t height = source.dims[1], width = source.dims[2];
  const int64_t left = std::clamp<int64_t>(-firstColumn, 0, shape.columns);
  const int64_t right = std::clamp<int64_t>(width - firstColumn, left, shape.columns);
  for (int64_t r = 0; r < shape.rows; r++) {
    char* row = window + r * shape.row_bytes();
    const int64_t y = firstRow + r;
    if (y < 0 || y >= height || right == left) {
      memset(row, 0, static_cast<size_t>(shape.row_bytes()));
      continue;
    }
    memset(row, 0, static_cast<size_t>(left * shape.pixelBytes));
    memset(row + right * shape.pixelBytes, 0, static_cast<size_t>((shape.columns - right) * shape.pixelBytes));
    const int64_t pixel = (image * height + y) * width + firstColumn + left;
    copy_pixels(shape, source, pixel, right - left, row + left * shape.pixelBytes);
  }
}

void raise_window_norms(const WindowShape& shape, const char* window, float* norms) {
  const int64_t steps = shape.groupBytes / 4;
  for (int64_t g = 0; g < shape.groups; g++) {
    raise_norms(window + g * shape.groupBytes, shape.rows * shape.columns, shape.pixelBytes, steps,
                norms + g * granules(steps));
  }
}

}  // namespace roundoff::ROUNDOFF_TIER
