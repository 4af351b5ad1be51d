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

// Each group's number beside each of its elements.
template <class T>
void spread(const T* numbers, const GroupRun& run, T* to) {
  if (run.period > 0) {
    for (int64_t i = 0; i < run.n; i += run.period) std::copy_n(numbers, run.period, to + i);
  } else if (run.width == 16) {
    // Room for whole blocks.
    for (int64_t i = 0; i < run.n; i += 16) std::fill_n(to + i, 16, *numbers++);
  } else {
    for (int64_t i = 0; i < run.n; i += run.width) std::fill_n(to + i, std::min(run.width, run.n - i), *numbers++);
  }
}

}  // namespace

BandRounder::BandRounder(const Element& element, const ScaleSpec& spec, const GroupScales& scales, const Clock& clock)
    : element_(element), scales_(scales), clock_(clock), twoLevel_(spec.kind == ScaleKind::twoLevel) {
  multiplies_ = spec.kind != ScaleKind::affine && has_reciprocals(element);
  target_ = scales.target();
  powers_ = target_.maxFinite != 0;
  byAdding_ = powers_ && element.store.precision <= 22 && can_round_by_adding(element.store, target_);
  if (!powers_) return;
  one_ = loop_for<OneStep>(element.store, target_, false);
  each_ = loop_for<StepPerElement>(element.store, target_, false);
}

void BandRounder::widen(const float* values, const GroupRun& run, uint32_t* largest) {
  uint32_t* own = largest + run.group;
  if (run.period > 0) {
    for (int64_t i = 0; i < run.n; i += run.period) widen_each(values + i, run.period, own);
    return;
  }
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
    if (twoLevel_) {
      scales_.two_level_steps(largest + i, n, made.units == nullptr ? kept : made.units + i, made.steps + i);
      for (int64_t k = i; made.inverses != nullptr && k < i + n; k++) made.inverses[k] = reciprocal_of(made.steps[k]);
    }
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
  if (steps.inverses != nullptr) return round_multiplying(values, run, steps, random, made);
  round_slow(values, run, steps, random, made);
}

void BandRounder::round_fast(const float* values, const GroupRun& run, const uint32_t* shifts, const uint32_t* random,
                             float* made) const {
  if (run.width == 1) {
    alignas(64) uint32_t each[kPiece];
    if (run.period > 0) {
      spread(shifts, run, each);
      shifts = each;
    }
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
  const float* unit = steps.units == nullptr ? nullptr : steps.units + run.group;
  const bool elements = unit != nullptr;
  if (run.width == 1) {
    const int64_t together = run.period > 0 ? run.period : run.n;
    for (int64_t i = 0; i < run.n; i += together) {
      const uint32_t* words = random == nullptr ? nullptr : random + i;
      round_wide(values + i, made + i, together, element_, {step, zero, true}, words, elements);
      for (int64_t k = 0; elements && k < together; k++) {
        const float origin = zero == nullptr ? 0.0f : static_cast<float>(zero[k]);
        made[i + k] = (made[i + k] - origin) * unit[k];
      }
    }
    return;
  }
  for (int64_t i = 0; i < run.n; i += run.width, step++) {
    const int64_t n = std::min(run.width, run.n - i);
    round_wide(values + i, made + i, n, element_, {step, zero, false}, random == nullptr ? nullptr : random + i, elements);
    const float origin = zero == nullptr ? 0.0f : static_cast<float>(*zero);
    for (int64_t k = i; elements && k < i + n; k++) made[k] = (made[k] - origin) * *unit;
    if (zero != nullptr) zero++;
    if (elements) unit++;
  }
}

void BandRounder::round_multiplying(const float* values, const GroupRun& run, const GroupSteps& steps,
                                    const uint32_t* random, float* made) const {
  alignas(64) float source[kPiece], inverses[kPiece], units[kPiece];
  // What is in doubt is rounded again.
  if (values == made) values = std::copy_n(values, run.n, source) - run.n;
  const int64_t groups = run.period > 0 ? run.period : run.n;
  ReciprocalSteps each{steps.inverses + run.group, steps.units + run.group, steps.steps + run.group,
                       run.width, groups, run.width < run.n};
  if (each.each && (run.width > 1 || run.period > 0)) {
    spread(each.inverses, run, inverses);
    spread(each.units, run, units);
    each.inverses = inverses;
    each.units = units;
  }
  round_by_reciprocals(values, made, run.n, element_, each, random);
}

}  // namespace roundoff::ROUNDOFF_TIER
