// Accumulation in FP32 lanes of AVX-512. An FMA rounds the exact sum of the exact product once, as its instruction says:
// down and up. Equal: the sum is exact. Else they are neighbours, and the one with the odd significand is the sum rounded
// to odd, with two bits more than formats of 22 bits need.
#include "accumulate_lanes.h"
#include "round_target.h"

#if defined(__AVX512F__)
#include <immintrin.h>

namespace roundoff::ROUNDOFF_TIER {
namespace {

// The masked forms are the same instructions; g++ 12 warns about its own header in the plain ones.
constexpr __mmask16 kEveryLane = 0xffff;

inline __m512i words(uint32_t bits) { return _mm512_set1_epi32(static_cast<int>(bits)); }
inline __m512 as_ps(__m512i x) { return _mm512_castsi512_ps(x); }
inline __m512i as_words(__m512 x) { return _mm512_castps_si512(x); }

[[gnu::always_inline]] inline __m512 fma_to_odd(__m512 a, __m512 b, __m512 sum) {
  const __m512 down = _mm512_fmadd_round_ps(a, b, sum, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
  const __m512 up = _mm512_fmadd_round_ps(a, b, sum, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
  return _mm512_mask_mov_ps(up, _mm512_test_epi32_mask(as_words(down), words(1)), down);
}

// Formats whose largest exponent leaves room for a power of two to add (round_loops.h, nearest_even_by_adding).
class AddingSum {
 public:
  static bool serves(const StoreRounding& f) {
    return f.precision <= 22 && f.hasNegativeZero && can_round_by_adding(f, target_of(f));
  }
  explicit AddingSum(const StoreRounding& f) {
    const Target t = target_of(f);
    minNormal_ = words(t.minNormal);
    // Half of the power more lifts negative numbers too.
    lift_ = words(((t.normalShift - 1) << 23) + 0x00400000);
    threshold_ = as_ps(words(t.threshold));
    overflow_ = as_ps(words(t.overflow));
  }
  [[gnu::always_inline]] __m512 add(__m512 a, __m512 b, __m512 sum) const {
    const __m512 odd = fma_to_odd(a, b, sum);
    const __m512i bits = as_words(odd), field = _mm512_and_si512(bits, words(0x7f800000));
    const __m512 power = as_ps(_mm512_add_epi32(_mm512_maskz_max_epu32(kEveryLane, field, minNormal_), lift_));
    const __m512 near = _mm512_sub_ps(_mm512_add_ps(odd, power), power);
    const __mmask16 large = _mm512_cmp_ps_mask(_mm512_abs_ps(odd), threshold_, _CMP_GE_OQ);
    const __m512i bounded = as_words(_mm512_mask_mov_ps(near, large, overflow_));
    return as_ps(_mm512_ternarylogic_epi32(bounded, bits, words(kSignBit), 0xf8));
  }

 private:
  __m512i minNormal_, lift_;
  __m512 threshold_, overflow_;
};

// Formats with FP32's exponents and Infinity: every value drops the same bits, and what is too large carries into Infinity.
class CuttingSum {
 public:
  static bool serves(const StoreRounding& f) {
    const Target t = target_of(f);
    return f.precision <= 22 && has_fp32_range(f) && t.overflow == kInfinityBits &&
           t.maxFinite + (1u << (t.normalShift - 1)) == kInfinityBits;
  }
  explicit CuttingSum(const StoreRounding& f) {
    const uint32_t last = 1u << (target_of(f).normalShift - 1);
    last_ = words(last);
    half_ = words((last >> 1) - 1);
    kept_ = words(~(last - 1));
  }
  [[gnu::always_inline]] __m512 add(__m512 a, __m512 b, __m512 sum) const {
    const __m512i odd = as_words(fma_to_odd(a, b, sum)), below = _mm512_add_epi32(odd, half_);
    const __mmask16 up = _mm512_test_epi32_mask(odd, last_);
    return as_ps(_mm512_and_si512(_mm512_mask_add_epi32(below, up, below, words(1)), kept_));
  }

 private:
  __m512i last_, half_, kept_;
};

// FP16, which the processor converts to.
class HalfSum {
 public:
  static bool serves(const StoreRounding& f) {
    return f.precision == 11 && f.emin == -14 && f.maxFinite == 65504 && f.hasSubnormals && f.hasNegativeZero &&
           f.hasInfinity && f.overflow == Overflow::infinity;
  }
  explicit HalfSum(const StoreRounding&) {}
  [[gnu::always_inline]] __m512 add(__m512 a, __m512 b, __m512 sum) const {
    constexpr int toNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
    return _mm512_maskz_cvtph_ps(kEveryLane, _mm512_maskz_cvtps_ph(kEveryLane, fma_to_odd(a, b, sum), toNearest));
  }
};

// FP32 itself: what an FMA does.
class SingleSum {
 public:
  static bool serves(const StoreRounding& f) { return f.precision == 24 && has_fp32_range(f) && f.hasInfinity; }
  explicit SingleSum(const StoreRounding&) {}
  [[gnu::always_inline]] __m512 add(__m512 a, __m512 b, __m512 sum) const { return _mm512_fmadd_ps(a, b, sum); }
};

constexpr int kRowsAtOnce = 4;

template <class Sum, int Vectors>
void narrow_block(const Sum& rounder, const float* a, const float* b, int64_t steps, float* sums) {
  __m512 sum[kRowsAtOnce][Vectors];
  for (int m = 0; m < kRowsAtOnce; m++)
    for (int v = 0; v < Vectors; v++) sum[m][v] = _mm512_loadu_ps(sums + m * kBlockColumns + 16 * v);
  for (int64_t k = 0; k < steps; k++, b += kBlockColumns) {
    __m512 columns[Vectors];
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; v++) columns[v] = _mm512_loadu_ps(b + 16 * v);
#pragma GCC unroll 4
    for (int m = 0; m < kRowsAtOnce; m++) {
      const __m512 row = _mm512_set1_ps(a[m * kSlice + k]);
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; v++) sum[m][v] = rounder.add(row, columns[v], sum[m][v]);
    }
  }
  for (int m = 0; m < kRowsAtOnce; m++)
    for (int v = 0; v < Vectors; v++) _mm512_storeu_ps(sums + m * kBlockColumns + 16 * v, sum[m][v]);
}

template <class Sum>
void narrow_slice(const SliceCall& call, const StoreRounding& format) {
  const Sum rounder(format);
  auto* sums = static_cast<float*>(call.sums);
  for (int64_t n = 0; n < call.columns; n += 32) {
    for (int64_t m = 0; m < call.rows; m += kRowsAtOnce) {
      const float *a = call.a + m * kSlice, *b = call.b + n;
      float* block = sums + m * kBlockColumns + n;
      if (call.columns - n > 16) {
        narrow_block<Sum, 2>(rounder, a, b, call.steps, block);
      } else {
        narrow_block<Sum, 1>(rounder, a, b, call.steps, block);
      }
    }
  }
}

// n is a multiple of 16.
template <class Sum>
void narrow_fold(void* totals, void* sums, int64_t n, const StoreRounding& format) {
  const Sum rounder(format);
  auto *to = static_cast<float*>(totals), *from = static_cast<float*>(sums);
  for (int64_t i = 0; i < n; i += 16) {
    _mm512_storeu_ps(to + i, rounder.add(_mm512_loadu_ps(from + i), _mm512_set1_ps(1), _mm512_loadu_ps(to + i)));
    _mm512_storeu_ps(from + i, _mm512_setzero_ps());
  }
}

template <class Sum>
LaneLoops narrow_lanes() {
  return {sizeof(float), narrow_slice<Sum>, narrow_fold<Sum>};
}

}  // namespace

LaneLoops narrow_lanes_for(const StoreRounding& format) {
  if (SingleSum::serves(format)) return narrow_lanes<SingleSum>();
  if (HalfSum::serves(format)) return narrow_lanes<HalfSum>();
  if (CuttingSum::serves(format)) return narrow_lanes<CuttingSum>();
  if (AddingSum::serves(format)) return narrow_lanes<AddingSum>();
  return {};
}

}  // namespace roundoff::ROUNDOFF_TIER
#endif
