// Posits to nearest even in AVX-512 registers, for values whose posit keeps a fraction bit or more. There the code's last
// bit is the significand's, so that adding a power of two rounds as it does for floats; the regime, in a table, says which.
#pragma once

#include <immintrin.h>

#include "round_shift.h"

namespace roundoff::ROUNDOFF_TIER {

class PositRegisters {
 public:
  static constexpr int64_t kElements = 64;

  explicit PositRegisters(int bits) {
    for (int i = 0; i < 64; i++) {
      const int regime = i - 32, away = regime ^ (regime >> 31), fraction = bits - 5 - away;
      // Upper halves of FP32 numbers: the power's exponent above that of x, and half of the power more, which lifts negative
      // numbers too. 0: not served.
      lifts_[i] = fraction >= 1 ? static_cast<uint16_t>(((23 - fraction) << 7) + 0x40) : uint16_t{0};
    }
  }

  // kElements values of x to y. False, and nothing written, if one of them is not served.
  bool operator()(const float* x, float* y) const {
    __m512i results[4];
    __mmask16 left = 0;
    for (int i = 0; i < 4; i++) {
      __m512i bits = _mm512_loadu_si512(x + 16 * i);
      // g++ would rather load them again for each of their uses.
      asm("" : "+v"(bits));
      // With the bias 128 the regime stands above bit 25, 32 more than it is: into the upper half of the lane. The sign gets
      // beyond what the permutation reads.
      const __m512i regime = _mm512_maskz_srli_epi32(kAll, _mm512_add_epi32(bits, word(1u << 23)), 9);
      const __m512i lift = _mm512_maskz_permutex2var_epi16(kUpperHalves, _mm512_load_si512(lifts_), regime,
                                                           _mm512_load_si512(lifts_ + 32));
      const __mmask16 served = _mm512_test_epi32_mask(lift, lift);
      left |= static_cast<__mmask16>(_mm512_test_epi32_mask(bits, word(0x7fffffff)) & ~served);
      const __m512i field = _mm512_and_si512(bits, word(kInfinityBits));
      const __m512 power = _mm512_castsi512_ps(_mm512_add_epi32(field, lift));
      const __m512 sum = _mm512_add_ps(_mm512_castsi512_ps(bits), power);
      // Zeros have no regime, and a posit has no −0.
      results[i] = _mm512_castps_si512(_mm512_maskz_sub_ps(served, sum, power));
    }
    if (left != 0) return false;
    for (int i = 0; i < 4; i++) _mm512_storeu_si512(y + 16 * i, results[i]);
    return true;
  }

 private:
  static constexpr __mmask16 kAll = 0xffff;
  static constexpr __mmask32 kUpperHalves = 0xaaaaaaaa;
  static __m512i word(uint32_t bits) { return _mm512_set1_epi32(static_cast<int>(bits)); }

  alignas(64) uint16_t lifts_[64];
};

}  // namespace roundoff::ROUNDOFF_TIER
