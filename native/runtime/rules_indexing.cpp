// Rules of the operations that go by an index tensor or give one. Indices are checked where they are read.
#include "op_rules.h"

namespace roundoff::rules {
namespace {

// Every axis but `axis` is at most that of x.
void expect_within(const Operand& index, const Operand& x, int64_t axis) {
  check(index.rank == x.rank, "the index must have as many axes as the tensor");
  for (int a = 0; a < x.rank; a++) {
    check(a == axis || index.dims[a] <= x.dims[a], "the index is larger than the tensor beside the axis");
  }
}

// `slices` has the shape of x with `axis` replaced by the index's axes.
void expect_selected(const Operand& slices, const Operand& x, const Operand& index, int64_t axis) {
  bool fits = slices.rank == x.rank - 1 + index.rank;
  for (int a = 0; fits && a < slices.rank; a++) {
    const int64_t own = a < axis ? x.dims[a] : a < axis + index.rank ? index.dims[a - axis] : x.dims[a - index.rank + 1];
    fits = slices.dims[a] == own;
  }
  check(fits, "the slices have not the tensor's shape with the index in place of the axis");
}

}  // namespace

void check_indexing(const Command& c) {
  const bool adds = c.op == "scatterAdd" || c.op == "indexAdd";
  expect_counts(c, 2, 1, 1);
  const Operand &index = c.in[1], &whole = adds ? c.out[0] : c.in[0], &part = adds ? c.in[0] : c.out[0];
  expect_i32(index, "the index");
  const int64_t axis = integer_attr(c, 0, 0, whole.rank - 1, "axis");
  check((whole.dtype == DType::i32) == (part.dtype == DType::i32), "integers move to integers only");
  check(c.out[0].dtype != DType::i32 || (!adds && !c.out[0].rounds), "integers are neither added nor rounded");
  check(index.elements <= INT32_MAX, "the index has too many elements");
  if (c.op == "gather" || c.op == "scatterAdd") {
    expect_within(index, whole, axis);
    expect_same_shape(index, part, "the index and what it stands for");
  } else {
    expect_selected(part, whole, index, axis);
  }
}

void check_put(const Command& c) {
  expect_counts(c, 3, 1, 0);
  const Operand &w = c.in[0], &rows = c.in[1], &values = c.in[2], &y = c.out[0];
  expect_i32(rows, "the rows");
  for (const Operand* x : {&w, &values, &y}) expect_real(*x, "w and the values");
  check(w.rank >= 1, "w must have an axis");
  expect_selected(values, w, rows, 0);
  expect_same_shape(y, w, "w and its successor");
}

void check_order(const Command& c) {
  const bool ranks = c.op == "topK";
  expect_counts(c, 1, ranks ? 2 : 1, 2);
  const Operand &x = c.in[0], &indices = c.out[ranks ? 1 : 0];
  expect_real(x, "x");
  expect_i32(indices, "the positions");
  const int64_t axis = integer_attr(c, 0, 0, x.rank - 1, "axis");
  integer_attr(c, 1, 0, 1, "largest");
  check(x.dims[axis] <= INT32_MAX, "the axis is longer than i32 can index");
  check(indices.rank == x.rank, "the positions must have as many axes as x");
  for (int a = 0; a < x.rank; a++) check(a == axis || indices.dims[a] == x.dims[a], "axes beside the axis must stay");
  if (!ranks) return check(indices.dims[axis] == 1 && x.dims[axis] > 0, "the axis must have elements and become 1");
  check(indices.dims[axis] <= x.dims[axis], "more elements are wanted than there are");
  expect_real(c.out[0], "the values");
  expect_same_shape(c.out[0], indices, "the values and the positions");
}

}  // namespace roundoff::rules
