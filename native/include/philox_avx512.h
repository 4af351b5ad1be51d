// Philox4x32-10 on AVX-512: 32 counters side by side, 128 words a step, written in element order by two
// shuffles. The first two rounds know that three of the four counter words are the same for all. philox.h is the general form.
#pragma once

#include <cstdint>

#include <immintrin.h>

namespace roundoff::ROUNDOFF_TIER {

class PhiloxAvx512 {
 public:
  static constexpr int kCounters = 32, kWords = 4 * kCounters;

  PhiloxAvx512(uint32_t c1, uint32_t c2, uint32_t c3, uint32_t k0, uint32_t k1) {
    for (int round = 0; round < 10; round++) {
      key0_[round] = k0 + static_cast<uint32_t>(round) * 0x9e3779b9u;
      key1_[round] = k1 + static_cast<uint32_t>(round) * 0xbb67ae85u;
    }
    // Round 0 multiplies the second and the third counter word by constants of the whole call.
    const uint64_t product = uint64_t{kMultiplier1} * c2;
    const uint64_t x0 = (product >> 32) ^ c1 ^ key0_[0];
    first2_ = c3 ^ key1_[0];
    // Round 1 then knows x0 and x1; its first product is such a constant too.
    const uint64_t next = uint64_t{kMultiplier0} * x0;
    second0_ = (product & 0xffffffff) ^ key0_[1];
    second2_ = (next >> 32) ^ key1_[1];
    second3_ = next & 0xffffffff;
  }

  // out[0 .. kWords) = the words of counters first … first + 31, modulo 2^32.
  void operator()(uint32_t first, uint32_t* out) const {
    // Pairs of counters four apart: the unpacking below puts them into order.
    const __m512i order = _mm512_set_epi64(7, 3, 6, 2, 5, 1, 4, 0);
    __m512i x0[kGroups], x1[kGroups], x2[kGroups], x3[kGroups];
    for (int g = 0; g < kGroups; g++) {
      const __m512i counter = _mm512_add_epi32(order, _mm512_set1_epi64(static_cast<uint32_t>(first + 8u * static_cast<uint32_t>(g))));
      const __m512i p0 = multiply(counter, kMultiplier0);
      const __m512i y2 = _mm512_xor_si512(high(p0), _mm512_set1_epi64(static_cast<int64_t>(first2_)));
      const __m512i p1 = multiply(y2, kMultiplier1);
      x0[g] = _mm512_xor_si512(high(p1), _mm512_set1_epi64(static_cast<int64_t>(second0_)));
      x1[g] = p1;
      x2[g] = _mm512_xor_si512(p0, _mm512_set1_epi64(static_cast<int64_t>(second2_)));
      x3[g] = _mm512_set1_epi64(static_cast<int64_t>(second3_));
    }
    for (int round = 2; round < 10; round++) {
      const __m512i k0 = _mm512_set1_epi64(static_cast<int64_t>(key0_[round]));
      const __m512i k1 = _mm512_set1_epi64(static_cast<int64_t>(key1_[round]));
      for (int g = 0; g < kGroups; g++) {
        const __m512i p0 = multiply(x0[g], kMultiplier0), p1 = multiply(x2[g], kMultiplier1);
        x0[g] = xor3(high(p1), x1[g], k0);
        x2[g] = xor3(high(p0), x3[g], k1);
        x1[g] = p1;
        x3[g] = p0;
      }
    }
    for (int g = 0; g < kGroups; g++) {
      const __m512i low = pair(x0[g], x1[g]), up = pair(x2[g], x3[g]);
      _mm512_storeu_si512(out + 32 * g, _mm512_maskz_unpacklo_epi64(0xff, low, up));
      _mm512_storeu_si512(out + 32 * g + 16, _mm512_maskz_unpackhi_epi64(0xff, low, up));
    }
  }

 private:
  static constexpr int kGroups = kCounters / 8;
  static constexpr uint32_t kMultiplier0 = 0xd2511f53, kMultiplier1 = 0xcd9e8d57;

  // Of the lower halves of the lanes. The masked forms are the same instructions; g++ 12 warns about the plain ones.
  static __m512i multiply(__m512i x, uint32_t multiplier) {
    return _mm512_maskz_mul_epu32(0xff, x, _mm512_set1_epi64(multiplier));
  }
  static __m512i high(__m512i product) { return _mm512_maskz_srli_epi64(0xff, product, 32); }
  static __m512i xor3(__m512i a, __m512i b, __m512i c) { return _mm512_ternarylogic_epi64(a, b, c, 0x96); }
  // The lower half of `low` with the lower half of `up` above it.
  static __m512i pair(__m512i low, __m512i up) {
    return _mm512_mask_shuffle_epi32(low, 0xaaaa, up, static_cast<_MM_PERM_ENUM>(0x80));
  }

  uint64_t key0_[10] = {}, key1_[10] = {};
  uint64_t first2_, second0_, second2_, second3_;
};

}  // namespace roundoff::ROUNDOFF_TIER
