// Rounds pieces of an array to a format without scales: the fast loops where FP32 bits suffice, else FP64; posits by
// their own. Made once for an array.
#pragma once

#include "bulk.h"
#include "philox.h"
#include "posit_rounding.h"
#include "round_loops.h"
#include "wide_rounding.h"

namespace roundoff::ROUNDOFF_TIER {

class ElementRounder {
 public:
  ElementRounder(const Element& element, const Clock& clock, bool counts) : element_(element), clock_(clock) {
    if (element.kind != ElementKind::real || !element.hasSign || !element.hasZero || !has_target(element.store)) return;
    target_ = target_of(element.store);
    loop_ = loop_for<OneStep>(element.store, target_, counts);
  }

  // n ≤ kBlock elements, the first of which has the index `offset`. Returns how many overflowed. y may be x.
  uint32_t operator()(const float* x, float* y, int64_t n, int64_t offset) const {
    alignas(64) uint32_t space[kRandomRoom];
    const uint32_t* random = nullptr;
    if (element_.store.rounding == Rounding::stochastic) {
      random = rounding_words(offset, n, element_.store.tensorId, clock_, space);
    }
    if (loop_ != nullptr) return loop_(x, y, n, target_, random, {0});
    if (element_.kind == ElementKind::posit) return round_posit(x, y, n, element_, random);
    const double one = 1;
    return round_wide(x, y, n, element_, {&one, nullptr, false}, random, false);
  }

 private:
  const Element& element_;
  Clock clock_;
  Target target_{};
  RoundLoop<OneStep> loop_ = nullptr;
};

}  // namespace roundoff::ROUNDOFF_TIER
