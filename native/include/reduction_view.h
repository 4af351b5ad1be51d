// A tensor as a reduction sees it: [kept…, reduced…] plus one contiguous innermost axis, which is either kept or reduced.
#pragma once

#include "strided_view.h"

namespace roundoff::ROUNDOFF_TIER {

struct ReductionView {
  StridedView kept, reduced;  // without the innermost axis
  int64_t inner;              // length of the contiguous innermost axis
  bool innerKept;
};

// Joins neighbouring axes of the same kind; the last group becomes the innermost axis.
ReductionView reduction_view(const Operand& x, const double* axes, int count);

// reduce.cpp
void reduce(const Command& command, Context& ctx);
void reduce_grad(const Command& command, Context& ctx);

}  // namespace roundoff::ROUNDOFF_TIER
