// The steps of one band of any layout: ranges of its groups, then their scales. Where the rows of a band share groups,
// every element gets a step of its own, so that rows are worked on as vectors whatever the width of the groups.
#pragma once

#include "group_rounder.h"

namespace roundoff::ROUNDOFF_TIER {

class BandSteps {
 public:
  BandSteps(const ScaleSpec& spec, const GroupLayout& layout, const GroupScales& scales)
      : scales_(scales), inner_(layout.inner), manyRows_(layout.blockRows > 1) {
    powers_ = (spec.kind == ScaleKind::e8m0 || spec.kind == ScaleKind::sharedExponent) && scales.target().maxFinite != 0;
  }

  void find(const float* x, const Bands& bands, const Bands::Band& band);

  // A run of the band, as the table has its groups.
  GroupRun run_of(GroupRun run) const {
    if (perElement_) run.width = 1;
    return run;
  }
  const GroupTable& table() const { return table_; }
  // The scales of the band's groups.
  const float* scales() const { return kept_; }

 private:
  void find_largest(const float* x, const Bands& bands, const Bands::Band& band);
  void find_groups(int64_t groups);
  void spread(int64_t n, int64_t width);

  const GroupScales& scales_;
  bool powers_, perElement_ = false;
  const int64_t inner_;
  const bool manyRows_;
  GroupTable table_{kPiece};
  uint32_t largest_[kPiece];
  float kept_[kPiece];
};

}  // namespace roundoff::ROUNDOFF_TIER
