// Bands of groups of a plan's tensor. The loops are those of the bulk kernels.
#include "band_rounder.h"

#include "block_loops.h"
#include "group_rounder.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

bool whole_blocks(const GroupRun& run) { return has_block_loops(run.width) && run.n % run.width == 0; }

template <bool signedZero>
auto adding_blocks(int64_t width) {
  return width == 16 ? nearest_even_blocks<signedZero, false, 16> : nearest_even_blocks<signedZero, false, 32>;
}

}  // namespace

BandRounder::BandRounder(const Element& element, const ScaleSpec& spec, const GroupScales& scales, const Clock& clock)
    : element_(element), scales_(scales), clock_(clock), twoLevel_(spec.kind == ScaleKind::twoLevel) {
  target_ = scales.target();
  powers_ = target_.maxFinite != 0;
  byAdding_ = powers_ && element.store.precision <= 22 && can_round_by_adding(element.store, target_);
  if (!powers_) return;
  one_ = loop_for<OneStep>(element.store, target_, false);
  each_ = loop_for<StepPerElement>(element.store, target_, false);
}

void BandRounder::widen(const float* values, const GroupRun& run, uint32_t* largest) {
  uint32_t* own = largest + run.group;
  if (run.width == 1) return widen_each(values, run.n, own);
  if (whole_blocks(run)) {
    alignas(64) uint32_t row[kPiece / 16];
    const int64_t blocks = run.n / run.width;
    (run.width == 16 ? block_maxima<16> : block_maxima<32>)(values, blocks, row);
    for (int64_t i = 0; i < blocks; i++) own[i] = std::max(own[i], row[i]);
    return;
  }
  for (int64_t i = 0; i < run.n; i += run.width, own++) {
    *own = std::max(*own, largest_magnitude(values + i, std::min(run.width, run.n - i)));
  }
}

void BandRounder::find_steps(const uint32_t* largest, int64_t groups, GroupSteps& made) const {
  alignas(64) float kept[kPiece];
  made.fast = powers_;
  for (int64_t i = 0; i < groups; i += kPiece) {
    const int64_t n = std::min(kPiece, groups - i);
    if (twoLevel_) scales_.two_level_steps(largest + i, n, kept, made.steps + i);
    made.fast = made.fast && scales_.fast_steps(largest + i, n, made.shifts + i, kept);
  }
  if (made.fast || twoLevel_) return;
  for (int64_t i = 0; i < groups; i++) made.steps[i] = scales_.step_for({largest[i]}).step;
}

void BandRounder::round(const float* values, const GroupRun& run, const GroupSteps& steps, float* made) const {
  alignas(64) uint32_t space[kRandomRoom];
  const StoreRounding& store = element_.store;
  const bool draws = store.rounding == Rounding::stochastic;
  const uint32_t* random = draws ? rounding_words(run.offset, run.n, store.tensorId, clock_, space) : nullptr;
  if (steps.fast) return round_fast(values, run, steps.shifts + run.group, random, made);
  round_slow(values, run, steps, random, made);
}

void BandRounder::round_fast(const float* values, const GroupRun& run, const uint32_t* shifts, const uint32_t* random,
                             float* made) const {
  if (run.width == 1) {
    each_(values, made, run.n, target_, random, {shifts});
    return;
  }
  if (byAdding_ && whole_blocks(run)) {
    const auto loop = element_.store.hasNegativeZero ? adding_blocks<true>(run.width) : adding_blocks<false>(run.width);
    loop(values, made, run.n / run.width, target_, shifts);
    return;
  }
  for (int64_t i = 0; i < run.n; i += run.width, shifts++) {
    const int64_t n = std::min(run.width, run.n - i);
    one_(values + i, made + i, n, target_, random == nullptr ? nullptr : random + i, {*shifts});
  }
}

void BandRounder::round_slow(const float* values, const GroupRun& run, const GroupSteps& steps, const uint32_t* random,
                             float* made) const {
  const double* step = steps.steps + run.group;
  const int32_t* zero = steps.zeroPoints == nullptr ? nullptr : steps.zeroPoints + run.group;
  if (run.width == 1) {
    round_wide(values, made, run.n, element_, {step, zero, true}, random, false);
    return;
  }
  for (int64_t i = 0; i < run.n; i += run.width, step++) {
    const int64_t n = std::min(run.width, run.n - i);
    round_wide(values + i, made + i, n, element_, {step, zero, false}, random == nullptr ? nullptr : random + i, false);
    if (zero != nullptr) zero++;
  }
}

}  // namespace roundoff::ROUNDOFF_TIER
