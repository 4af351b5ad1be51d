// Which loop rounds to a format: the fastest that gives its bits.
#pragma once

#include "stochastic_loops.h"

namespace roundoff::ROUNDOFF_TIER {

// The loop for a format at exponents that FP32 has throughout (has_target). `counts`: it must count overflows.
template <class Steps>
RoundLoop<Steps> loop_for(const StoreRounding& store, const Target& t, bool counts) {
  if (can_round_by_adding(store, t)) {
    if (!counts && store.overflow == Overflow::saturate && has_one_spacing(store, t)) return nearest_integers<Steps>;
    if (store.hasNegativeZero) return counts ? adding_loop<true, true, Steps> : adding_loop<true, false, Steps>;
    return counts ? adding_loop<false, true, Steps> : adding_loop<false, false, Steps>;
  }
  if (has_fp32_range(store) && store.rounding == Rounding::nearestEven && store.precision <= 23) {
    return counts ? nearest_even_in_bits<true, Steps> : nearest_even_in_bits<false, Steps>;
  }
  if (const RoundLoop<Steps> loop = stochastic_loop_for<Steps>(store, t, counts)) return loop;
  return has_fp32_range(store) ? loop_of_mode<true, Steps>(store.rounding) : loop_of_mode<false, Steps>(store.rounding);
}

}  // namespace roundoff::ROUNDOFF_TIER
