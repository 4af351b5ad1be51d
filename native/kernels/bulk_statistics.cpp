// What rounding did to a block: counts and the largest error exactly, sums in FP64 in eight lanes whatever the tier, so
// that every tier adds in the same order. Truth: src/formats/rounding-statistics.ts.
#include "bulk_statistics.h"

#include <cmath>
#include <cstring>

#include "round_loops.h"

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace roundoff::ROUNDOFF_TIER {
namespace {

constexpr int kSumLanes = 8;
using Doubles = double __attribute__((vector_size(8 * kSumLanes)));
using Floats = float __attribute__((vector_size(4 * kSumLanes)));
using Masks = int64_t __attribute__((vector_size(8 * kSumLanes)));

// By reference: a function that returns a vector wider than its tier's registers has no settled way to do so.
void widen(const float* x, Doubles& wide) {
#if defined(__AVX512F__)
  wide = reinterpret_cast<Doubles>(_mm512_maskz_cvtps_pd(0xff, _mm256_loadu_ps(x)));
#else
  Floats values;
  std::memcpy(&values, x, sizeof values);
  wide = __builtin_convertvector(values, Doubles);
#endif
}

struct Sums {
  Doubles signal{}, noise{}, largest{};

  // `special`: NaN and infinities may be among them.
  template <bool special>
  void add(const float* input, const float* result) {
    Doubles x, y;
    widen(input, x);
    widen(result, y);
    const Doubles difference = y - x;
    Doubles error = reinterpret_cast<Doubles>(reinterpret_cast<Masks>(difference) & INT64_MAX);
    if constexpr (special) {
      // NaN if either is NaN, infinite if one is: neither has an error to measure.
      const Masks isNumber = error < Doubles{} + static_cast<double>(INFINITY);
      error = reinterpret_cast<Doubles>(reinterpret_cast<Masks>(error) & isNumber);
      x = reinterpret_cast<Doubles>(reinterpret_cast<Masks>(x) & isNumber);
    }
    largest = error > largest ? error : largest;
    signal += x * x;
    noise += error * error;
  }

  void finish(Tally& tally) const {
    for (int lane = 0; lane < kSumLanes; lane++) {
      tally.signal += signal[lane];
      tally.noise += noise[lane];
      tally.maxAbsError = std::fmax(tally.maxAbsError, largest[lane]);
    }
  }
};

template <bool special>
void sum_errors(const float* x, const float* y, int64_t n, Tally& tally) {
  Sums even, odd;
  int64_t i = 0;
  for (; i + 2 * kSumLanes <= n; i += 2 * kSumLanes) {
    even.template add<special>(x + i, y + i);
    odd.template add<special>(x + i + kSumLanes, y + i + kSumLanes);
  }
  float restX[2 * kSumLanes] = {}, restY[2 * kSumLanes] = {};
  std::memcpy(restX, x + i, static_cast<size_t>(n - i) * sizeof(float));
  std::memcpy(restY, y + i, static_cast<size_t>(n - i) * sizeof(float));
  even.template add<special>(restX, restY);
  odd.template add<special>(restX + kSumLanes, restY + kSumLanes);
  even.finish(tally);
  odd.finish(tally);
}

template <bool perElement>
void count_small(const float* x, const float* y, int64_t n, const float* smallest, Tally& tally) {
  const Bits* in = reinterpret_cast<const Bits*>(x);
  const Bits* out = reinterpret_cast<const Bits*>(y);
  const float one = perElement ? 0 : *smallest;
  uint32_t flushed = 0, underflowed = 0, subnormal = 0, nonFinite = 0;
  for (int64_t i = 0; i < n; i++) {
    const uint32_t from = in[i], to = out[i], a = from & ~kSignBit, b = to & ~kSignBit;
    const uint32_t limit = bits_of(perElement ? smallest[i] : one);
    const uint32_t becameZero = (b == 0) & (a != 0);
    // Not equal as numbers: NaN is never equal, and zeros of either sign are left out by a ≠ 0.
    const uint32_t changedBelow = (a < limit) & (a != 0) & (from != to);
    flushed += becameZero;
    underflowed += becameZero | changedBelow;
    subnormal += (b != 0) & (b < limit);
    nonFinite += b >= kInfinityBits;
  }
  tally.flushed += flushed;
  tally.underflowed += underflowed;
  tally.subnormal += subnormal;
  tally.nonFinite += nonFinite;
}

#if defined(__AVX512F__)
// Elements of one limit, in whole registers: comparisons give masks, and counts are the bits of masks.
void count_registers(const float* x, const float* y, int64_t n, float smallest, Tally& tally) {
  const auto word = [](uint32_t bits) { return _mm512_set1_epi32(static_cast<int>(bits)); };
  const auto count = [](__mmask16 mask) { return static_cast<uint32_t>(std::popcount(static_cast<uint32_t>(mask))); };
  const __m512i magnitude = word(~kSignBit), infinity = word(kInfinityBits), one = word(1);
  // 0 < a < limit as one comparison of unsigned numbers: a − 1 < limit − 1; none if the limit is 0.
  const __m512i limit = word(smallest > 0 ? bits_of(smallest) - 1 : 0);
  uint32_t flushed = 0, underflowed = 0, subnormal = 0, nonFinite = 0;
  for (int64_t i = 0; i < n; i += 16) {
    const __m512i from = _mm512_loadu_si512(x + i), to = _mm512_loadu_si512(y + i);
    const __m512i a = _mm512_and_si512(from, magnitude), b = _mm512_and_si512(to, magnitude);
    const __mmask16 small = _mm512_cmplt_epu32_mask(_mm512_sub_epi32(a, one), limit);
    const __mmask16 changed = _mm512_mask_cmpneq_epu32_mask(small, from, to);
    const __mmask16 zeros = _mm512_mask_cmpeq_epu32_mask(_mm512_test_epi32_mask(a, a), b, _mm512_setzero_si512());
    flushed += count(zeros);
    underflowed += count(static_cast<__mmask16>(zeros | changed));
    subnormal += count(_mm512_cmplt_epu32_mask(_mm512_sub_epi32(b, one), limit));
    nonFinite += count(_mm512_cmpge_epu32_mask(b, infinity));
  }
  tally.flushed += flushed;
  tally.underflowed += underflowed;
  tally.subnormal += subnormal;
  tally.nonFinite += nonFinite;
}
#endif

void count_block(const float* x, const float* y, int64_t n, const float* smallest, Tally& tally) {
#if defined(__AVX512F__)
  if (n % 16 == 0) return count_registers(x, y, n, *smallest, tally);
#endif
  count_small<false>(x, y, n, smallest, tally);
}

bool has_special(const float* x, const float* y, int64_t n) {
  const Bits* in = reinterpret_cast<const Bits*>(x);
  const Bits* out = reinterpret_cast<const Bits*>(y);
  uint32_t most = 0;
  for (int64_t i = 0; i < n; i++) most = std::max(most, std::max(in[i] & ~kSignBit, out[i] & ~kSignBit));
  return most >= kInfinityBits;
}

}  // namespace

void measure_block(const float* x, const float* y, int64_t n, const float* smallest, int64_t width, Tally& tally) {
  if (width == 1 && n > 1) {
    count_small<true>(x, y, n, smallest, tally);
  } else {
    for (int64_t i = 0; i < n; i += width, smallest++) count_block(x + i, y + i, std::min(width, n - i), smallest, tally);
  }
  // Most pieces have neither NaN nor infinities.
  (has_special(x, y, n) ? sum_errors<true> : sum_errors<false>)(x, y, n, tally);
}

}  // namespace roundoff::ROUNDOFF_TIER
