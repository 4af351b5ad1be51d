// Rounds runs of elements under scales: loops on FP32 bits for steps that are powers of two, FP64 for the others.
#pragma once

#include "element_rounder.h"
#include "group_runs.h"
#include "group_scales.h"

namespace roundoff::ROUNDOFF_TIER {

// The steps of some groups, as the loops read them.
struct GroupTable {
  explicit GroupTable(int64_t groups)
      : shifts(static_cast<size_t>(groups)), zeroPoints(static_cast<size_t>(groups)), steps(static_cast<size_t>(groups)),
        smallest(static_cast<size_t>(groups)), fast(static_cast<size_t>(groups)) {}

  void set(int64_t group, const GroupStep& step) {
    const size_t at = static_cast<size_t>(group);
    shifts[at] = step.shift;
    zeroPoints[at] = step.zeroPoint;
    steps[at] = step.step;
    smallest[at] = step.smallest;
    fast[at] = step.fast;
    allFast = allFast && step.fast;
  }

  std::vector<uint32_t> shifts;
  std::vector<int32_t> zeroPoints;
  std::vector<double> steps;
  std::vector<float> smallest;
  std::vector<uint8_t> fast;
  bool allFast = true;  // of the groups that were set
};

// The bits of the largest magnitude.
uint32_t largest_magnitude(const float* x, int64_t n);
// largest[i] = the larger of itself and the magnitude of x[i], in bits.
void widen_each(const float* x, int64_t n, uint32_t* largest);

// Widens ranges[group of i] by x[i], for the elements of a run.
void widen_ranges(const float* x, const GroupRun& run, bool needsEnds, GroupRange* ranges);

class GroupRounder {
 public:
  GroupRounder(const BulkJob& job, const GroupScales& scales, bool affine);

  // Rounds a run into `made` (its first element at made[0]) and measures it. Groups count as in the table.
  // In `tally`, if there is one; `values` is room for kPiece floats.
  void operator()(const GroupRun& run, const GroupTable& table, float* made, Tally* tally, float* values) const;

 private:
  uint32_t round(const GroupRun& run, const GroupTable& table, const uint32_t* random, float* y, bool elements) const;
  uint32_t round_fast(const float* x, float* y, int64_t n, const uint32_t* random, uint32_t shift, bool elements) const;

  const BulkJob& job_;
  Target target_;
  bool affine_;
  RoundLoop<OneStep> one_ = nullptr;
  RoundLoop<StepPerElement> each_ = nullptr;
};

}  // namespace roundoff::ROUNDOFF_TIER
