// Rules of the update: the check and norm of the gradients, the loss scale, the step counter, the optimizers.
#include <cmath>

#include "op_rules.h"

namespace roundoff::rules {
namespace {

void check_scale_update(const Command& c) {
  expect_counts(c, 2, 1, 5);
  expect_elements(c.in[0], 4, "state");
  expect_elements(c.in[1], 1, "found");
  expect_elements(c.out[0], 4, "the next state");
}

void check_count_step(const Command& c) {
  expect_counts(c, c.in.size() > 1 ? 2 : 1, 1, 0);
  for (const Operand& x : c.in) expect_elements(x, 1, "step and found");
  expect_elements(c.out[0], 1, "the next step");
}

void check_clip(const Command& c) {
  check(c.in.size() >= 2, "needs scaleState and at least 1 gradient");
  expect_counts(c, static_cast<int>(c.in.size()), 2, 2);
  const double type = c.attrs[1];
  check(type == 1 || type == 2 || std::isinf(type), "normType must be 1, 2 or infinity");
  expect_elements(c.in[0], 4, "scaleState");
  for (const Operand& y : c.out) expect_elements(y, 1, "norm and clip");
}

void check_ema(const Command& c) {
  const bool skips = c.in.size() > 2;
  expect_counts(c, skips ? 3 : 2, 1, 1);
  expect_elements(c.in[1], c.in[0].elements, "w");
  expect_elements(c.out[0], c.in[0].elements, "the next average");
  if (skips) expect_elements(c.in[2], 1, "found");
}

// Attributes of an optimizer, and how many states they ask for (OPTIMIZER_STATES in contract/updates.ts).
struct OptimizerForm {
  size_t attrs, states;
};

OptimizerForm form_of(const Command& c) {
  const auto attr = [&](size_t i) { return i < c.attrs.size() ? c.attrs[i] : 0.0; };
  if (c.op == "sgdUpdate") return {5, attr(2) == 0 ? 0u : 1u};
  if (c.op == "adamUpdate") return {7, attr(6) != 0 ? 3u : 2u};
  if (c.op == "rmspropUpdate") return {6, 1u + (attr(5) != 0) + (attr(4) > 0)};
  if (c.op == "adagradUpdate") return {4, 1};
  if (c.op == "larsUpdate") return {6, 1};
  return {5, 2};  // lambUpdate
}

void check_optimizer(const Command& c) {
  const auto [attrs, states] = form_of(c);
  const size_t tail = 2 + states, operands = c.in.size();
  check(operands == tail + 2 || operands == tail + 4 || operands == tail + 5, "has a wrong number of inputs");
  expect_counts(c, static_cast<int>(operands), static_cast<int>(1 + states), static_cast<int>(attrs));
  const int64_t elements = c.in[0].elements;
  for (size_t i = 1; i < tail; i++) expect_elements(c.in[i], elements, "g and the states");
  for (const Operand& y : c.out) expect_elements(y, elements, "w' and the next states");
  for (size_t i = tail; i < operands; i++) {
    expect_elements(c.in[i], i == tail + 2 ? 4 : 1, "lr, step, scaleState, found or clip");
  }
}

}  // namespace

void check_updates(const Command& c) {
  expect_all_real(c);
  if (c.op == "lossScaleUpdate") return check_scale_update(c);
  if (c.op == "countStep") return check_count_step(c);
  if (c.op == "clipByNorm") return check_clip(c);
  if (c.op == "emaUpdate") return check_ema(c);
  if (c.op != "countNonFinite") return check_optimizer(c);
  check(!c.in.empty() && c.out.size() == 1 && c.attrs.empty(), "needs at least 1 input, 1 output, no attributes");
  expect_elements(c.out[0], 1, "found");
}

}  // namespace roundoff::rules
