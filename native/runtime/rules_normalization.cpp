// Rules of the normalisations whose statistics belong to one image or pixel, and of random masks.
#include "op_rules.h"

namespace roundoff::rules {
namespace {

void expect_numbers(const Command& c) {
  for (const Operand& x : c.in) expect_real(x, "an input");
  for (const Operand& y : c.out) expect_real(y, "an output");
}

void check_group_norm(const Command& c) {
  const bool forward = c.op == "groupNorm";
  expect_counts(c, forward ? 3 : 5, 3, 3);
  const Operand& x = c.in[forward ? 0 : 1];
  check(x.rank >= 2, "x needs an image and a channel axis");
  expect_same_shape(x, c.out[0], "x and the output");
  if (!forward) expect_same_shape(x, c.in[0], "x and gy");
  const int64_t channels = x.dims[x.rank - 1];
  const int64_t groups = integer_attr(c, 0, 1, channels, "groups");
  check(channels % groups == 0, "groups must divide the channels");
  integer_attr(c, 2, 0, 1, "centered");
  expect_elements(c.in[forward ? 1 : 2], channels, "weight");
  for (size_t i = 1; i < 3; i++) {
    const Operand &vector = forward ? c.in[2] : c.out[i], &statistic = forward ? c.out[i] : c.in[2 + i];
    expect_elements(vector, channels, "a channel vector");
    expect_elements(statistic, x.dims[0] * groups, "a statistic");
  }
}

void check_response_norm(const Command& c) {
  const bool forward = c.op == "localResponseNorm";
  expect_counts(c, forward ? 1 : 2, 1, 4);
  check(c.out[0].rank >= 1, "x needs a channel axis");
  for (const Operand& x : c.in) expect_same_shape(x, c.out[0], "inputs and output");
  integer_attr(c, 0, 1, 1 << 16, "size");
}

}  // namespace

void check_normalization(const Command& c) {
  expect_numbers(c);
  return c.op.starts_with("group") ? check_group_norm(c) : check_response_norm(c);
}

void check_regularization(const Command& c) {
  expect_numbers(c);
  expect_counts(c, 1, 1, 3);
  const Operand& x = c.in[0];
  expect_same_shape(x, c.out[0], "input and output");
  check(x.rank >= 1, "x needs a channel axis");
  check(c.attrs[0] >= 0 && c.attrs[0] <= 1, "rate must be a probability");
  const int64_t positions = integer_attr(c, 1, 1, x.elements, "positions");
  check(x.elements % (positions * x.dims[x.rank - 1]) == 0, "positions must divide the tensor");
  integer_attr(c, 2, 0, UINT32_MAX, "tensorId");
}

}  // namespace roundoff::rules
