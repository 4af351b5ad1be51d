// Statistics of a block that was just rounded and still lies in L1: no pass of their own over memory.
#pragma once

#include "bulk.h"

namespace roundoff::ROUNDOFF_TIER {

// Adds what became of n elements. `smallest`: magnitudes below it are subnormal; one for all, or one for each element
// (`perElement`). Saturation is counted where it happens, by the loops.
void measure_block(const float* x, const float* y, int64_t n, const float* smallest, bool perElement, Tally& tally);

}  // namespace roundoff::ROUNDOFF_TIER
