// Pointers to the rows of a weight gradient's operands, one output row after another, so that nothing is divided per
// pixel.
#include "conv_pixel_rows.h"

#include <algorithm>
#include <cstring>

#include "gemm_panels.h"
#include "gemm_vector.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Gathering whole filters costs about a store per vector and pixel: worth it for a fifth less work in the tiles.
constexpr int64_t kGatherGain = 5;

int64_t vectors(int64_t values) { return (values + kLanes - 1) / kLanes; }

// Stored as products take it: rows need no conversion.
bool in_place(const Operand& x, Products products) {
  return products == Products::f32 ? x.dtype == DType::f32 : bytes_of(x.dtype) == 2;
}

// body(position, image, output row, output column, length) for the stretches of output rows that pixels
// first … first + count − 1 are.
template <class Body>
void each_row(const ConvShape& conv, int64_t first, int64_t count, const Body& body) {
  int64_t column = first % conv.outColumns, row = first / conv.outColumns;
  int64_t image = row / conv.outRows;
  row %= conv.outRows;
  for (int64_t at = 0; at < count;) {
    const int64_t length = std::min(conv.outColumns - column, count - at);
    body(at, image, row, column, length);
    at += length;
    column = 0;
    if (++row == conv.outRows) row = 0, image++;
  }
}

}  // namespace

TapView::TapView(const ConvShape& conv, Taps k) : kind(k) {
  const int64_t rowValues = conv.kernelColumns * conv.channels;
  count = kind == Taps::single ? conv.kernelRows * conv.kernelColumns : kind == Taps::kernelRows ? conv.kernelRows : 1;
  values = kind == Taps::single ? conv.channels
           : kind == Taps::kernelRows ? rowValues : conv.kernelRows * rowValues;
  vectors = count * ROUNDOFF_TIER::vectors(values);
}

TapView choose_taps(const ConvShape& conv) {
  const TapView single(conv, Taps::single), rows(conv, Taps::kernelRows), whole(conv, Taps::wholeFilter);
  if (conv.dilationW > 1 || conv.kernelRows * conv.kernelColumns == 1) return single;
  const TapView& uncopied = rows.vectors < single.vectors || conv.channels < 3 * kLanes ? rows : single;
  return whole.vectors * kGatherGain <= uncopied.vectors * (kGatherGain - 1) ? whole : uncopied;
}

ConvPixels::ConvPixels(const ConvShape& conv, Products products, const Operand& gy, const Operand& x,
                       const TapView& taps)
    : conv_(conv), products_(products), gy_(gy), x_(x), taps_(taps), valueBytes_(4 / values_per_step(products)) {}

int64_t ConvPixels::filter_bytes(int64_t pixels) const {
  return in_place(gy_, products_) ? 0 : pixels * conv_.filters * valueBytes_;
}

int64_t ConvPixels::tap_bytes(int64_t pixels) const {
  const bool none = taps_.kind == Taps::single && in_place(x_, products_);
  return none ? 0 : pixels * taps_.values * valueBytes_ + static_cast<int64_t>(sizeof(VecI));
}

int64_t ConvPixels::longest_row() const {
  return std::max(conv_.filters, taps_.values) * valueBytes_;
}

void ConvPixels::filters(int64_t first, int64_t count, int64_t padded, const PixelBuffers& to) const {
  const int64_t rowBytes = conv_.filters * valueBytes_;
  const char* from = static_cast<const char*>(gy_.data) + first * rowBytes;
  if (!in_place(gy_, products_)) {
    copy_values(products_, gy_, first * conv_.filters, count * conv_.filters, to.values);
    from = to.values;
  }
  for (int64_t i = 0; i < count; i++) to.rows[i] = from + i * rowBytes;
  std::fill(to.rows + count, to.rows + padded, to.zeros);
}

void ConvPixels::tap(int64_t tap, int64_t first, int64_t count, int64_t padded, const PixelBuffers& to) const {
  if (taps_.kind == Taps::single) single_tap(tap, first, count, to);
  if (taps_.kind == Taps::kernelRows) row_tap(tap, first, count, to);
  if (taps_.kind == Taps::wholeFilter) whole_filters(first, count, to);
  std::fill(to.rows + count, to.rows + padded, to.zeros);
}

void ConvPixels::single_tap(int64_t tap, int64_t first, int64_t count, const PixelBuffers& to) const {
  const int64_t r = tap / conv_.kernelColumns, s = tap % conv_.kernelColumns;
  const int64_t rowBytes = conv_.channels * valueBytes_;
  const bool direct = in_place(x_, products_);
  each_row(conv_, first, count, [&](int64_t at, int64_t image, int64_t outRow, int64_t outColumn, int64_t length) {
    const int64_t row = outRow * conv_.strideH - conv_.padH + r * conv_.dilationH;
    int64_t column = outColumn * conv_.strideW - conv_.padW + s * conv_.dilationW;
    if (row < 0 || row >= conv_.height) return static_cast<void>(std::fill_n(to.rows + at, length, to.zeros));
    const int64_t pixel = (image * conv_.height + row) * conv_.width;
    for (int64_t i = 0; i < length; i++, column += conv_.strideW) {
      if (column < 0 || column >= conv_.width) {
        to.rows[at + i] = to.zeros;
      } else if (direct) {
        to.rows[at + i] = static_cast<const char*>(x_.data) + (pixel + column) * rowBytes;
      } else {
        char* values = to.values + (at + i) * rowBytes;
        copy_values(products_, x_, (pixel + column) * conv_.channels, conv_.channels, values);
        to.rows[at + i] = values;
      }
    }
  });
}

void ConvPixels::copy_kernel_row(int64_t image, int64_t row, int64_t column, char* to) const {
  const int64_t channels = conv_.channels, columns = conv_.kernelColumns;
  const int64_t left = std::clamp<int64_t>(-column, 0, columns);
  const int64_t right = std::clamp<int64_t>(conv_.width - column, left, columns);
  if (row < 0 || row >= conv_.height || left == right) {
    memset(to, 0, static_cast<size_t>(columns * channels * valueBytes_));
    return;
  }
  const int64_t pixel = (image * conv_.height + row) * conv_.width + column;
  memset(to, 0, static_cast<size_t>(left * channels * valueBytes_));
  copy_values(products_, x_, (pixel + left) * channels, (right - left) * channels, to + left * channels * valueBytes_);
  memset(to + right * channels * valueBytes_, 0, static_cast<size_t>((columns - right) * channels * valueBytes_));
}

void ConvPixels::row_tap(int64_t kernelRow, int64_t first, int64_t count, const PixelBuffers& to) const {
  const int64_t rowBytes = taps_.values * valueBytes_, pixelBytes = conv_.channels * valueBytes_;
  const bool direct = in_place(x_, products_);
  each_row(conv_, first, count, [&](int64_t at, int64_t image, int64_t outRow, int64_t outColumn, int64_t length) {
    const int64_t row = outRow * conv_.strideH - conv_.padH + kernelRow * conv_.dilationH;
    int64_t column = outColumn * conv_.strideW - conv_.padW;
    if (row < 0 || row >= conv_.height) return static_cast<void>(std::fill_n(to.rows + at, length, to.zeros));
    const char* pixels = static_cast<const char*>(x_.data) + (image * conv_.height + row) * conv_.width * pixelBytes;
    for (int64_t i = 0; i < length; i++, column += conv_.strideW) {
      if (direct && column >= 0 && column + conv_.kernelColumns <= conv_.width) {
        to.rows[at + i] = pixels + column * pixelBytes;
        continue;
      }
      char* values = to.values + (at + i) * rowBytes;
      copy_kernel_row(image, row, column, values);
      to.rows[at + i] = values;
    }
  });
}

void ConvPixels::whole_filters(int64_t first, int64_t count, const PixelBuffers& to) const {
  const int64_t pixelBytes = conv_.channels * valueBytes_, rowBytes = conv_.kernelColumns * pixelBytes;
  constexpr int64_t kVector = sizeof(VecI);
  const int64_t copied = (rowBytes + kVector - 1) / kVector * kVector;
  const bool direct = in_place(x_, products_);
  const char* base = static_cast<const char*>(x_.data);
  const int64_t readable = x_.elements * valueBytes_ - copied;
  each_row(conv_, first, count, [&](int64_t at, int64_t image, int64_t outRow, int64_t outColumn, int64_t length) {
    for (int64_t i = 0; i < length; i++) {
      char* values = to.values + (at + i) * taps_.values * valueBytes_;
      to.rows[at + i] = values;
      const int64_t column = (outColumn + i) * conv_.strideW - conv_.padW;
      const bool inside = direct && column >= 0 && column + conv_.kernelColumns <= conv_.width;
      for (int64_t r = 0; r < conv_.kernelRows; r++, values += rowBytes) {
        const int64_t row = outRow * conv_.strideH - conv_.padH + r * conv_.dilationH;
        const int64_t from = ((image * conv_.height + row) * conv_.width + column) * pixelBytes;
        // Whole vectors: what they write behind the row, later rows and pixels write over.
        if (inside && row >= 0 && row < conv_.height && from <= readable) {
          for (int64_t byte = 0; byte < copied; byte += kVector) {
            store_vec(reinterpret_cast<float*>(values + byte), as_float(load_vec(base + from + byte)));
          }
        } else {
          copy_kernel_row(image, row, column, values);
        }
      }
    }
  });
}

}  // namespace roundoff::ROUNDOFF_TIER
