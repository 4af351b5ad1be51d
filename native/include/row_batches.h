// Block formats whose steps are powers of two, along one row, without statistics, by the register loops of an AVX-512
// processor; what they leave over is said, not done. On other processors they leave everything over.
#pragma once

#include "group_scales.h"

namespace roundoff::ROUNDOFF_TIER {

// Blocks per batch: what is left over is whole batches, or the end of the row.
constexpr int64_t kBlocksPerBatch = 16;

// Whether row_batches serves for a job whose groups are laid out like this.
bool has_row_batches(const BulkJob& job, const ScaleSpec& spec, const GroupLayout& layout, const GroupScales& scales);

// Called with a batch that the loops leave over.
class LeftOver {
 public:
  template <class F>
  explicit LeftOver(const F& body)
      : body_(&body), call_([](const void* f, int64_t batch) { (*static_cast<const F*>(f))(batch); }) {}
  void operator()(int64_t batch) const { call_(body_, batch); }

 private:
  const void* body_;
  void (*call_)(const void*, int64_t);
};

// The batches from `first` to `last`; `kept` receives the scales of the row, if it is not null.
void row_batches(const BulkJob& job, const GroupLayout& layout, const GroupScales& scales, float* kept, int64_t first,
                 int64_t last, const LeftOver& leftOver);

}  // namespace roundoff::ROUNDOFF_TIER
