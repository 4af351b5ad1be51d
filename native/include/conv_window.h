// A window of an image, copied into working memory with its border of zeros and converted to the products'
// operands, so that the inputs of every output position lie at a fixed distance from one pointer. Knows nothing of
// kernels' taps.
#pragma once

#include "gemm_chains.h"
#include "gemm_panels.h"

namespace roundoff::ROUNDOFF_TIER {

// The part of the source a block of outputs reads: may reach over the image's edges on all sides.
struct WindowShape {
  Products products;
  int64_t channels, groups;        // of the source, channels per group
  int64_t rows, columns;           // pixels
  int64_t groupBytes, pixelBytes;  // of one group of a pixel; from pixel to pixel
  int64_t row_bytes() const { return columns * pixelBytes; }
  int64_t bytes() const { return rows * row_bytes(); }
};

inline int64_t value_bytes(Products products) { return 4 / values_per_step(products); }

// Groups begin at whole steps: an odd channel count of pair products gets a channel of zeros. Pixels whose distance would
// be a multiple of 2 KiB get a line between them: the rows of a tile would share few cache sets.
WindowShape stepped_window(Products products, int64_t channels, int64_t groups, int64_t rows, int64_t columns);
// Values without gaps.
WindowShape dense_window(Products products, int64_t channels, int64_t groups, int64_t rows, int64_t columns);

// Room behind a window that vector loads may touch.
constexpr int64_t kWindowSlack = 256;

// Fills `window` from image `image` of source [images, height, width, channels]: window pixel (0, 0) is source
// pixel (firstRow, firstColumn).
void fill_window(const WindowShape& shape, const Operand& source, int64_t image, int64_t firstRow, int64_t firstColumn,
                 char* window);

// Lets norms [groups][granules of a group] grow to bound every pixel's granules (gemm_chains.h). INT16 only.
void raise_window_norms(const WindowShape& shape, const char* window, float* norms);
inline int64_t window_norms(const WindowShape& shape) {
  return shape.products == Products::i16Pairs ? shape.groups * granules(shape.groupBytes / 4) : 0;
}

}  // namespace roundoff::ROUNDOFF_TIER
