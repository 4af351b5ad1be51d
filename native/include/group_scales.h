// From the range of a group to its scale and step: exponents from the bits of amax, never from a logarithm. The truth is
// src/formats/scaled/scale-rules.ts and scales.ts.
#pragma once

#include "bulk.h"
#include "round_target.h"

namespace roundoff::ROUNDOFF_TIER {

constexpr int32_t kNoExponent = 1 << 30;  // EXPONENT_NOT_A_NUMBER

// `amax` in FP32 bits, the largest of all for NaN; min ≤ 0 ≤ max, for affine integers only.
struct GroupRange {
  uint32_t amax = 0;
  float min = 0, max = 0;
};

// What elements of a group are rounded with.
struct GroupStep {
  double step;      // the real number that 1 stands for; NaN: the group is not a number
  float scale;      // as it is kept beside the codes
  float smallest;   // below it a magnitude is subnormal (integers: below one step); rounded up to FP32
  uint32_t shift;   // step = 2^E: E << 23, where `fast`
  int32_t zeroPoint;
  bool fast;        // the loops on FP32 bits may be used
};

// Steps 2^E from the bits of an amax that is no NaN, no infinity and no subnormal: E = ((amax + bump) >> 23) − offset. Loops
// on FP32 bits serve from `lowest` to `highest`. Scales are E, or 2^(E + unit).
struct PowerRule {
  uint32_t bump = 0;
  int offset = 0, unit = 0;
  int lowest = 1, highest = 0;
  bool sharedExponents = false;
};

class GroupScales {
 public:
  GroupScales(const Element& element, const ScaleSpec& spec);

  // Two-level scales: before anything else, with the amax of the tensor in bits.
  void set_tensor_amax(uint32_t amax);
  void set_tensor_scale(float scale) { tensorScale_ = scale; }
  float tensor_scale() const { return tensorScale_; }

  GroupStep step_for(const GroupRange& range) const;
  // Many groups at once: shifts and scales from their amax, as step_for. False, and nothing of use, if one of the groups
  // cannot be rounded by loops on FP32 bits.
  bool fast_steps(const uint32_t* amax, int64_t groups, uint32_t* shifts, float* scales) const;
  // GroupStep.smallest of a step.
  float smallest_under(double step) const;
  // Two-level scales of many groups: the lower level, and the steps.
  void two_level_steps(const uint32_t* amax, int64_t groups, float* scales, double* steps) const;
  // The bits of GroupStep.smallest under a step of 1.
  uint32_t smallest_bits() const;
  // The step of a scale that was kept.
  double step_of(float scale) const;

  // Steps 2^E with E in this range can be rounded by loops on FP32 bits.
  const Target& target() const { return target_; }
  const PowerRule& power_rule() const { return rule_; }

 private:
  GroupStep power_of_two(float scale, int exponent, bool zero) const;
  GroupStep real_step(float scale, double step, int32_t zeroPoint) const;
  int mx_exponent(uint32_t amax) const;
  int block_exponent(uint32_t amax) const;

  const Element& element_;
  const ScaleSpec& spec_;
  Target target_{};
  PowerRule rule_;
  float tensorScale_ = 1;
};

}  // namespace roundoff::ROUNDOFF_TIER
