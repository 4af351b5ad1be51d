// Rules of the operations that repeat, cut or move elements along axes.
#include "kinds.h"
#include "op_rules.h"

namespace roundoff::rules {
namespace {

void expect_same_kind(const Operand& x, const Operand& y) {
  check((x.dtype == DType::i32) == (y.dtype == DType::i32), "integers move to integers only");
  check(y.dtype != DType::i32 || !y.rounds, "integers are not rounded");
}

void expect_equal_beside(const Operand& x, const Operand& y, int64_t axis) {
  check(x.rank == y.rank, "the inputs and the output must have as many axes");
  for (int a = 0; a < x.rank; a++) {
    check(a == axis || x.dims[a] == y.dims[a], "the inputs and the output must agree beside the axis");
  }
}

void check_transpose(const Command& c, const Operand& x, const Operand& y) {
  check(c.attrs.size() == static_cast<size_t>(x.rank) && y.rank == x.rank, "perm must name every axis once");
  expect_axes(c, 0, x.rank);
  for (int axis = 0; axis < y.rank; axis++) {
    const int from = static_cast<int>(c.attrs[static_cast<size_t>(axis)]);
    check(y.dims[axis] == x.dims[from], "the output's shape is not that of the permuted input");
  }
}

// The places starts + steps·i of all elements of `part` lie inside `whole`.
void check_places(const Command& c, size_t first, const Operand& part, const Operand& whole) {
  const size_t rank = static_cast<size_t>(whole.rank);
  check(part.rank == whole.rank && c.attrs.size() == first + 2 * rank, "needs a start and a step for every axis");
  for (size_t axis = 0; axis < rank; axis++) {
    const int64_t size = whole.dims[axis], count = part.dims[axis];
    const int64_t step = integer_attr(c, first + rank + axis, -kMaxPlace, kMaxPlace, "a step");
    const int64_t start = integer_attr(c, first + axis, -kMaxPlace, kMaxPlace, "a start");
    check(step != 0, "a step must not be 0");
    if (count == 0) continue;
    check(start >= 0 && start < size, "a start lies outside the tensor");
    check(count <= size, "more elements are named than the axis has");
    const int64_t last = start + step * (count - 1);
    check(last >= 0 && last < size, "the last element lies outside the tensor");
  }
}

void check_concat(const Command& c) {
  check(!c.in.empty() && c.out.size() == 1 && c.attrs.size() == 1, "needs inputs, 1 output, 1 attribute");
  const Operand& y = c.out[0];
  const int64_t axis = integer_attr(c, 0, 0, y.rank - 1, "axis");
  int64_t total = 0;
  for (const Operand& x : c.in) {
    expect_same_kind(x, y);
    expect_equal_beside(x, y, axis);
    total += x.dims[axis];
  }
  check(total == y.dims[axis], "the inputs do not fill the output along the axis");
}

void check_pad_edge(const Command& c, const Operand& x, const Operand& y) {
  check(c.attrs.size() == 3, "needs 3 attributes");
  const int64_t axis = integer_attr(c, 0, 0, x.rank - 1, "axis");
  expect_equal_beside(x, y, axis);
  const PadMode mode = static_cast<PadMode>(integer_attr(c, 2, 0, kPadModes - 1, "mode"));
  const int64_t size = x.dims[axis], most = mode == PadMode::reflect ? size - 1 : size;
  const int64_t before = integer_attr(c, 1, 0, kMaxPlace, "before"), after = y.dims[axis] - size - before;
  check(after >= 0 && size > 0, "the output is not as long as the padding says");
  check(mode == PadMode::replicate || (before <= most && after <= most), "there is more padding than elements to show");
}

}  // namespace

void check_movement(const Command& c) {
  if (c.op == "concat") return check_concat(c);
  check(c.in.size() == 1 && c.out.size() == 1, "needs 1 input and 1 output");
  const Operand &x = c.in[0], &y = c.out[0];
  expect_same_kind(x, y);
  if (c.op == "transpose") return check_transpose(c, x, y);
  if (c.op == "slice") return check_places(c, 0, y, x);
  if (c.op == "place") return check_places(c, 1, x, y);
  if (c.op == "padEdge") return check_pad_edge(c, x, y);
  if (c.op == "padEdgeGrad") {
    expect_real(x, "the input");
    return check_pad_edge(c, y, x);
  }
  check(c.attrs.empty(), "needs no attributes");
  expect_broadcastable(x, y);
}

}  // namespace roundoff::rules
