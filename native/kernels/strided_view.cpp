// Strided views: index arithmetic once per row of the innermost axis, then a loop along it.
#include "strided_view.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "block_io.h"
#include "reduction_view.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

float widen(float x) { return x; }
float widen(int16_t x) { return static_cast<float>(x); }
float widen(uint16_t x) { return std::bit_cast<float>(static_cast<uint32_t>(x) << 16); }

template <class T>
void gather(const T* x, int64_t stride, int64_t n, float* dst) {
  for (int64_t i = 0; i < n; i++) dst[i] = widen(x[i * stride]);
}

// dst[0..n) = x[at], x[at + stride], …
void load_strided(const Operand& x, int64_t at, int64_t stride, int64_t n, float* dst) {
  if (stride == 1) return load_block(x, at, n, dst);
  if (stride == 0) {
    float value;
    load_block(x, at, 1, &value);
    std::fill_n(dst, n, value);
    return;
  }
  if (x.dtype == DType::f32 || x.dtype == DType::i32) return gather(x.f32() + at, stride, n, dst);
  if (holds_codes(x.dtype)) {
    for (int64_t i = 0; i < n; i++) load_block(x, at + i * stride, 1, dst + i);
    return;
  }
  if (x.dtype == DType::i16) return gather(static_cast<const int16_t*>(x.data) + at, stride, n, dst);
  gather(static_cast<const uint16_t*>(x.data) + at, stride, n, dst);
}

// dst[i] = x[(offset + i) mod length], a row that repeats: one period from x, then copies of what is there already.
void load_repeated(const Operand& x, int64_t length, int64_t offset, int64_t n, float* dst) {
  const int64_t within = offset % length, first = std::min(n, length - within);
  load_block(x, within, first, dst);
  load_block(x, 0, std::min(n - first, within), dst + first);
  for (int64_t done = length; done < n; done *= 2) {
    std::memcpy(dst + done, dst, static_cast<size_t>(std::min(done, n - done)) * sizeof(float));
  }
}

}  // namespace

int64_t StridedView::elements() const {
  int64_t product = 1;
  for (int axis = 0; axis < rank; axis++) product *= dims[axis];
  return product;
}

int64_t StridedView::offset_of(int64_t index) const {
  int64_t offset = start;
  for (int axis = rank - 1; axis >= 0; axis--) {
    offset += index % dims[axis] * strides[axis];
    index /= dims[axis];
  }
  return offset;
}

StridedView dense_view(const Operand& x) {
  StridedView view;
  int64_t stride = x.elements;
  for (int axis = 0; axis < x.rank; axis++) {
    // Empty tensors are never read; the stride only has to be defined.
    stride = x.dims[axis] == 0 ? 0 : stride / x.dims[axis];
    view.push(x.dims[axis], stride);
  }
  return view;
}

StridedView collapse(const StridedView& view) {
  StridedView out;
  out.start = view.start;
  for (int axis = 0; axis < view.rank; axis++) {
    if (view.dims[axis] == 1) continue;
    const int last = out.rank - 1;
    if (last >= 0 && out.strides[last] == view.dims[axis] * view.strides[axis]) {
      out.dims[last] *= view.dims[axis];
      out.strides[last] = view.strides[axis];
    } else {
      out.push(view.dims[axis], view.strides[axis]);
    }
  }
  return out;
}

StridedView broadcast_view(const Operand& x, const Operand& y) {
  const StridedView dense = dense_view(x);
  StridedView view;
  for (int axis = 0; axis < y.rank; axis++) {
    const int own = axis - (y.rank - x.rank);
    const bool repeated = own < 0 || (x.dims[own] == 1 && y.dims[axis] != 1);
    view.push(y.dims[axis], repeated ? 0 : dense.strides[own]);
  }
  return collapse(view);
}

void load_view(const Operand& x, const StridedView& view, int64_t offset, int64_t n, float* dst) {
  const int64_t stride = view.rank == 0 ? 0 : view.strides[view.rank - 1];
  if (view.rank == 2 && stride == 1 && view.strides[0] == 0) return load_repeated(x, view.dims[1], offset, n, dst);
  // Short rows one after the other (the heads of attention): nothing but the copy.
  if (stride == 1 && bytes_of(x.dtype) == 4) {
    const float* from = x.f32();
    return for_view_rows(view, offset, n, [&](int64_t at, int64_t done, int64_t count) {
      std::memcpy(dst + done, from + at, static_cast<size_t>(count) * sizeof(float));
    });
  }
  for_view_rows(view, offset, n, [&](int64_t at, int64_t done, int64_t count) {
    load_strided(x, at, stride, count, dst + done);
  });
}

void load_view(const double* x, const StridedView& view, int64_t offset, int64_t n, double* dst) {
  const int64_t stride = view.rank == 0 ? 0 : view.strides[view.rank - 1];
  for_view_rows(view, offset, n, [&](int64_t at, int64_t done, int64_t count) {
    for (int64_t i = 0; i < count; i++) dst[done + i] = x[at + i * stride];
  });
}

ReductionView reduction_view(const Operand& x, const double* axes, int count) {
  bool summed[kMaxRank] = {};
  for (int i = 0; i < count; i++) summed[static_cast<int>(axes[i])] = true;
  const StridedView dense = dense_view(x);
  StridedView groups;
  bool kind[kMaxRank] = {};
  for (int axis = 0; axis < dense.rank; axis++) {
    if (dense.dims[axis] == 1) continue;
    const int last = groups.rank - 1;
    if (last >= 0 && kind[last] == summed[axis]) {
      groups.dims[last] *= dense.dims[axis];
      groups.strides[last] = dense.strides[axis];
    } else {
      kind[groups.rank] = summed[axis];
      groups.push(dense.dims[axis], dense.strides[axis]);
    }
  }
  ReductionView r{{}, {}, 1, true};
  for (int g = 0; g + 1 < groups.rank; g++) (kind[g] ? r.reduced : r.kept).push(groups.dims[g], groups.strides[g]);
  if (groups.rank > 0) {
    r.inner = groups.dims[groups.rank - 1];
    r.innerKept = !kind[groups.rank - 1];
  }
  return r;
}

}  // namespace roundoff::ROUNDOFF_TIER
