// Rules of the operations that combine the elements along axes.
#include "kinds.h"
#include "op_rules.h"

namespace roundoff::rules {
namespace {

// The axes are the attributes from `first` on; y keeps them as size 1.
void expect_reduced(const Command& c, size_t first, const Operand& x, const Operand& y) {
  expect_axes(c, first, x.rank);
  check(x.rank == y.rank, "the result must keep the reduced axes as size 1");
  for (int axis = 0; axis < x.rank; axis++) {
    bool reduced = false;
    for (size_t i = first; i < c.attrs.size(); i++) reduced = reduced || c.attrs[i] == axis;
    check(y.dims[axis] == (reduced ? 1 : x.dims[axis]), "the result must keep the reduced axes as size 1");
  }
}

}  // namespace

void check_reduction(const Command& c) {
  for (const Operand& x : c.in) expect_real(x, "an input");
  for (const Operand& y : c.out) expect_real(y, "an output");
  if (c.op == "softmax" || c.op == "softmaxGrad" || c.op == "cumsum") {
    expect_counts(c, c.op == "softmaxGrad" ? 2 : 1, 1, 2);
    integer_attr(c, 0, 0, c.out[0].rank - 1, "axis");
    integer_attr(c, 1, 0, 1, "the second attribute");
    for (const Operand& x : c.in) expect_same_shape(x, c.out[0], "inputs and output");
    return;
  }
  const bool gradient = c.op == "reduceGrad", sum = c.op == "reduceSum";
  check(c.in.size() == (gradient ? 2u : 1u) && c.out.size() == 1, "needs 1 output, 1 input (2 for the gradient)");
  if (sum) return expect_reduced(c, 0, c.in[0], c.out[0]);
  check(c.attrs.size() >= 2, "needs a kind and a correction");
  integer_attr(c, 0, 0, kReduceKinds - 1, "kind");
  if (!gradient) return expect_reduced(c, 2, c.in[0], c.out[0]);
  expect_reduced(c, 2, c.in[1], c.in[0]);
  expect_same_shape(c.in[1], c.out[0], "x and its gradient");
}

}  // namespace roundoff::rules
