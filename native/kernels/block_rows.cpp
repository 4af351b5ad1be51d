// Rows of whole blocks; the loops are in block_loops.h and threshold_loops.h.
#include "block_rows.h"

#include "block_loops.h"
#include "bulk_statistics.h"
#include "philox.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

void row_maxima(const float* x, int64_t blocks, int64_t width, uint32_t* largest) {
  return (width == 16 ? block_maxima<16> : block_maxima<32>)(x, blocks, largest);
}

template <bool count>
auto power_loop(int64_t width, bool signedZero) {
  if (width == 16) return signedZero ? nearest_even_blocks<true, count, 16> : nearest_even_blocks<false, count, 16>;
  return signedZero ? nearest_even_blocks<true, count, 32> : nearest_even_blocks<false, count, 32>;
}

template <bool count>
uint32_t threshold_row(const float* x, float* y, int64_t blocks, const ThresholdTable<BlockRows::kGroups>& table) {
  uint32_t saturated = 0;
  for (int64_t block = 0; block < blocks; block++) {
    saturated += round_by_thresholds<count>(x + 16 * block, y + 16 * block, table, block);
  }
  return saturated;
}

}  // namespace

BlockRows::BlockRows(const BulkJob& job, const ScaleSpec& spec, const GroupLayout& layout, const GroupScales& scales)
    : job_(job), scales_(scales), width_(layout.blockColumns) {
  const StoreRounding& store = job.element.store;
  if (layout.slices || layout.inner != 1 || job.elementsWanted) return;
  const bool powers = spec.kind == ScaleKind::e8m0 || spec.kind == ScaleKind::sharedExponent;
  powers_ = powers && has_block_loops(width_) && scales.target().maxFinite != 0;
  twoLevel_ = spec.kind == ScaleKind::twoLevel && width_ == 16 && is_e2m1(job.element) &&
              store.rounding == Rounding::nearestEven;
  if (powers_ && !(store.precision <= 22 && can_round_by_adding(store, scales.target()))) {
    blockLoop_ = loop_for<OneStep>(store, scales.target(), job.tally != nullptr);
  }
}

void BlockRows::prepare(const Bands& bands, const Bands::Band& band, Steps& steps) const {
  steps.band = band;
  steps.usable = (powers_ || twoLevel_) && band.n % width_ == 0 && find_steps(bands, steps);
}

bool BlockRows::find_steps(const Bands& bands, Steps& steps) const {
  const int64_t groups = steps.band.groups;
  alignas(64) uint32_t largest[kGroups], row[kGroups];
  bool first = true;
  bands.runs(steps.band, [&](const GroupRun& run) {
    row_maxima(job_.x + run.offset, groups, width_, first ? largest : row);
    for (int64_t i = 0; !first && i < groups; i++) largest[i] = std::max(largest[i], row[i]);
    first = false;
  });
  if (powers_) return scales_.fast_steps(largest, groups, steps.shifts, steps.scales);
  // Under a step that is no number all is NaN, of one sign: the general path makes it.
  const float tensorScale = scales_.tensor_scale();
  if (tensorScale != tensorScale) return false;
  scales_.two_level_steps(largest, groups, steps.scales, steps.steps);
  steps.table.fill(steps.steps, groups);
  return true;
}

void BlockRows::find_smallest(const Steps& steps, float* smallest) const {
  for (int64_t i = 0; i < steps.band.groups; i++) {
    smallest[i] = powers_ ? float_of(scales_.smallest_bits() + steps.shifts[i]) : scales_.smallest_under(steps.steps[i]);
  }
}

uint32_t BlockRows::round_row(const GroupRun& run, float* y, const Steps& steps, bool counts) const {
  const int64_t groups = steps.band.groups;
  const float* x = job_.x + run.offset;
  if (twoLevel_) return (counts ? threshold_row<true> : threshold_row<false>)(x, y, groups, steps.table);
  if (blockLoop_ != nullptr) return round_each_block(run, y, steps);
  const bool signedZero = job_.element.store.hasNegativeZero;
  return (counts ? power_loop<true>(width_, signedZero)
                 : power_loop<false>(width_, signedZero))(x, y, groups, scales_.target(), steps.shifts);
}

uint32_t BlockRows::round_each_block(const GroupRun& run, float* y, const Steps& steps) const {
  alignas(64) uint32_t space[kRandomRoom];
  const StoreRounding& store = job_.element.store;
  const bool draws = store.rounding == Rounding::stochastic;
  const uint32_t* random = draws ? rounding_words(run.offset, run.n, store.tensorId, job_.clock, space) : nullptr;
  uint32_t saturated = 0;
  for (int64_t i = 0, block = 0; i < run.n; i += width_, block++) {
    const uint32_t* words = draws ? random + i : nullptr;
    saturated += blockLoop_(job_.x + run.offset + i, y + i, width_, scales_.target(), words, {steps.shifts[block]});
  }
  return saturated;
}

void BlockRows::round(const Bands& bands, const Steps& steps, const PieceTarget& target, Tally* tally) const {
  alignas(64) float buffer[kPiece], smallest[kGroups];
  if (tally != nullptr) find_smallest(steps, smallest);
  bands.runs(steps.band, [&](const GroupRun& run) {
    const float* x = job_.x + run.offset;
    float* y = job_.y + run.offset;
    float* made = target.where(y, buffer);
    const uint32_t saturated = round_row(run, made, steps, tally != nullptr);
    if (tally != nullptr) {
      tally->saturated += saturated;
      measure_block(x, made, run.n, smallest, width_, *tally);
    }
    target.store(made, y, run.n);
  });
}

}  // namespace roundoff::ROUNDOFF_TIER
