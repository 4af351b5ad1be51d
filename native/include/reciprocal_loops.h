// Elements of few bits under steps that are any real number, without dividing: x times the FP32 reciprocal of its step lies
// within a known distance of the quotient, and where that distance does not decide the rounding, FP64 does (wide_rounding.h).
// Results are those of round_wide in every bit.
#pragma once

#include "bulk.h"

namespace roundoff::ROUNDOFF_TIER {

// Of every element the reciprocal of its step, and what an element of 1 becomes; or, if not of `each`, of all together.
struct ReciprocalSteps {
  const float* inverses;
  const float* units;
  const double* steps;  // of every `width` elements; after `groups` of them the first again
  int64_t width, groups;
  bool each;
};

// The reciprocal that the loops take for a step; NaN, which leaves every element in doubt, where FP32 has none of full
// precision. Under a step of 0 are zeros.
inline float reciprocal_of(double step) {
  return step == 0 ? 0.0f : step <= 0x1p120 ? static_cast<float>(1 / step) : NAN;
}

// Whether `round_by_reciprocals` rounds such elements.
bool has_reciprocals(const Element& element);

// y[i] = the element of x[i], times its unit in FP32. n ≤ kBlock; `random` is read if the mode is stochastic. y is not x.
void round_by_reciprocals(const float* x, float* y, int64_t n, const Element& element, const ReciprocalSteps& steps,
                          const uint32_t* random);

}  // namespace roundoff::ROUNDOFF_TIER
