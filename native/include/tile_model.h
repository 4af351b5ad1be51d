// AMX tiles in plain C++, as TDPBF16PS was measured to compute: for every output two FMA chains from +0, one over the even
// and one over the odd elements in order, then c + (even + odd); every step rounds to nearest even and flushes subnormal
// inputs and results to zero. Accumulator profile `amxBf16` (docs/numerics.md). The measurement leaves open whether a subnormal
// product is flushed in front of its sum: the profile keeps it, as an FMA does; `kFlushesProducts` is the other reading.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace roundoff {

template <bool kFlushesProducts>
class TileModel {
 public:
  static void configure() {}
  static void release() {}

  template <int Tile>
  void zero() {
    memset(tiles_[Tile], 0, sizeof tiles_[Tile]);
  }
  template <int Tile>
  void load(const void* rows, int64_t pitch) {
    for (int r = 0; r < 16; r++) memcpy(tiles_[Tile][r], static_cast<const char*>(rows) + r * pitch, 64);
  }
  template <int Tile>
  void store(void* rows, int64_t pitch) {
    for (int r = 0; r < 16; r++) memcpy(static_cast<char*>(rows) + r * pitch, tiles_[Tile][r], 64);
  }
  template <int C, int A, int B>
  void dot() {
    for (int m = 0; m < 16; m++) {
      for (int n = 0; n < 16; n++) {
        float even = 0, odd = 0;
        for (int k = 0; k < 16; k++) {
          const uint32_t a = tiles_[A][m][k], b = tiles_[B][k][n];
          even = add_product(low(a), low(b), even);
          odd = add_product(high(a), high(b), odd);
        }
        const float c = flush(std::bit_cast<float>(tiles_[C][m][n]));
        tiles_[C][m][n] = std::bit_cast<uint32_t>(flush(c + flush(even + odd)));
      }
    }
  }

 private:
  static float add_product(float a, float b, float sum) {
    if constexpr (kFlushesProducts) {
      // Exact unless it is subnormal or overflows.
      return flush(flush(a * b) + sum);
    }
    return flush(std::fma(a, b, sum));
  }
  static float flush(float x) { return std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(0.0f, x) : x; }
  static float low(uint32_t pair) { return flush(std::bit_cast<float>(pair << 16)); }
  static float high(uint32_t pair) { return flush(std::bit_cast<float>(pair & 0xffff0000u)); }

  uint32_t tiles_[8][16][16] = {};
};

using ModelTiles = TileModel<false>;

}  // namespace roundoff
