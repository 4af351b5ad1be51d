// A band of groups (group_runs.h) of a plan's tensor: the largest magnitude of each group, then steps, then its elements,
// a run at a time. Whatever the storage of the tensor: values come and go as FP32 blocks.
#pragma once

#include "element_rounder.h"
#include "group_runs.h"
#include "group_scales.h"
#include "reciprocal_loops.h"

namespace roundoff::ROUNDOFF_TIER {

// Steps of the groups of a band, or of all slices of a tensor.
struct GroupSteps {
  uint32_t* shifts;     // E << 23 of steps 2^E, where `fast`
  double* steps;        // else the steps
  int32_t* zeroPoints;  // affine integers, else null
  bool fast;            // loops on FP32 bits serve all of them
  // Where `units` is not null, an element of 1 (affine: a code one above its zero point) is rounded to that FP32 number
  // instead of the step; where `inverses` is not null either, they are for loops that do not divide.
  float* units = nullptr;
  float* inverses = nullptr;
};

class BandRounder {
 public:
  BandRounder(const Element& element, const ScaleSpec& spec, const GroupScales& scales, const Clock& clock);

  // largest[group of i] = the larger of it and |values[i]|, in bits.
  static void widen(const float* values, const GroupRun& run, uint32_t* largest);
  // Whether loops that do not divide serve steps that are real numbers, given units.
  bool multiplies() const { return multiplies_; }
  // Steps from the largest magnitudes; fills `made.shifts` or `made.steps`, and of two levels `made.units`, the lower one,
  // and `made.inverses`, which must be there if `multiplies`.
  void find_steps(const uint32_t* largest, int64_t groups, GroupSteps& made) const;
  // made[i] = values[i] rounded; they may be the same.
  void round(const float* values, const GroupRun& run, const GroupSteps& steps, float* made) const;

 private:
  void round_fast(const float* values, const GroupRun& run, const uint32_t* shifts, const uint32_t* random, float* made) const;
  void round_slow(const float* values, const GroupRun& run, const GroupSteps& steps, const uint32_t* random, float* made) const;
  void round_multiplying(const float* values, const GroupRun& run, const GroupSteps& steps, const uint32_t* random, float* made) const;

  const Element& element_;
  const GroupScales& scales_;
  Clock clock_;
  bool powers_, twoLevel_, byAdding_, multiplies_;
  Target target_{};
  RoundLoop<OneStep> one_ = nullptr;
  RoundLoop<StepPerElement> each_ = nullptr;
};

}  // namespace roundoff::ROUNDOFF_TIER
