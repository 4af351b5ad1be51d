// Rules of batch normalisation, the loss and quantisation.
#include "op_rules.h"

namespace roundoff::rules {
namespace {

void check_batch_norm(const Command& c) {
  const bool forward = c.op == "batchNormTrain";
  expect_counts(c, 5, forward ? 5 : 3, forward ? 2 : 0);
  expect_all_real(c);
  const Operand &x = c.in[forward ? 0 : 1], &y = c.out[0];
  check(x.rank >= 1, "x needs a channel axis");
  expect_same_shape(x, y, "x and the output");
  if (!forward) expect_same_shape(x, c.in[0], "x and gy");
  const int64_t channels = x.dims[x.rank - 1];
  for (size_t i = forward ? 1 : 2; i < c.in.size(); i++) expect_elements(c.in[i], channels, "a channel vector");
  for (size_t i = 1; i < c.out.size(); i++) expect_elements(c.out[i], channels, "a channel vector");
}

void check_loss(const Command& c) {
  const bool forward = c.op == "softmaxCrossEntropy";
  expect_counts(c, forward ? 2 : 3, forward ? 2 : 1, 2);
  const Operand &logits = c.in[forward ? 0 : 1], &labels = c.in[forward ? 1 : 2];
  expect_rank(logits, 2, "logits");
  expect_real(logits, "logits");
  expect_i32(labels, "labels");
  expect_elements(labels, logits.dims[0], "labels");
  integer_attr(c, 1, INT32_MIN, INT32_MAX, "ignoreIndex");
  for (const Operand& y : c.out) {
    expect_real(y, "an output");
    if (forward) expect_elements(y, 1, "an output");
  }
  if (forward) return;
  expect_real(c.in[0], "gLoss");
  expect_elements(c.in[0], 1, "gLoss");
  expect_same_shape(c.out[0], logits, "gLogits and logits");
}

void check_quantize(const Command& c) {
  const bool known = c.in.size() == 2;
  expect_counts(c, known ? 2 : 1, 2, 3);
  if (known) {
    check(c.in[1].dtype == DType::f32, "the amax must be f32");
    expect_elements(c.in[1], 1, "the amax");
  }
  const Operand &x = c.in[0], &q = c.out[0], &exponent = c.out[1];
  expect_real(x, "x");
  check(q.dtype == DType::i16 || q.dtype == DType::f32, "q must be i16 or f32");
  check(!q.rounds && !exponent.rounds, "outputs are not rounded further");
  expect_elements(q, x.elements, "q");
  expect_i32(exponent, "the shared exponent");
  expect_elements(exponent, 1, "the shared exponent");
  // Integers pass through FP32, which holds those of 24 bits.
  integer_attr(c, 0, 2, q.dtype == DType::i16 ? 16 : 24, "bits");
  integer_attr(c, 1, 0, static_cast<int64_t>(Rounding::stochastic), "rounding");
  integer_attr(c, 2, 0, UINT32_MAX, "tensorId");
}

}  // namespace

void check_training(const Command& c) {
  if (c.op.starts_with("batchNorm")) return check_batch_norm(c);
  if (c.op.starts_with("softmax")) return check_loss(c);
  check_quantize(c);
}

}  // namespace roundoff::rules
