// Accumulation in FP64 lanes: any format, any processor. The product of two FP32 values is exact in FP64; the error of a sum
// is exact too (Knuth's TwoSum) and turns its rounding to nearest into rounding to odd.
#include <cmath>

#include "accumulate_lanes.h"
#include "round_loops.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

constexpr uint64_t kField64 = 0x7ffull << 52, kHalf64 = 1ull << 51;

inline uint64_t word64(double x) { return std::bit_cast<uint64_t>(x); }
inline double from_word64(uint64_t bits) { return std::bit_cast<double>(bits); }

inline double add_to_odd(double x, double y) {
  const double sum = x + y, back = sum - x;
  const double error = (x - (sum - back)) + (y - back);
  const uint64_t bits = word64(sum);
  const bool moves = std::abs(error) > 0 && (bits & 1) == 0;
  const uint64_t step = (error > 0) == (sum > 0) ? 1 : ~0ull;
  return from_word64(bits + (moves ? step : 0));
}

// A format as the numbers that rounding by adding a power of two needs: 1.5 · 2^k lifts both signs.
struct WideFormat {
  uint64_t minNormal, lift;
  double below, maxFinite, overflow;
  bool signedZero;

  explicit WideFormat(const StoreRounding& f)
      : minNormal(static_cast<uint64_t>(f.emin + 1023) << 52),
        lift((static_cast<uint64_t>(53 - f.precision) << 52) + kHalf64),
        below(std::ldexp(1.5, (f.hasSubnormals ? f.emin - (f.precision - 1) : f.emin) + 52)),
        maxFinite(f.maxFinite),
        overflow(f.overflow == Overflow::saturate ? static_cast<double>(f.maxFinite)
                 : f.overflow == Overflow::infinity && f.hasInfinity ? static_cast<double>(INFINITY)
                                                                      : static_cast<double>(NAN)),
        signedZero(f.hasNegativeZero) {}

  double round(double x) const {
    const uint64_t field = word64(x) & kField64;
    const double power = field < minNormal ? below : from_word64(field + lift);
    const double near = std::abs((x + power) - power);
    const double magnitude = near > maxFinite ? overflow : near;
    return signedZero || magnitude != 0 ? std::copysign(magnitude, x) : magnitude;
  }
};

void rounded_slice(const SliceCall& call, const StoreRounding& store) {
  const WideFormat format(store);
  auto* sums = static_cast<double*>(call.sums);
  for (int64_t m = 0; m < call.rows; m++) {
    double* row = sums + m * kBlockColumns;
    for (int64_t k = 0; k < call.steps; k++) {
      const double a = call.a[m * kSlice + k];
      const float* b = call.b + k * kBlockColumns;
      ROUNDOFF_INDEPENDENT
      for (int64_t n = 0; n < call.columns; n++) row[n] = format.round(add_to_odd(row[n], a * b[n]));
    }
  }
}

void rounded_fold(void* totals, void* sums, int64_t n, const StoreRounding& store) {
  const WideFormat format(store);
  auto *to = static_cast<double*>(totals), *from = static_cast<double*>(sums);
  for (int64_t i = 0; i < n; i++) {
    to[i] = format.round(add_to_odd(to[i], from[i]));
    from[i] = 0;
  }
}

void fp64_slice(const SliceCall& call, const StoreRounding&) {
  auto* sums = static_cast<double*>(call.sums);
  for (int64_t m = 0; m < call.rows; m++) {
    double* row = sums + m * kBlockColumns;
    for (int64_t k = 0; k < call.steps; k++) {
      const double a = call.a[m * kSlice + k];
      const float* b = call.b + k * kBlockColumns;
      ROUNDOFF_INDEPENDENT
      for (int64_t n = 0; n < call.columns; n++) row[n] += a * b[n];
    }
  }
}

void fp64_fold(void* totals, void* sums, int64_t n, const StoreRounding&) {
  auto *to = static_cast<double*>(totals), *from = static_cast<double*>(sums);
  for (int64_t i = 0; i < n; i++) {
    to[i] += from[i];
    from[i] = 0;
  }
}

}  // namespace

LaneLoops lanes_for(const Accumulator& accumulator) {
  if (accumulator.kind == AccumulatorKind::fp64) return {sizeof(double), fp64_slice, fp64_fold};
#if defined(__AVX512F__)
  const LaneLoops narrow = narrow_lanes_for(accumulator.format);
  if (narrow.slice != nullptr) return narrow;
#endif
  return {sizeof(double), rounded_slice, rounded_fold};
}

}  // namespace roundoff::ROUNDOFF_TIER
