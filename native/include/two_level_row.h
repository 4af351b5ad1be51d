// NVFP4 along one row, without statistics, on an AVX-512 processor: the maxima of all blocks in a first pass, which the
// tensor's scale needs anyway, and the elements in a second. Elsewhere it does not serve.
#pragma once

#include "bulk_chunks.h"
#include "group_scales.h"

namespace roundoff::ROUNDOFF_TIER {

class TwoLevelRegisters;

class TwoLevelRow {
 public:
  // Elements of a batch of blocks.
  static constexpr int64_t kElements = 256;

  static bool serves(const BulkJob& job, const ScaleSpec& spec, const GroupLayout& layout);

  TwoLevelRow(const BulkJob& job, const GroupScales& scales, Context& ctx);

  int64_t batches() const { return batches_; }
  // The first pass: keeps the maxima of the blocks and gives the largest, of the elements behind the last batch too.
  uint32_t find_maxima();
  // The second pass, when `scales` has the tensor's scale; `kept`, if it is not null, receives those of the blocks. False,
  // and nothing, if the tensor's scale is zero, no number, or near the ends of FP32.
  bool round(float* kept);

 private:
  void round_batches(const TwoLevelRegisters& registers, int64_t first, int64_t last, float* kept) const;

  const BulkJob& job_;
  const GroupScales& scales_;
  Context& ctx_;
  const PieceTarget target_;
  const int64_t batches_;
  uint32_t* maxima_;
};

}  // namespace roundoff::ROUNDOFF_TIER
