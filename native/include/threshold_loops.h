// E2M1 elements under steps that are any real number (NVFP4), rounded to nearest even by comparing: where x / step passes
// from one value to the next is a threshold on |x|, exact in FP64 and then an FP32 number, so nothing is divided.
#pragma once

#include "bulk.h"
#include "bulk_chunks.h"
#include "round_loops.h"

namespace roundoff::ROUNDOFF_TIER {

inline bool is_e2m1(const Element& element) {
  const StoreRounding& store = element.store;
  return element.kind == ElementKind::real && store.precision == 2 && store.emin == 0 && store.maxFinite == 6 &&
         store.hasSubnormals && store.hasNegativeZero;
}

// For some groups: bits of the smallest magnitude that rounds to the value k + 1 or beyond, and the bits of that value.
// The last threshold is that of saturation.
struct ThresholdTable {
  static constexpr int kValues = 7;
  static constexpr int64_t kGroups = kPiece / 16;
  alignas(64) uint32_t thresholds[kValues + 1][kGroups];
  alignas(64) uint32_t values[kValues][kGroups];

  void fill(const double* steps, int64_t groups) {
    constexpr double kMagnitudes[kValues] = {0.5, 1, 1.5, 2, 3, 4, 6};
    // Halfway between neighbours; a tie goes to the even code, which is the upper one at every second place.
    constexpr double kHalfways[kValues + 1] = {0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5, 7};
    for (int k = 0; k <= kValues; k++) {
      const bool tieGoesUp = k % 2 != 0;
      for (int64_t i = 0; i < groups; i++) {
        const double step = steps[i], halfway = kHalfways[k] * step;
        const float near = static_cast<float>(halfway);
        const double back = static_cast<double>(near);
        const bool reached = tieGoesUp ? back >= halfway : back > halfway;
        const uint32_t next = bits_of(near) + (reached ? 0u : 1u);
        // A step of 0 holds zeros only; under one that is no number nothing is.
        thresholds[k][i] = step > 0 ? next : step == 0 ? UINT32_MAX : 0;
        if (k < kValues) values[k][i] = bits_of(static_cast<float>(kMagnitudes[k] * step));
      }
    }
  }
};

// n ≤ 16 elements of one group. Returns how many saturated, if it counts.
template <bool count>
uint32_t round_by_thresholds(const float* x, float* y, int64_t n, const ThresholdTable& table, int64_t group) {
  const Bits* in = reinterpret_cast<const Bits*>(x);
  Bits* out = reinterpret_cast<Bits*>(y);
  uint32_t thresholds[ThresholdTable::kValues + 1], values[ThresholdTable::kValues];
  for (int k = 0; k <= ThresholdTable::kValues; k++) thresholds[k] = table.thresholds[k][group];
  for (int k = 0; k < ThresholdTable::kValues; k++) values[k] = table.values[k][group];
  uint32_t saturated = 0;
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) {
    const uint32_t bits = in[i], magnitude = bits & ~kSignBit;
    uint32_t value = magnitude >= thresholds[0] ? values[0] : 0;
    value = magnitude >= thresholds[1] ? values[1] : value;
    value = magnitude >= thresholds[2] ? values[2] : value;
    value = magnitude >= thresholds[3] ? values[3] : value;
    value = magnitude >= thresholds[4] ? values[4] : value;
    value = magnitude >= thresholds[5] ? values[5] : value;
    value = magnitude >= thresholds[6] ? values[6] : value;
    if constexpr (count) saturated += magnitude >= thresholds[7] && values[6] <= kInfinityBits ? 1u : 0u;
    out[i] = value | (bits & kSignBit);
  }
  return saturated;
}

}  // namespace roundoff::ROUNDOFF_TIER
