// Rules of the element-wise operations and of those that move or sum along axes.
#include "kinds.h"
#include "op_rules.h"

namespace roundoff::rules {
namespace {

void expect_broadcastable(const Operand& x, const Operand& y) {
  bool fits = x.rank <= y.rank;
  for (int axis = 0; fits && axis < x.rank; axis++) {
    const int64_t size = x.dims[axis];
    fits = size == 1 || size == y.dims[axis + y.rank - x.rank];
  }
  check(fits, "an input does not broadcast to the shape of the output");
}

// The attributes name distinct axes of a tensor of this rank.
void expect_axes(const Command& c, int rank) {
  bool seen[kMaxRank] = {};
  for (size_t i = 0; i < c.attrs.size(); i++) {
    const int64_t axis = integer_attr(c, i, 0, rank - 1, "an axis");
    check(!seen[axis], "an axis is named twice");
    seen[axis] = true;
  }
}

void check_copy(const Operand& x, const Operand& y) {
  expect_elements(y, x.elements, "the output");
  check((x.dtype == DType::i32) == (y.dtype == DType::i32), "i32 is copied to i32 only");
}

void check_reduce_sum(const Command& c, const Operand& x, const Operand& y) {
  expect_axes(c, x.rank);
  check(x.rank == y.rank, "the output must keep the summed axes as size 1");
  for (int axis = 0; axis < x.rank; axis++) {
    bool summed = false;
    for (const double named : c.attrs) summed = summed || named == axis;
    check(y.dims[axis] == (summed ? 1 : x.dims[axis]), "the output must keep the summed axes as size 1");
  }
}

void check_transpose(const Command& c, const Operand& x, const Operand& y) {
  check(c.attrs.size() == static_cast<size_t>(x.rank) && y.rank == x.rank, "perm must name every axis once");
  expect_axes(c, x.rank);
  for (int axis = 0; axis < y.rank; axis++) {
    const int from = static_cast<int>(c.attrs[static_cast<size_t>(axis)]);
    check(y.dims[axis] == x.dims[from], "the output's shape is not that of the permuted input");
  }
}

}  // namespace

void check_elementwise(const Command& c) {
  if (c.op == "fill") return expect_counts(c, 0, 1, 1);
  if (c.op == "copy") {
    expect_counts(c, 1, 1, 0);
    return check_copy(c.in[0], c.out[0]);
  }
  const bool two = c.op == "binary" || c.op == "unaryGrad";
  expect_counts(c, two ? 2 : 1, 1, c.op == "affine" ? 2 : 1);
  if (c.op != "affine") integer_attr(c, 0, 0, (c.op == "binary" ? kBinaryKinds : kUnaryKinds) - 1, "kind");
  expect_real(c.out[0], "the output");
  for (const Operand& x : c.in) {
    expect_real(x, "an input");
    if (c.op == "binary") {
      expect_broadcastable(x, c.out[0]);
    } else {
      expect_same_shape(x, c.out[0], "inputs and output");
    }
  }
}

void check_movement(const Command& c) {
  check(c.in.size() == 1 && c.out.size() == 1, "needs 1 input and 1 output");
  const Operand &x = c.in[0], &y = c.out[0];
  expect_real(x, "the input");
  expect_real(y, "the output");
  if (c.op == "reduceSum") return check_reduce_sum(c, x, y);
  if (c.op == "transpose") return check_transpose(c, x, y);
  check(c.attrs.empty(), "needs no attributes");
  expect_broadcastable(x, y);
}

}  // namespace roundoff::rules
