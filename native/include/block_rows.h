// The common case of block formats: rows of whole blocks of 16 or 32 elements, in two steps per band: the
// steps of its blocks, then all of its elements. The first is asked for one band ahead. What it cannot do (NaN, FP32's
// ends, tails, other widths) the general path of bulk_groups.cpp does.
#pragma once

#include "group_runs.h"
#include "group_scales.h"
#include "round_choice.h"
#include "threshold_loops.h"

namespace roundoff::ROUNDOFF_TIER {

class BlockRows {
 public:
  static constexpr int64_t kGroups = kPiece / 16;

  // The steps of a band's blocks, if it can be rounded here.
  struct Steps {
    Bands::Band band;
    bool usable;
    alignas(64) float scales[kGroups];
    alignas(64) uint32_t shifts[kGroups];  // powers of two
    alignas(64) double steps[kGroups];     // two levels
    ThresholdTable<kGroups> table;         // two levels
  };

  BlockRows(const BulkJob& job, const ScaleSpec& spec, const GroupLayout& layout, const GroupScales& scales);

  void prepare(const Bands& bands, const Bands::Band& band, Steps& steps) const;
  void round(const Bands& bands, const Steps& steps, const PieceTarget& target, Tally* tally) const;

 private:
  bool find_steps(const Bands& bands, Steps& steps) const;
  void find_smallest(const Steps& steps, float* smallest) const;
  uint32_t round_row(const GroupRun& run, float* y, const Steps& steps, bool counts) const;
  uint32_t round_each_block(const GroupRun& run, float* y, const Steps& steps) const;

  const BulkJob& job_;
  const GroupScales& scales_;
  bool powers_ = false, twoLevel_ = false;
  RoundLoop<OneStep> blockLoop_ = nullptr;  // modes without a loop over many blocks
  int64_t width_;
};

}  // namespace roundoff::ROUNDOFF_TIER
