// Rows of an image as FP32 with channels in whole vectors: the image's own memory where it is that already, else copies.
#pragma once

#include "block_io.h"
#include "gemm_vector.h"

namespace roundoff::ROUNDOFF_TIER {

inline int64_t whole_vectors(int64_t channels) { return (channels + kLanes - 1) / kLanes * kLanes; }

struct ImageRows {
  const Operand& image;  // [images, height, width, channels]
  float* space;          // for the copies of one band; unused where `direct`

  int64_t channels() const { return image.dims[3]; }
  // Elements from pixel to pixel.
  int64_t pitch() const { return whole_vectors(channels()); }
  int64_t row_elements() const { return image.dims[2] * pitch(); }
  static bool direct(const Operand& image) { return image.dtype == DType::f32 && image.dims[3] % kLanes == 0; }
  static int64_t space_for(const Operand& image, int64_t rows) {
    return direct(image) ? 0 : rows * image.dims[2] * whole_vectors(image.dims[3]);
  }

  // Rows first … first+rows−1 of image n, one behind the other.
  const float* load(int64_t n, int64_t first, int64_t rows) const {
    const int64_t width = image.dims[2], pixel = (n * image.dims[1] + first) * width;
    if (direct(image)) return image.f32() + pixel * channels();
    if (pitch() == channels()) {
      load_block(image, pixel * channels(), rows * width * channels(), space);
      return space;
    }
    for (int64_t p = 0; p < rows * width; p++) {
      float* to = space + p * pitch();
      for (int64_t c = channels(); c < pitch(); c++) to[c] = 0;
      load_block(image, (pixel + p) * channels(), channels(), to);
    }
    return space;
  }
};

// step(c, vectors) for runs of four vectors, then of one, over `pitch` channels; `vectors` is a compile-time number.
template <int V>
struct Vectors {
  static constexpr int count = V;
};
template <class Step>
void for_vectors(int64_t pitch, const Step& step) {
  int64_t c = 0;
  for (; c + 4 * kLanes <= pitch; c += 4 * kLanes) step(c, Vectors<4>{});
  for (; c + 2 * kLanes <= pitch; c += 2 * kLanes) step(c, Vectors<2>{});
  for (; c < pitch; c += kLanes) step(c, Vectors<1>{});
}

inline VecF load_floats(const float* p) { return as_float(load_vec(p)); }

}  // namespace roundoff::ROUNDOFF_TIER
