// The rate of a carrier's multiply-adds in registers.
#pragma once

#include "command.h"

namespace roundoff::ROUNDOFF_TIER {

// Runs `steps` steps of multiply-adds on every thread; returns how many operations that was, a multiply-add being two.
double peak_operations(Carrier carrier, int64_t steps, Context& ctx);

}  // namespace roundoff::ROUNDOFF_TIER
