// Rules of embedding, recurrent cells, the softmax of attention and CTC.
#include "op_rules.h"

namespace roundoff::rules {
namespace {

void expect_places(const Command& c, size_t first) {
  for (size_t i = first; i < c.in.size(); i++) expect_i32(c.in[i], "indices and offsets");
}

void expect_states(const Command& c, std::initializer_list<const Operand*> states, const Operand& like) {
  expect_rank(like, 2, "a state");
  for (const Operand* state : states) expect_same_shape(*state, like, "states");
  for (const Operand& x : c.in) expect_real(x, "an input");
  for (const Operand& y : c.out) expect_real(y, "an output");
}

// [N, gates·H] for the state [N, H].
void expect_gates(const Operand& x, const Operand& state, int64_t gates) {
  expect_rank(x, 2, "gates");
  check(x.dims[0] == state.dims[0] && x.dims[1] == gates * state.dims[1], "gates and state do not fit");
}

void expect_biases(const Command& c, int64_t elements) {
  check(c.in.size() == 3 || c.in.size() == 5, "needs 3 or 5 inputs");
  for (size_t i = 3; i < c.in.size(); i++) expect_elements(c.in[i], elements, "a bias");
}

}  // namespace

void check_embedding(const Command& c) {
  const bool forward = c.op == "embedding", rows = c.op == "embeddingGradRows";
  const int64_t mode = c.attrs.empty() ? 0 : integer_attr(c, 0, 0, 2, "mode");
  expect_counts(c, c.in.size() == 3 ? 3 : 2, rows ? 2 : 1, 2);
  integer_attr(c, 1, INT32_MIN, INT32_MAX, "paddingIndex");
  expect_places(c, 1);
  expect_real(c.in[0], forward ? "weight" : "gy");
  check(mode != 0 || c.in.size() == 2, "a lookup has no offsets");
  const Operand &indices = c.in[1], &table = forward ? c.in[0] : c.out[rows ? 1 : 0];
  const Operand& perBag = forward ? c.out[0] : c.in[0];
  expect_rank(table, 2, "the table");
  expect_real(table, "the table");
  check(perBag.rank >= 1 && perBag.dims[perBag.rank - 1] == table.dims[1], "features of table and bags differ");
  const int64_t bags = perBag.elements / table.dims[1];
  if (c.in.size() == 3) {
    expect_elements(c.in[2], bags, "offsets");
  } else {
    check(mode == 0 ? indices.elements == bags : indices.elements % bags == 0, "indices do not fit the bags");
  }
  if (!rows) return;
  expect_i32(c.out[0], "rows");
  expect_elements(c.out[0], indices.elements, "rows");
  check(table.dims[0] == indices.elements, "gRows must have a row per index");
}

void check_cell(const Command& c) {
  check(c.attrs.empty(), "needs 0 attributes");
  if (c.op == "lstmCell") {
    check(c.out.size() == 3, "needs 3 outputs");
    expect_biases(c, c.in.size() > 1 && c.in[1].rank == 2 ? c.in[1].dims[1] : 0);
    expect_states(c, {&c.out[0], &c.out[1]}, c.in[2]);
    for (const Operand* gates : {&c.in[0], &c.in[1], &c.out[2]}) expect_gates(*gates, c.in[2], 4);
  } else if (c.op == "gruCell") {
    check(c.out.size() == 2, "needs 2 outputs");
    expect_biases(c, c.in.size() > 1 && c.in[1].rank == 2 ? c.in[1].dims[1] : 0);
    expect_states(c, {&c.out[0]}, c.in[2]);
    for (const Operand* gates : {&c.in[0], &c.in[1]}) expect_gates(*gates, c.in[2], 3);
    expect_gates(c.out[1], c.in[2], 4);
  } else if (c.op == "lstmCellGrad") {
    expect_counts(c, 6, 2, 0);
    expect_states(c, {&c.in[1], &c.in[2], &c.in[4], &c.in[5], &c.out[1]}, c.in[0]);
    for (const Operand* gates : {&c.in[3], &c.out[0]}) expect_gates(*gates, c.in[0], 4);
  } else {
    expect_counts(c, 5, 3, 0);
    expect_states(c, {&c.in[1], &c.in[2], &c.in[4], &c.out[2]}, c.in[0]);
    expect_gates(c.in[3], c.in[0], 4);
    for (const Operand* gates : {&c.out[0], &c.out[1]}) expect_gates(*gates, c.in[0], 3);
  }
}

void check_attention(const Command& c) {
  const bool forward = c.op == "maskedSoftmax";
  check(!c.in.empty(), "needs at least 1 input");
  expect_counts(c, forward ? static_cast<int>(c.in.size()) : 2, 1, forward ? 2 : 1);
  const Operand& scores = c.in[0];
  check(scores.rank >= 2, "scores need two axes");
  expect_real(scores, "scores");
  expect_real(c.out[0], "an output");
  expect_same_shape(scores, c.out[0], "scores and the output");
  if (!forward) {
    expect_real(c.in[1], "p");
    return expect_same_shape(scores, c.in[1], "gp and p");
  }
  for (size_t i = 1; i < c.in.size(); i++) {
    const Operand& mask = c.in[i];
    check(mask.rank <= scores.rank, "a mask has more axes than the scores");
    for (int axis = 0; axis < mask.rank; axis++) {
      const int64_t size = scores.dims[scores.rank - mask.rank + axis];
      check(mask.dims[axis] == 1 || mask.dims[axis] == size, "a mask does not broadcast to the scores");
    }
  }
}

void check_ctc(const Command& c) {
  const bool forward = c.op == "ctcLoss";
  expect_counts(c, forward ? 4 : 5, 1, 3);
  const Operand* in = &c.in[forward ? 0 : 1];
  expect_rank(in[0], 3, "logProbs");
  expect_real(in[0], "logProbs");
  for (int i = 1; i < 4; i++) expect_i32(in[i], "targets and lengths");
  check(in[1].rank == 1 || (in[1].rank == 2 && in[1].dims[0] == in[0].dims[1]), "targets do not fit logProbs");
  for (int i = 2; i < 4; i++) expect_elements(in[i], in[0].dims[1], "lengths");
  integer_attr(c, 0, 0, in[0].dims[2] - 1, "blank");
  const bool each = integer_attr(c, 1, 0, 2, "reduction") == 0;
  const Operand& loss = forward ? c.out[0] : c.in[0];
  expect_real(loss, "the loss");
  expect_elements(loss, each ? in[0].dims[1] : 1, "the loss");
  expect_real(c.out[0], "an output");
  if (!forward) expect_same_shape(c.out[0], in[0], "gLogProbs and logProbs");
}

}  // namespace roundoff::rules
