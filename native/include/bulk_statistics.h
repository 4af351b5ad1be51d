// Statistics of a block that was just rounded and still lies in L1: no pass of their own over memory.
#pragma once

#include "bulk.h"

namespace roundoff::ROUNDOFF_TIER {

// Adds what became of n elements. smallest[⌊i / width⌋]: magnitudes below it are subnormal; width ≥ 1.
// Saturation is counted where it happens, by the loops.
void measure_block(const float* x, const float* y, int64_t n, const float* smallest, int64_t width, Tally& tally);

}  // namespace roundoff::ROUNDOFF_TIER
