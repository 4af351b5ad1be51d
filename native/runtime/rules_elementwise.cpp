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

void check_epilogue(const Command& c) {
  const Operand& y = c.out[0];
  expect_real(y, "the output");
  for (const EpilogueStep& step : c.epilogue) {
    const bool binary = step.op == EpilogueStep::Op::binary, unary = step.op <= EpilogueStep::Op::unaryGrad;
    check(step.attrs.size() == (unary ? 3u : binary ? 1u : 2u), "a step of the epilogue has other attributes");
    if (unary || binary) {
      check(step.attrs[0] >= 0 && step.attrs[0] <= (unary ? kUnaryKinds : kBinaryKinds) - 1 &&
                step.attrs[0] == static_cast<int>(step.attrs[0]),
            "a step of the epilogue is of no known kind");
    }
    if (step.rounds) check_store(step.round, DType::f32);
    const bool other = binary || step.op == EpilogueStep::Op::unaryGrad;
    check(step.hasOperand == other, "a step of the epilogue has an operand too many or too few");
    if (!other) continue;
    const Operand& x = step.operand;
    expect_real(x, "an operand of the epilogue");
    expect_broadcastable(x, y);
    check(x.elements == y.elements || (binary && (x.elements == 1 || x.elements == y.dims[y.rank - 1])),
          "an operand of the epilogue is neither of the result's shape, nor of its last axis, nor one number");
    // Of other axes with the same size the order would be another.
    check(x.elements == y.elements || x.elements == 1 || x.dims[x.rank - 1] == x.elements,
          "an operand of the epilogue does not lie along the last axis");
  }
}

}  // namespace roundoff::rules
