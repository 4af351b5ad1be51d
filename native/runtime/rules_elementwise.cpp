// Rules of the element-wise operations.
#include "kinds.h"
#include "op_rules.h"

namespace roundoff::rules {
namespace {

void check_copy(const Operand& x, const Operand& y) {
  expect_elements(y, x.elements, "the output");
  check((x.dtype == DType::i32) == (y.dtype == DType::i32), "i32 is copied to i32 only");
}

void check_cast(const Operand& x, const Operand& y) {
  expect_same_shape(x, y, "the input and the output");
  check((x.dtype == DType::i32) != (y.dtype == DType::i32), "one side of a cast is i32, the other is not");
  check(y.dtype != DType::i32 || !y.rounds, "integers are not rounded");
}

void check_arange(const Command& c, const Operand& y) {
  if (y.dtype != DType::i32) return;
  const int64_t start = integer_attr(c, 0, INT32_MIN, INT32_MAX, "start");
  const int64_t step = integer_attr(c, 1, INT32_MIN, INT32_MAX, "step");
  check(y.elements <= INT32_MAX, "there are more elements than i32 can count");
  const int64_t last = start + step * (y.elements > 0 ? y.elements - 1 : 0);
  check(last >= INT32_MIN && last <= INT32_MAX, "the last number is no i32");
}

}  // namespace

void check_elementwise(const Command& c) {
  if (c.op == "fill") return expect_counts(c, 0, 1, 1);
  if (c.op == "arange") {
    expect_counts(c, 0, 1, 2);
    return check_arange(c, c.out[0]);
  }
  if (c.op == "copy" || c.op == "cast") {
    expect_counts(c, 1, 1, 0);
    return c.op == "copy" ? check_copy(c.in[0], c.out[0]) : check_cast(c.in[0], c.out[0]);
  }
  const bool broadcasts = c.op == "binary" || c.op == "where", unary = c.op.starts_with("unary");
  const int inputs = c.op == "where" ? 3 : c.op == "binary" || c.op == "unaryGrad" ? 2 : 1;
  expect_counts(c, inputs, 1, unary ? 3 : c.op == "affine" ? 2 : c.op == "binary" ? 1 : 0);
  if (unary) integer_attr(c, 0, 0, kUnaryKinds - 1, "kind");
  if (c.op == "binary") integer_attr(c, 0, 0, kBinaryKinds - 1, "kind");
  expect_real(c.out[0], "the output");
  for (const Operand& x : c.in) {
    expect_real(x, "an input");
    if (broadcasts) {
      expect_broadcastable(x, c.out[0]);
    } else {
      expect_same_shape(x, c.out[0], "inputs and output");
    }
  }
}

}  // namespace roundoff::rules
