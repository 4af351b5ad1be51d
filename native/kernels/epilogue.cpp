// The element-wise operations of a fused group: each is done to a block of results while it is in L1, by the same functions
// and with the same roundings as the command that it stands for, so fused and unfused plans agree in every bit.
#include <algorithm>

#include "element_blocks.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// n values of the endless repetition of `row`, from element `offset` of it on.
void repeat(const Operand& row, int64_t offset, int64_t n, float* to) {
  const int64_t length = row.elements, first = offset % length;
  const int64_t tail = std::min(length - first, n), head = std::min(first, n - tail);
  load_block(row, first, tail, to);
  load_block(row, 0, head, to + tail);
  // One whole row is there now; what is there is doubled until it is enough.
  for (int64_t done = length; done < n; done *= 2) std::copy_n(to, std::min(done, n - done), to + done);
}

// The step's other operand beside results offset … offset+n−1. `elements` of the whole result: an operand of fewer is a
// row that repeats, or one number.
const float* other_operand(const EpilogueStep& step, int64_t elements, int64_t offset, int64_t n, float* space) {
  if (step.operand.elements == elements) return read_block(step.operand, offset, n, space);
  if (step.operand.elements == 1) {
    alignas(64) float one[1];
    std::fill_n(space, n, *read_block(step.operand, 0, 1, one));
    return space;
  }
  repeat(step.operand, offset, n, space);
  return space;
}

void run_step(const EpilogueStep& step, int64_t elements, int64_t offset, int64_t n, float* x, const Clock& clock) {
  alignas(64) float space[kBlock];
  if (step.rounds) round_block(x, n, step.round, offset, clock);
  const auto other = [&] { return other_operand(step, elements, offset, n, space); };
  switch (step.op) {
    case EpilogueStep::Op::unary:
      return unary_block(unary_function(step.attrs), n, x, x);
    case EpilogueStep::Op::unaryGrad:
      return unary_grad_block(unary_function(step.attrs), n, other(), x, x);
    case EpilogueStep::Op::binary: {
      const auto kind = static_cast<BinaryKind>(static_cast<int>(step.attrs[0]));
      return step.resultFirst ? binary_block(kind, n, x, other(), x) : binary_block(kind, n, other(), x, x);
    }
    case EpilogueStep::Op::affine:
      return affine_block(static_cast<float>(step.attrs[0]), static_cast<float>(step.attrs[1]), n, x, x);
  }
}

}  // namespace

void run_epilogue(const Operand& y, int64_t offset, int64_t n, float* x, const Clock& clock) {
  for (int64_t done = 0; done < n; done += kBlock) {
    const int64_t count = std::min(kBlock, n - done);
    for (const EpilogueStep& step : *y.epilogue) run_step(step, y.elements, offset + done, count, x + done, clock);
  }
}

}  // namespace roundoff::ROUNDOFF_TIER
