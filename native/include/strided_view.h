// Reading a tensor in another order or repeated: an index space with a stride per axis, as in NumPy. Broadcasting,
// transposing and the axes of a reduction are all such views of dense memory.
#pragma once

#include "command.h"

namespace roundoff::ROUNDOFF_TIER {

// Element (i₀, …) of the view is element Σ iₐ·strides[a] of the tensor. Rank 0: one element.
struct StridedView {
  int rank = 0;
  int64_t dims[kMaxRank] = {};
  int64_t strides[kMaxRank] = {};

  void push(int64_t dim, int64_t stride) {
    dims[rank] = dim;
    strides[rank++] = stride;
  }
  int64_t elements() const;
  // Where element `index` (row-major) of the view lies in the tensor.
  int64_t offset_of(int64_t index) const;
};

// Row-major strides of a dense tensor.
StridedView dense_view(const Operand& x);

// The same view with axes of size 1 dropped and neighbouring axes joined where one stride covers both: the innermost
// axis becomes as long as it can.
StridedView collapse(const StridedView& view);

// x seen in the shape of y, repeated along axes where x has size 1 or none. Collapsed.
StridedView broadcast_view(const Operand& x, const Operand& y);

inline bool is_dense(const StridedView& view) {
  return view.rank == 0 || (view.rank == 1 && (view.strides[0] == 1 || view.dims[0] == 1));
}

// dst[0..n) = elements offset … offset+n−1 of the view of x, as FP32.
void load_view(const Operand& x, const StridedView& view, int64_t offset, int64_t n, float* dst);

}  // namespace roundoff::ROUNDOFF_TIER
