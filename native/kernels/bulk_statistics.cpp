// What rounding did to a block: counts and the largest error exactly, sums in FP64 in eight lanes whatever the tier, so
// that every tier adds in the same order. Truth: src/formats/rounding-statistics.ts.
#include "bulk_statistics.h"

#include <cmath>
#include <cstring>

#include "round_loops.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

constexpr int kSumLanes = 8;
using Doubles = double __attribute__((vector_size(8 * kSumLanes)));
using Floats = float __attribute__((vector_size(4 * kSumLanes)));
using Masks = int64_t __attribute__((vector_size(8 * kSumLanes)));

// By reference: a function that returns a vector wider than its tier's registers has no settled way to do so.
void widen(const float* x, Doubles& wide) {
  Floats values;
  std::memcpy(&values, x, sizeof values);
  wide = __builtin_convertvector(values, Doubles);
}

struct Sums {
  Doubles signal{}, noise{}, largest{};

  void add(const float* input, const float* result) {
    Doubles x, y;
    widen(input, x);
    widen(result, y);
    const Doubles difference = y - x;
    const Doubles error = reinterpret_cast<Doubles>(reinterpret_cast<Masks>(difference) & INT64_MAX);
    // NaN if either is NaN, infinite if one is: neither has an error to measure.
    const Masks isNumber = error < Doubles{} + static_cast<double>(INFINITY);
    const Doubles counted = reinterpret_cast<Doubles>(reinterpret_cast<Masks>(error) & isNumber);
    const Doubles kept = reinterpret_cast<Doubles>(reinterpret_cast<Masks>(x) & isNumber);
    largest = counted > largest ? counted : largest;
    signal += kept * kept;
    noise += counted * counted;
  }

  void finish(Tally& tally) const {
    for (int lane = 0; lane < kSumLanes; lane++) {
      tally.signal += signal[lane];
      tally.noise += noise[lane];
      tally.maxAbsError = std::fmax(tally.maxAbsError, largest[lane]);
    }
  }
};

void sum_errors(const float* x, const float* y, int64_t n, Tally& tally) {
  Sums even, odd;
  int64_t i = 0;
  for (; i + 2 * kSumLanes <= n; i += 2 * kSumLanes) {
    even.add(x + i, y + i);
    odd.add(x + i + kSumLanes, y + i + kSumLanes);
  }
  float restX[2 * kSumLanes] = {}, restY[2 * kSumLanes] = {};
  std::memcpy(restX, x + i, static_cast<size_t>(n - i) * sizeof(float));
  std::memcpy(restY, y + i, static_cast<size_t>(n - i) * sizeof(float));
  even.add(restX, restY);
  odd.add(restX + kSumLanes, restY + kSumLanes);
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

}  // namespace

void measure_block(const float* x, const float* y, int64_t n, const float* smallest, int64_t width, Tally& tally) {
  if (width == 1 && n > 1) {
    count_small<true>(x, y, n, smallest, tally);
  } else {
    for (int64_t i = 0; i < n; i += width, smallest++) {
      count_small<false>(x + i, y + i, std::min(width, n - i), smallest, tally);
    }
  }
  sum_errors(x, y, n, tally);
}

}  // namespace roundoff::ROUNDOFF_TIER
