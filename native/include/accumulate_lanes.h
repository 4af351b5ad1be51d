// The inner loops of accumulator profiles: sums of a block of outputs, one step after another, each rounded once. A sum is
// first rounded to odd in a wider type, from the exact sum of the exact product; rounding that to the format is then as if
// it were the only rounding (Boldo and Melquiond 2008). Formats of up to 22 bits take FP32 lanes where the processor
// rounds single instructions as they say (AVX-512); everything else takes FP64 lanes.
#pragma once

#include "accumulate.h"

namespace roundoff::ROUNDOFF_TIER {

// sums[m · kBlockColumns + n] = round(sums[…] + a[m · kSlice + k] · b[k · kBlockColumns + n]), for k = 0 … steps−1.
// `rows` is a multiple of 4 and `columns` one of 16; what lies beyond the real ones is zeros. NaNs are the canonical one.
struct SliceCall {
  const float *a, *b;
  int64_t rows, columns, steps;
  void* sums;
};

struct LaneLoops {
  // Bytes of one sum: FP32 or FP64.
  int64_t sumBytes;
  void (*slice)(const SliceCall& call, const StoreRounding& format);
  // totals[i] = round(totals[i] + sums[i]), sums[i] = 0.
  void (*fold)(void* totals, void* sums, int64_t n, const StoreRounding& format);
};

LaneLoops lanes_for(const Accumulator& accumulator);

#if defined(__AVX512F__)
// FP32 lanes; slice is null if the format needs FP64.
LaneLoops narrow_lanes_for(const StoreRounding& format);
#endif

}  // namespace roundoff::ROUNDOFF_TIER
