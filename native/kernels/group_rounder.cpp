// Runs of elements under scales, rounded and measured. What a group's step is was decided before (group_scales.cpp).
#include "group_rounder.h"

#include "bulk_statistics.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

constexpr uint32_t kOne = 127u << 23;

// The ends as whole numbers, which compilers vectorise: among numbers below 0 the bits grow with the magnitude, and all of
// them are above those of the others. With a NaN the ends mean nothing; the magnitudes tell of it.
void widen_ends(const float* x, int64_t n, GroupRange& range) {
  const Bits* bits = reinterpret_cast<const Bits*>(x);
  uint32_t lowest = bits_of(range.min);
  int32_t highest = static_cast<int32_t>(bits_of(range.max));
  for (int64_t i = 0; i < n; i++) {
    lowest = std::max(lowest, bits[i]);
    highest = std::max(highest, static_cast<int32_t>(bits[i]));
  }
  range.min = lowest > kSignBit ? float_of(lowest) : 0.0f;
  range.max = float_of(static_cast<uint32_t>(highest));
}

// Elements back to a step of 1: exact, both are values of normal range.
void divide_by_step(float* y, int64_t n, uint32_t shift) {
  const float inverse = float_of(kOne - shift);
  for (int64_t i = 0; i < n; i++) y[i] *= inverse;
}

}  // namespace

uint32_t largest_magnitude(const float* x, int64_t n) {
  const Bits* bits = reinterpret_cast<const Bits*>(x);
  uint32_t largest = 0;
  for (int64_t i = 0; i < n; i++) largest = std::max(largest, bits[i] & ~kSignBit);
  return largest;
}

void widen_each(const float* x, int64_t n, uint32_t* largest) {
  const Bits* bits = reinterpret_cast<const Bits*>(x);
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) largest[i] = std::max(largest[i], bits[i] & ~kSignBit);
}

void widen_ranges(const float* x, const GroupRun& run, bool needsEnds, GroupRange* ranges) {
  for (int64_t i = 0, group = run.group; i < run.n; i += run.width, group++) {
    const int64_t n = std::min(run.width, run.n - i);
    GroupRange& range = ranges[group];
    range.amax = std::max(range.amax, largest_magnitude(x + i, n));
    if (needsEnds) widen_ends(x + i, n, range);
  }
}

GroupRounder::GroupRounder(const BulkJob& job, const GroupScales& scales, bool affine)
    : job_(job), target_(scales.target()), affine_(affine) {
  if (target_.maxFinite == 0) return;
  one_ = loop_for<OneStep>(job.element.store, target_, job.tally != nullptr);
  each_ = loop_for<StepPerElement>(job.element.store, target_, job.tally != nullptr);
}

uint32_t GroupRounder::round_fast(const float* x, float* y, int64_t n, const uint32_t* random, uint32_t shift,
                                  bool elements) const {
  const uint32_t overflows = one_(x, y, n, target_, random, {shift});
  if (elements) divide_by_step(y, n, shift);
  return overflows;
}

uint32_t GroupRounder::round(const GroupRun& run, const GroupTable& table, const uint32_t* random, float* y,
                             bool elements) const {
  const float* x = job_.x + run.offset;
  const auto wide = [&](int64_t i, int64_t n, size_t group, bool each) {
    const int32_t* zeroPoints = affine_ ? &table.zeroPoints[group] : nullptr;
    const uint32_t* words = random == nullptr ? nullptr : random + i;
    return round_wide(x + i, y + i, n, job_.element, {&table.steps[group], zeroPoints, each}, words, elements);
  };
  const size_t first = static_cast<size_t>(run.group);
  if (run.width == 1 && run.n > 1) {
    if (one_ == nullptr || !table.allFast) return wide(0, run.n, first, true);
    const uint32_t overflows = each_(x, y, run.n, target_, random, {&table.shifts[first]});
    for (int64_t i = 0; elements && i < run.n; i++) y[i] *= float_of(kOne - table.shifts[first + static_cast<size_t>(i)]);
    return overflows;
  }
  uint32_t overflows = 0;
  size_t group = first;
  for (int64_t i = 0; i < run.n; i += run.width, group++) {
    const int64_t n = std::min(run.width, run.n - i);
    const uint32_t* words = random == nullptr ? nullptr : random + i;
    overflows += table.fast[group] != 0 ? round_fast(x + i, y + i, n, words, table.shifts[group], elements)
                                        : wide(i, n, group, false);
  }
  return overflows;
}

void GroupRounder::operator()(const GroupRun& run, const GroupTable& table, float* made, Tally* tally, float* values) const {
  alignas(64) uint32_t space[kRandomRoom];
  const uint32_t* random = nullptr;
  const StoreRounding& store = job_.element.store;
  if (store.rounding == Rounding::stochastic) {
    random = rounding_words(run.offset, run.n, store.tensorId, job_.clock, space);
  }
  if (tally == nullptr) {
    round(run, table, random, made, job_.elementsWanted);
    return;
  }
  float* measured = job_.elementsWanted ? values : made;
  tally->saturated += round(run, table, random, measured, false);
  const float* smallest = &table.smallest[static_cast<size_t>(run.group)];
  measure_block(job_.x + run.offset, measured, run.n, smallest, run.width, *tally);
  if (job_.elementsWanted) round(run, table, random, made, true);
}

}  // namespace roundoff::ROUNDOFF_TIER
