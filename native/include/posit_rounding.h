// Posits of up to 32 bits, es = 2: rounding FP32 values to them, in the bits of the values.
#pragma once

#include "bulk.h"

namespace roundoff::ROUNDOFF_TIER {

// y[i] = the posit that stands for x[i]; NaN for NaN and ±∞. `random` is read if the mode is stochastic. Returns how many
// finite elements were beyond the largest posit, if it `counts`. y may be x.
uint32_t round_posit(const float* x, float* y, int64_t n, const Element& element, const uint32_t* random, bool counts);

}  // namespace roundoff::ROUNDOFF_TIER
