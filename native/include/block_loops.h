// The common case of block formats, in three sweeps over a few thousand elements in L1: the largest magnitude of every
// block, the step of every block, and all elements rounded to nearest even. Blocks are contiguous and of one width, steps
// are powers of two. Where a block does not allow it (NaN, FP32's ends) the general path serves the band.
#pragma once

#include "group_scales.h"
#include "round_loops.h"

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace roundoff::ROUNDOFF_TIER {

// Widths with loops of their own; both divide kPiece.
inline bool has_block_loops(int64_t width) { return width == 16 || width == 32; }

// largest[b] = the largest magnitude, in bits, of x[b · width …).
template <int width>
void block_maxima(const float* x, int64_t blocks, uint32_t* largest) {
  const Bits* in = reinterpret_cast<const Bits*>(x);
  int64_t block = 0;
#if defined(__AVX512F__)
  // The masked forms are the same instructions; g++ 12 warns about its own header in the plain ones.
  constexpr __mmask16 kAllLanes = 0xffff;
  for (; block + 16 <= blocks; block += 16) {
    __m512i rows[16];
    for (int i = 0; i < 16; i++) {
      const Bits* from = in + (block + i) * width;
      // Shifting out the sign keeps the order.
      __m512i row = _mm512_maskz_slli_epi32(kAllLanes, _mm512_loadu_si512(from), 1);
      if (width == 32) row = _mm512_maskz_max_epu32(kAllLanes, row, _mm512_maskz_slli_epi32(kAllLanes, _mm512_loadu_si512(from + 16), 1));
      rows[i] = row;
    }
    // Pairs of rows become rows of half as many lanes each, until every lane is a row of its own.
    const auto narrow32 = [](__m512i a, __m512i b) {
      return _mm512_maskz_max_epu32(kAllLanes, _mm512_maskz_unpacklo_epi32(kAllLanes, a, b), _mm512_maskz_unpackhi_epi32(kAllLanes, a, b));
    };
    const auto narrow64 = [](__m512i a, __m512i b) {
      return _mm512_maskz_max_epu32(kAllLanes, _mm512_maskz_unpacklo_epi64(0xff, a, b), _mm512_maskz_unpackhi_epi64(0xff, a, b));
    };
    const auto narrow128 = [](__m512i a, __m512i b) {
      return _mm512_maskz_max_epu32(kAllLanes, _mm512_maskz_shuffle_i32x4(kAllLanes, a, b, 0x88), _mm512_maskz_shuffle_i32x4(kAllLanes, a, b, 0xdd));
    };
    __m512i quads[4];
    for (int i = 0; i < 4; i++) {
      quads[i] = narrow64(narrow32(rows[4 * i], rows[4 * i + 1]), narrow32(rows[4 * i + 2], rows[4 * i + 3]));
    }
    const __m512i all = narrow128(narrow128(quads[0], quads[1]), narrow128(quads[2], quads[3]));
    _mm512_storeu_si512(largest + block, _mm512_maskz_srli_epi32(kAllLanes, all, 1));
  }
#endif
  for (; block < blocks; block++) {
    uint32_t most = 0;
    for (int i = 0; i < width; i++) most = std::max(most, in[block * width + i] & ~kSignBit);
    largest[block] = most;
  }
}

// Rounds blocks under the steps shifts[b] = E << 23, as nearest_even_by_adding.
template <bool signedZero, bool count, int width>
uint32_t nearest_even_blocks(const float* x, float* y, int64_t blocks, const Target& target, const uint32_t* shifts) {
  const Target t = target;
  uint32_t overflows = 0;
  for (int64_t block = 0; block < blocks; block++) {
    overflows += nearest_even_by_adding<signedZero, count>(x + block * width, y + block * width, width, t, nullptr,
                                                           OneStep{shifts[block]});
  }
  return overflows;
}

}  // namespace roundoff::ROUNDOFF_TIER
