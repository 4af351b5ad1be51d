// Reading a tensor in another order or repeated: an index space with a stride per axis, as in NumPy. Broadcasting,
// transposing and the axes of a reduction are all such views of dense memory.
#pragma once

#include "command.h"

namespace roundoff::ROUNDOFF_TIER {

// Element (i₀, …) of the view is element start + Σ iₐ·strides[a] of the tensor. Strides may be negative. Rank 0: one
// element.
struct StridedView {
  int rank = 0;
  int64_t start = 0;
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

// dst[0..n) = elements offset … offset+n−1 of the view of x, as FP32 (i32: the same bits).
void load_view(const Operand& x, const StridedView& view, int64_t offset, int64_t n, float* dst);

// The same of an array of FP64 numbers.
void load_view(const double* x, const StridedView& view, int64_t offset, int64_t n, double* dst);

// Visits a view from element `offset` on in pieces of its innermost axis: body(at, done, count): `count` elements, the
// first at `at` of the tensor, which are elements done … done+count−1 of those asked for.
template <class Body>
void for_view_rows(const StridedView& view, int64_t offset, int64_t n, const Body& body) {
  if (view.rank == 0) return body(view.start, int64_t{0}, n);
  const int inner = view.rank - 1;
  const int64_t length = view.dims[inner];
  int64_t index[kMaxRank];
  int64_t at = view.start, rest = offset / length, within = offset % length;
  for (int axis = inner - 1; axis >= 0; axis--) {
    index[axis] = rest % view.dims[axis];
    at += index[axis] * view.strides[axis];
    rest /= view.dims[axis];
  }
  for (int64_t done = 0; done < n; within = 0) {
    const int64_t count = n - done < length - within ? n - done : length - within;
    body(at + within * view.strides[inner], done, count);
    done += count;
    for (int axis = inner - 1; axis >= 0; axis--) {
      at += view.strides[axis];
      if (++index[axis] < view.dims[axis]) break;
      at -= view.strides[axis] * view.dims[axis];
      index[axis] = 0;
    }
  }
}

}  // namespace roundoff::ROUNDOFF_TIER
