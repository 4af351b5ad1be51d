// Which rounder goes over the batches of a row.
#include "row_batches.h"

#if defined(__AVX512F__)
#include "block_rounders.h"
#endif

namespace roundoff::ROUNDOFF_TIER {

#if defined(__AVX512F__)
namespace {

bool rounds_stochastically(const StoreRounding& store, const Target& t) {
  return store.rounding == Rounding::stochastic && store.unusedRandom == 0 && can_add_stochastically(store, t);
}

// A stretch of batches, whatever their rounder.
struct BatchStretch {
  const BulkJob& job;
  float* kept;
  int64_t first, last, width;
  const LeftOver& leftOver;

  int64_t element() const { return first * kBatch * width; }

  template <int blockWidth, class Rounder>
  void go(Rounder&& rounder) const {
    const auto general = [&](int64_t batch) { leftOver(first + batch); };
    const float* x = job.x + element();
    float* y = job.y + element();
    float* scales = kept == nullptr ? nullptr : kept + first * kBatch;
    if (job.stream && job.x != job.y) {
      BatchLoop<blockWidth, true, std::decay_t<Rounder>>(x, y, last - first, scales, rounder).run(general);
    } else {
      BatchLoop<blockWidth, false, std::decay_t<Rounder>>(x, y, last - first, scales, rounder).run(general);
    }
  }

  template <class Rounder>
  void go(Rounder&& rounder) const {
    if (width == 16) return go<16>(rounder);
    go<32>(rounder);
  }
};

template <bool signedZero>
void round_powers(const BatchStretch& stretch, const GroupScales& scales) {
  const StoreRounding& store = stretch.job.element.store;
  const Target& target = scales.target();
  if (store.rounding == Rounding::nearestEven) {
    if (has_one_spacing(store, target)) return stretch.go(IntegerBlocks(target, scales.power_rule()));
    return stretch.go(NearestEvenBlocks<signedZero>(target, scales.power_rule()));
  }
  stretch.go(StochasticBlocks<signedZero>(target, scales.power_rule(), store, stretch.job.clock, stretch.element()));
}

}  // namespace

bool has_row_batches(const BulkJob& job, const ScaleSpec& spec, const GroupLayout& l, const GroupScales& scales) {
  const StoreRounding& store = job.element.store;
  const bool oneRow = !l.slices && l.outer == 1 && l.rows == 1 && l.inner == 1;
  if (!oneRow || job.tally != nullptr || job.elementsWanted) return false;
  if (spec.kind == ScaleKind::twoLevel) return false;
  const Target& t = scales.target();
  if ((l.blockColumns != 16 && l.blockColumns != 32) || t.maxFinite == 0 || store.precision > 22) return false;
  return can_round_by_adding(store, t) || rounds_stochastically(store, t);
}

void row_batches(const BulkJob& job, const GroupLayout& layout, const GroupScales& scales, float* kept, int64_t first,
                 int64_t last, const LeftOver& leftOver) {
  const BatchStretch stretch{job, kept, first, last, layout.blockColumns, leftOver};
  job.element.store.hasNegativeZero ? round_powers<true>(stretch, scales) : round_powers<false>(stretch, scales);
}

#else

bool has_row_batches(const BulkJob&, const ScaleSpec&, const GroupLayout&, const GroupScales&) { return false; }

void row_batches(const BulkJob&, const GroupLayout&, const GroupScales&, float*, int64_t first, int64_t last,
                 const LeftOver& leftOver) {
  for (int64_t batch = first; batch < last; batch++) leftOver(batch);
}

#endif

}  // namespace roundoff::ROUNDOFF_TIER
