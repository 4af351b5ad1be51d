// The movement kernels are in two files; `register_movement` collects both.
#pragma once

#include "command.h"

namespace roundoff::ROUNDOFF_TIER {

// place, concat, padEdge, padEdgeGrad.
void register_padding(KernelTable& table);

}  // namespace roundoff::ROUNDOFF_TIER
