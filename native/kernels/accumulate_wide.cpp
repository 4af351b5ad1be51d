// Accumulation in FP64 lanes: any format, any processor. The product of two FP32 values is exact in FP64; the error of a sum
// is exact too (Knuth's TwoSum) and turns its rounding to nearest into rounding to odd.
#include <bit>
#include <cmath>

#include "accumulate_lanes.h"
#include "gemm_vector.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

constexpr int kWideLanes = kLanes / 2;
typedef double VecD __attribute__((vector_size(kWideLanes * 8)));
typedef int64_t VecL __attribute__((vector_size(kWideLanes * 8)));
typedef uint64_t VecUL __attribute__((vector_size(kWideLanes * 8)));
typedef float VecNarrow __attribute__((vector_size(kWideLanes * 4)));
typedef VecD VecDUnaligned __attribute__((aligned(8), may_alias));
typedef VecNarrow VecNarrowUnaligned __attribute__((aligned(4), may_alias));

constexpr int64_t kField64 = 0x7ffll << 52, kSign64 = INT64_MIN;

// A format as the numbers that rounding by adding a power of two needs: 1.5 · 2^k lifts both signs.
struct WideFormat {
  int64_t minNormal, unsignedZero;
  uint64_t lift;
  double below, maxFinite, overflow;

  explicit WideFormat(const StoreRounding& f)
      : minNormal(static_cast<int64_t>(f.emin + 1023) << 52),
        unsignedZero(f.hasNegativeZero ? 0 : -1),
        lift((static_cast<uint64_t>(53 - f.precision) << 52) + (1ull << 51)),
        below(std::ldexp(1.5, (f.hasSubnormals ? f.emin - (f.precision - 1) : f.emin) + 52)),
        maxFinite(f.maxFinite),
        overflow(f.overflow == Overflow::saturate ? static_cast<double>(f.maxFinite)
                 : f.overflow == Overflow::infinity && f.hasInfinity ? static_cast<double>(INFINITY)
                                                                      : static_cast<double>(NAN)) {}
};

struct RoundedSum {
  const WideFormat format;
  explicit RoundedSum(const StoreRounding& f) : format(f) {}

  [[gnu::always_inline]] VecD add(VecD x, VecD y) const {
    const VecD sum = x + y, back = sum - x;
    const VecD error = (x - (sum - back)) + (y - back);
    const VecL bits = (VecL)sum;
    // To odd: one step towards the exact sum where it is not exact and the significand is even. NaN is no error.
    const VecL moves = (error != 0) & (error == error) & ((bits & 1) == 0);
    const VecL sameSign = ~((error > 0) ^ (sum > 0));
    return round((VecD)((VecUL)bits - (VecUL)(moves & (2 * sameSign + 1))));
  }

 private:
  [[gnu::always_inline]] VecD round(VecD x) const {
    const VecL bits = (VecL)x, field = bits & kField64;
    // Unsigned: the power of Infinity wraps to a tiny number, which changes nothing.
    const VecD power = field < format.minNormal ? VecD{} + format.below : (VecD)((VecUL)field + format.lift);
    const VecD near = (x + power) - power;
    const VecL magnitude = (VecL)near & ~kSign64;
    const VecL result = (VecD)magnitude > format.maxFinite ? (VecL)(VecD{} + format.overflow) : magnitude;
    return (VecD)(result | (bits & kSign64 & ~((result == 0) & format.unsignedZero)));
  }
};

struct PlainSum {
  explicit PlainSum(const StoreRounding&) {}
  [[gnu::always_inline]] VecD add(VecD x, VecD y) const { return x + y; }
};

constexpr int kWideRows = 2, kWideVectors = 2;

// Rows 0 … kWideRows−1 and kWideVectors vectors of columns: sums stay in registers for all steps.
template <class Sum>
void wide_block(const Sum& rule, const float* a, const float* b, int64_t steps, double* sums) {
  VecD sum[kWideRows][kWideVectors];
  auto* const at = reinterpret_cast<char*>(sums);
  const auto place = [&](int m, int v) {
    return reinterpret_cast<VecDUnaligned*>(at + (m * kBlockColumns + v * kWideLanes) * static_cast<int64_t>(sizeof(double)));
  };
  for (int m = 0; m < kWideRows; m++)
    for (int v = 0; v < kWideVectors; v++) sum[m][v] = *place(m, v);
  for (int64_t k = 0; k < steps; k++, b += kBlockColumns) {
#pragma GCC unroll 2
    for (int v = 0; v < kWideVectors; v++) {
      const VecNarrow narrow = *reinterpret_cast<const VecNarrowUnaligned*>(b + v * kWideLanes);
      const VecD columns = __builtin_convertvector(narrow, VecD);
#pragma GCC unroll 2
      for (int m = 0; m < kWideRows; m++) {
        const double row = a[m * kSlice + k];
        sum[m][v] = rule.add(sum[m][v], row * columns);
      }
    }
  }
  for (int m = 0; m < kWideRows; m++)
    for (int v = 0; v < kWideVectors; v++) *place(m, v) = sum[m][v];
}

template <class Sum>
void wide_slice(const SliceCall& call, const StoreRounding& format) {
  const Sum rule(format);
  auto* sums = static_cast<double*>(call.sums);
  for (int64_t n = 0; n < call.columns; n += kWideVectors * kWideLanes) {
    for (int64_t m = 0; m < call.rows; m += kWideRows) {
      wide_block(rule, call.a + m * kSlice, call.b + n, call.steps, sums + m * kBlockColumns + n);
    }
  }
}

// n is a multiple of kWideLanes.
template <class Sum>
void wide_fold(void* totals, void* sums, int64_t n, const StoreRounding& format) {
  const Sum rule(format);
  auto* to = static_cast<VecDUnaligned*>(totals);
  auto* from = static_cast<VecDUnaligned*>(sums);
  for (int64_t i = 0; i < n / kWideLanes; i++) {
    to[i] = rule.add(to[i], from[i]);
    from[i] = VecD{};
  }
}

// Sums in INT32 that wrap, one lane for each column; a, b hold integers of at most 15 bits and a sign, exactly.
void chain_slice(const SliceCall& call, const StoreRounding&) {
  auto* sums = static_cast<uint32_t*>(call.sums);
  for (int64_t m = 0; m < call.rows; m++) {
    uint32_t* row = sums + m * kBlockColumns;
    for (int64_t k = 0; k < call.steps; k++) {
      const int32_t a = static_cast<int32_t>(call.a[m * kSlice + k]);
      const float* b = call.b + k * kBlockColumns;
      ROUNDOFF_INDEPENDENT
      for (int64_t n = 0; n < call.columns; n++) row[n] += static_cast<uint32_t>(a * static_cast<int32_t>(b[n]));
    }
  }
}

void chain_fold(void* totals, void* sums, int64_t n, const StoreRounding&) {
  auto* to = static_cast<float*>(totals);
  auto* from = static_cast<uint32_t*>(sums);
  for (int64_t i = 0; i < n; i++) {
    to[i] += static_cast<float>(static_cast<int32_t>(from[i]));
    from[i] = 0;
  }
}

}  // namespace

LaneLoops lanes_for(const Accumulator& accumulator) {
  if (accumulator.kind == AccumulatorKind::int32Chain) return {sizeof(float), chain_slice, chain_fold};
  if (accumulator.kind == AccumulatorKind::fp64) return {sizeof(double), wide_slice<PlainSum>, wide_fold<PlainSum>};
#if defined(__AVX512F__)
  const LaneLoops narrow = narrow_lanes_for(accumulator.format);
  if (narrow.slice != nullptr) return narrow;
#endif
  return {sizeof(double), wide_slice<RoundedSum>, wide_fold<RoundedSum>};
}

}  // namespace roundoff::ROUNDOFF_TIER
