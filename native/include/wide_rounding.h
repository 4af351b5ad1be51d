// Rounding in FP64: for every format and every step, at a few times the price of round_loops.h. The step may be any real
// number (amax / 127, NVFP4) or a power of two where FP32 ends; the quotient is one FP64 division, as
// src/formats/scaled/scales.ts says and proves harmless.
#pragma once

#include "bulk.h"

namespace roundoff::ROUNDOFF_TIER {

// The steps of n elements, with their zero points if the integers are affine (else null). One for all or one for each.
struct WideSteps {
  const double* steps;
  const int32_t* zeroPoints;
  bool perElement;
};

// y[i] = the value of x[i] (`elements`: the element under its step; affine: the code). A step that is NaN makes NaN, and
// element 0. `random` is read if the mode is stochastic. Returns how many elements overflowed. y may be x; n ≤ kBlock.
uint32_t round_wide(const float* x, float* y, int64_t n, const Element& element, const WideSteps& steps,
                    const uint32_t* random, bool elements);

}  // namespace roundoff::ROUNDOFF_TIER
