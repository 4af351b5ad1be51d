// Where the operands of a weight gradient lie: for a stretch of output pixels, counted through all images, a pointer to
// the values of each in gradOutput, and to the input values that one tap multiplies with them. Nothing is copied that can
// be read in place; padding is a row of zeros.
#pragma once

#include "conv_attrs.h"
#include "gemm_tile.h"

namespace roundoff::ROUNDOFF_TIER {

// Convolutions of one group only. How the weights of a filter are cut into taps, each a range of contiguous values of a pixel's row.
enum class Taps : uint8_t {
  single,       // one kernel position: some channels of one input pixel
  kernelRows,   // one kernel row: neighbouring input pixels, all channels
  wholeFilter,  // everything, gathered: for very few channels
};

struct TapView {
  Taps kind;
  int64_t count;    // taps
  int64_t values;   // of a tap
  int64_t vectors;  // of all taps

  TapView(const ConvShape& conv, Taps kind);
};

// The cut that leaves the fewest lanes idle, without gathering where that does not pay.
TapView choose_taps(const ConvShape& conv);

// Buffers for a stretch of `pixels`: pointers, and room for rows that cannot be read in place.
struct PixelBuffers {
  const char** rows;
  char* values;
  const char* zeros;  // as many as the longest row
};

class ConvPixels {
 public:
  ConvPixels(const ConvShape& conv, Products products, const Operand& gy, const Operand& x, const TapView& taps);

  // Bytes of `values` for so many pixels: filters, or channels of a tap (and what whole vectors write behind them).
  int64_t filter_bytes(int64_t pixels) const;
  int64_t tap_bytes(int64_t pixels) const;
  int64_t longest_row() const;  // in bytes

  // Values of all filters of pixels first … first + count − 1; rows up to `padded` are zeros.
  void filters(int64_t first, int64_t count, int64_t padded, const PixelBuffers& to) const;
  // The values of tap `tap` at the same pixels.
  void tap(int64_t tap, int64_t first, int64_t count, int64_t padded, const PixelBuffers& to) const;

 private:
  void single_tap(int64_t tap, int64_t first, int64_t count, const PixelBuffers& to) const;
  void row_tap(int64_t kernelRow, int64_t first, int64_t count, const PixelBuffers& to) const;
  void whole_filters(int64_t first, int64_t count, const PixelBuffers& to) const;
  // The values of one kernel row at (image row, column), zeros where that is outside of the image.
  void copy_kernel_row(int64_t image, int64_t row, int64_t column, char* to) const;

  const ConvShape& conv_;
  Products products_;
  const Operand &gy_, &x_;
  const TapView& taps_;
  int64_t valueBytes_;
};

}  // namespace roundoff::ROUNDOFF_TIER
