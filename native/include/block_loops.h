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

// Elements by which the loops that round ask for memory ahead: beyond the band whose maxima are taken meanwhile. Taking
// maxima outruns the hardware's own prefetching, which begins anew in every page. Beyond an array nothing happens.
constexpr int64_t kAhead = 4096;

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

#if defined(__AVX512F__)
// One register of a block without NaN and Infinity: as nearest_even_by_adding, but both signs at once. Half of the power
// more lifts negative numbers too, zeros come out as +0 (and take their sign where there is −0), and the largest value is
// a bound on the magnitude.
template <bool signedZero, bool count>
inline uint32_t round_register(const float* x, float* y, __m512i minNormal, __m512 largest, __m512i threshold,
                               __m512i lift) {
  constexpr __mmask16 kAll = 0xffff;
  constexpr int kSmallerMagnitude = 2;  // of both operands, with the sign of the first
  __builtin_prefetch(x + kAhead);
  const __m512 values = _mm512_loadu_ps(x);
  const __m512i bits = _mm512_castps_si512(values);
  const __m512i field = _mm512_and_si512(bits, _mm512_set1_epi32(static_cast<int>(kInfinityBits)));
  const __m512i power = _mm512_add_epi32(_mm512_maskz_max_epu32(kAll, field, minNormal), lift);
  const __m512 lifted = _mm512_add_ps(values, _mm512_castsi512_ps(power));
  const __m512 near = _mm512_sub_ps(lifted, _mm512_castsi512_ps(power));
  __m512 result = _mm512_maskz_range_ps(kAll, near, largest, kSmallerMagnitude);
  if constexpr (signedZero) {
    result = _mm512_castsi512_ps(_mm512_ternarylogic_epi32(_mm512_castps_si512(result), bits,
                                                           _mm512_set1_epi32(INT32_MIN), 0xf8));
  }
  _mm512_storeu_ps(y, result);
  if constexpr (!count) return 0;
  const __m512i magnitude = _mm512_and_si512(bits, _mm512_set1_epi32(INT32_MAX));
  const __mmask16 large = _mm512_cmpge_epu32_mask(magnitude, threshold);
  return static_cast<uint32_t>(std::popcount(static_cast<uint32_t>(large)));
}
#endif

// Rounds blocks under the steps shifts[b] = E << 23, which hold neither NaN nor Infinity. Formats of at most 22 bits of
// precision. Returns how many elements saturated, if it counts.
template <bool signedZero, bool count, int width>
uint32_t nearest_even_blocks(const float* x, float* y, int64_t blocks, const Target& target, const uint32_t* shifts) {
  const Target t = target;
  uint32_t saturated = 0;
#if defined(__AVX512F__)
  const __m512i lift = _mm512_set1_epi32(static_cast<int>(((t.normalShift - 1) << 23) + 0x00400000));
  for (int64_t block = 0; block < blocks; block++) {
    const uint32_t shift = shifts[block];
    const __m512i minNormal = _mm512_set1_epi32(static_cast<int>(t.minNormal + shift));
    const __m512i threshold = _mm512_set1_epi32(static_cast<int>(t.threshold + shift));
    const __m512 largest = _mm512_set1_ps(float_of(t.maxFinite + shift));
    for (int64_t i = block * width; i < (block + 1) * width; i += 16) {
      saturated += round_register<signedZero, count>(x + i, y + i, minNormal, largest, threshold, lift);
    }
  }
#else
  for (int64_t block = 0; block < blocks; block++) {
    saturated += nearest_even_by_adding<signedZero, count>(x + block * width, y + block * width, width, t, nullptr,
                                                           OneStep{shifts[block]});
  }
#endif
  return saturated;
}

}  // namespace roundoff::ROUNDOFF_TIER
