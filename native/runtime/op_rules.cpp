// Which rule an operation obeys, and what all of them share: operands that overlap must be the same memory, in an
// operation that may run in place. Meaning of the operations: src/kernels/contract.ts.
#include "op_rules.h"

#include <map>

namespace roundoff {
namespace {

using Rule = void (*)(const Command&);

struct OpRule {
  Rule rule;
  // Element i of an output is written after element i of every input was read for the last time.
  bool inPlace;
  // Every element of the first output goes through store_block once, so that an epilogue can run there: EPILOGUE_OPS
  // in contract.ts.
  bool epilogue = false;
};

const OpRule* find_rule(const std::string& op) {
  using namespace rules;
  static const std::map<std::string, OpRule> table{
      {"conv2d", {check_convolution, false, true}},
      {"conv2dGradInput", {check_convolution, false, true}},
      {"conv2dGradWeight", {check_convolution, false}},
      {"matmul", {check_matmul, false, true}},
      {"unary", {check_elementwise, true, true}},
      {"unaryGrad", {check_elementwise, true, true}},
      {"binary", {check_elementwise, true, true}},
      {"where", {check_elementwise, true, true}},
      {"affine", {check_elementwise, true, true}},
      {"copy", {check_elementwise, true}},
      {"fill", {check_elementwise, true}},
      {"arange", {check_elementwise, true}},
      {"cast", {check_elementwise, true}},
      {"broadcastTo", {check_movement, false}},
      {"transpose", {check_movement, false}},
      {"slice", {check_movement, false}},
      {"place", {check_movement, false}},
      {"concat", {check_movement, false}},
      {"padEdge", {check_movement, false}},
      {"padEdgeGrad", {check_movement, false}},
      {"gather", {check_indexing, false}},
      {"scatterAdd", {check_indexing, false}},
      {"indexSelect", {check_indexing, false}},
      {"indexAdd", {check_indexing, false}},
      {"putRows", {check_put, true}},
      {"topK", {check_order, false}},
      {"argReduce", {check_order, false}},
      {"reduceSum", {check_reduction, false}},
      {"reduce", {check_reduction, false}},
      {"reduceGrad", {check_reduction, false}},
      {"softmax", {check_reduction, false}},
      {"softmaxGrad", {check_reduction, false}},
      {"cumsum", {check_reduction, false}},
      {"quantizeDynamicFixed", {check_training, true}},
      {"quantizeValues", {check_quantization, true}},
      {"maxPool2d", {check_pooling, false}},
      {"maxPool2dGrad", {check_pooling, false}},
      {"avgPool2d", {check_pooling, false}},
      {"avgPool2dGrad", {check_pooling, false}},
      {"batchNormTrain", {check_training, true, true}},
      {"batchNormTrainGrad", {check_training, true, true}},
      {"dropout", {check_regularization, true}},
      {"resample2d", {check_resampling, false}},
      {"resample2dGrad", {check_resampling, false}},
      {"groupNorm", {check_normalization, false}},
      {"groupNormGrad", {check_normalization, false}},
      {"localResponseNorm", {check_normalization, true}},
      {"localResponseNormGrad", {check_normalization, true}},
      {"softmaxCrossEntropy", {check_training, false}},
      {"softmaxCrossEntropyGrad", {check_training, true}},
      {"countNonFinite", {check_updates, false}},
      {"lossScaleUpdate", {check_updates, true}},
      {"countStep", {check_updates, true}},
      {"clipByNorm", {check_updates, false}},
      {"sgdUpdate", {check_updates, true}},
      {"adamUpdate", {check_updates, true}},
      {"rmspropUpdate", {check_updates, true}},
      {"adagradUpdate", {check_updates, true}},
      {"larsUpdate", {check_updates, true}},
      {"lambUpdate", {check_updates, true}},
      {"emaUpdate", {check_updates, true}},
      {"ctcLoss", {check_ctc, false}},
      {"ctcLossGrad", {check_ctc, false}},
      {"embedding", {check_embedding, false}},
      {"embeddingGrad", {check_embedding, false}},
      {"embeddingGradRows", {check_embedding, false}},
      {"lstmCell", {check_cell, false}},
      {"lstmCellGrad", {check_cell, false}},
      {"gruCell", {check_cell, false}},
      {"gruCellGrad", {check_cell, false}},
      {"maskedSoftmax", {check_attention, true}},
      {"maskedSoftmaxGrad", {check_attention, true}},
  };
  const auto found = table.find(op);
  return found == table.end() ? nullptr : &found->second;
}

const char* begin_of(const Operand& x) { return static_cast<const char*>(x.data); }
const char* end_of(const Operand& x) { return begin_of(x) + x.elements * bytes_of(x.dtype); }
bool overlap(const Operand& a, const Operand& b) { return begin_of(a) < end_of(b) && begin_of(b) < end_of(a); }
bool same_memory(const Operand& a, const Operand& b) {
  return a.data == b.data && a.dtype == b.dtype && a.elements == b.elements;
}

void check_overlap(const Command& command, bool inPlace) {
  for (size_t i = 0; i < command.out.size(); i++) {
    for (const Operand& input : command.in) {
      if (!overlap(command.out[i], input)) continue;
      check(inPlace, "an output overlaps an input, but the operation cannot run in place");
      check(same_memory(command.out[i], input), "an output overlaps an input without being the same tensor");
    }
    for (size_t j = 0; j < i; j++) check(!overlap(command.out[i], command.out[j]), "two outputs overlap");
  }
}

// What is written beside the first output lies apart from everything else.
void check_sides(const Command& command) {
  const StoreSides& sides = command.sides;
  const auto check_side = [&](const Operand& side, const char* name) {
    rules::expect_real(side, name);
    check(!side.rounds && side.dtype != DType::i16, name, " is stored as it is");
    for (const Operand& x : command.in) check(!overlap(side, x), name, " overlaps an input");
    for (const Operand& y : command.out) check(!overlap(side, y), name, " overlaps an output");
    for (const EpilogueStep& step : command.epilogue) {
      check(!step.hasOperand || !overlap(side, step.operand), name, " overlaps an operand of the epilogue");
    }
  };
  rules::expect_real(command.out[0], "the output");
  if (sides.hasAmax) {
    check_side(sides.amax, "amax");
    check(sides.amax.dtype == DType::f32, "amax must be f32");
    rules::expect_elements(sides.amax, 1, "amax");
  }
  if (!sides.hasSigns) return;
  check_side(sides.signs, "signs");
  rules::expect_elements(sides.signs, command.out[0].elements, "signs");
  check(!sides.hasAmax || !overlap(sides.amax, sides.signs), "amax overlaps signs");
}

}  // namespace

namespace rules {

void expect_counts(const Command& c, int inputs, int outputs, int attrs) {
  check(c.in.size() == static_cast<size_t>(inputs), "needs " + std::to_string(inputs) + " inputs");
  check(c.out.size() == static_cast<size_t>(outputs), "needs " + std::to_string(outputs) + " outputs");
  check(c.attrs.size() == static_cast<size_t>(attrs), "needs " + std::to_string(attrs) + " attributes");
}

void expect_real(const Operand& x, const char* name) {
  check(x.dtype != DType::i32, std::string(name) + " must not be i32");
}

void expect_all_real(const Command& c) {
  for (const Operand& x : c.in) expect_real(x, "an input");
  for (const Operand& y : c.out) expect_real(y, "an output");
}

void expect_i32(const Operand& x, const char* name) {
  check(x.dtype == DType::i32, std::string(name) + " must be i32");
}

void expect_elements(const Operand& x, int64_t elements, const char* name) {
  check(x.elements == elements, std::string(name) + " must have " + std::to_string(elements) + " elements, has " +
                                    std::to_string(x.elements));
}

void expect_rank(const Operand& x, int rank, const char* name) {
  check(x.rank == rank, std::string(name) + " must have " + std::to_string(rank) + " axes");
}

void expect_same_shape(const Operand& a, const Operand& b, const char* names) {
  bool same = a.rank == b.rank;
  for (int axis = 0; same && axis < a.rank; axis++) same = a.dims[axis] == b.dims[axis];
  check(same, std::string(names) + " must have the same shape");
}

void expect_broadcastable(const Operand& x, const Operand& y) {
  bool fits = x.rank <= y.rank;
  for (int axis = 0; fits && axis < x.rank; axis++) {
    const int64_t size = x.dims[axis];
    fits = size == 1 || size == y.dims[axis + y.rank - x.rank];
  }
  check(fits, "an input does not broadcast to the shape of the output");
}

void expect_axes(const Command& c, size_t first, int rank) {
  bool seen[kMaxRank] = {};
  for (size_t i = first; i < c.attrs.size(); i++) {
    const int64_t axis = integer_attr(c, i, 0, rank - 1, "an axis");
    check(!seen[axis], "an axis is named twice");
    seen[axis] = true;
  }
}

int64_t integer_attr(const Command& c, size_t index, int64_t low, int64_t high, const char* name) {
  const double value = c.attrs[index];
  check(value >= static_cast<double>(low) && value <= static_cast<double>(high) &&
            value == static_cast<double>(static_cast<int64_t>(value)),
        std::string(name) + " must be an integer from " + std::to_string(low) + " to " + std::to_string(high));
  return static_cast<int64_t>(value);
}

int64_t windows(int64_t size, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation) {
  const int64_t room = size + 2 * pad - dilation * (kernel - 1) - 1;
  check(room >= 0, "the kernel is larger than the padded image");
  return room / stride + 1;
}

}  // namespace rules

void check_command(const Command& command) {
  const OpRule* rule = find_rule(command.op);
  check(rule != nullptr, "unknown operation");
  rule->rule(command);
  check_overlap(command, rule->inPlace);
  if (command.sides.any()) {
    check(rule->epilogue, "the operation writes nothing beside its output");
    check_sides(command);
  }
  if (command.epilogue.empty()) return;
  check(rule->epilogue, "the operation has no epilogue");
  rules::check_epilogue(command);
  for (const EpilogueStep& step : command.epilogue) {
    for (const Operand& y : command.out) {
      check(!step.hasOperand || !overlap(y, step.operand), "an operand of the epilogue overlaps an output");
    }
  }
}

}  // namespace roundoff
