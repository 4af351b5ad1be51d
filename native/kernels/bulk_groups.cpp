// Whole arrays to formats with scales: the range of each group, its scale, and every element rounded while it is still in
// the caches. Where a group is spread over the tensor (slices), or a scale depends on all of it (two levels), the ranges
// take a pass over memory of their own.
#include "block_loops.h"
#include "bulk_statistics.h"
#include "bulk_tier.h"
#include "group_rounder.h"
#include "threshold_loops.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

constexpr int64_t kRunsPerChunk = 16;

class Quantizer {
 public:
  Quantizer(const BulkJob& job, const ScaleSpec& spec, ScaleArrays& out, Context& ctx)
      : job_(job), spec_(spec), out_(out), ctx_(ctx), layout_(flattened(spec.layout)), scales_(job.element, spec), target_(job),
        round_(job, scales_, affine()), blocks_(has_blocks()),
        byThresholds_(has_thresholds()) {}

  void run() {
    if (spec_.layout.slices) return run_slices();
    if (spec_.kind == ScaleKind::twoLevel) {
      scales_.set_tensor_amax(tensor_amax());
      out_.tensorScale = scales_.tensor_scale();
    }
    run_bands();
  }

 private:
  bool affine() const { return spec_.kind == ScaleKind::affine; }

  void keep(int64_t group, const GroupStep& step) const {
    if (out_.values != nullptr) out_.values[group] = step.scale;
    if (out_.zeroPoints != nullptr) out_.zeroPoints[group] = step.zeroPoint;
  }

  void round_run(const GroupRun& run, const GroupTable& table, Tally* tally) const {
    alignas(64) float buffer[kPiece];
    alignas(64) float values[kPiece];
    float* y = job_.y + run.offset;
    float* made = target_.where(y, buffer);
    round_(run, table, made, tally, values);
    target_.store(made, y, run.n);
  }

  void run_bands() const {
    const Bands bands(layout_);
    const int64_t chunks = chunks_of(bands.count(), kRunsPerChunk);
    const ChunkTallies tallies(ctx_, chunks, job_.tally);
    parallel_ranges(ctx_, chunks, [&](int64_t first, int64_t last, int) {
      GroupTable table(kPiece);
      GroupRange ranges[kPiece];
      const int64_t end = std::min(bands.count(), last * kRunsPerChunk);
      for (int64_t index = first * kRunsPerChunk; index < end; index++) {
        const Bands::Band band = bands.at(index);
        if (round_blocks(band, tallies.of(index / kRunsPerChunk))) continue;
        std::fill_n(ranges, band.groups, GroupRange{});
        bands.runs(band, [&](const GroupRun& run) { widen_ranges(job_.x + run.offset, run, false, ranges); });
        for (int64_t group = 0; group < band.groups; group++) {
          const GroupStep step = scales_.step_for(ranges[group]);
          table.set(group, step);
          keep(band.group + group, step);
        }
        Tally* tally = tallies.of(index / kRunsPerChunk);
        bands.runs(band, [&](const GroupRun& run) { round_run(run, table, tally); });
      }
      if (target_.stream) stream_fence();
    });
    tallies.finish();
  }

  // Whether bands may be rounded by block_loops.h: blocks in a row, of a width that has loops.
  bool has_blocks() const {
    const GroupLayout& layout = layout_;
    const bool powers = spec_.kind == ScaleKind::e8m0 || spec_.kind == ScaleKind::sharedExponent;
    return powers && layout.inner == 1 && layout.blockRows == 1 && has_block_loops(layout.blockColumns) && scales_.target().maxFinite != 0 && !job_.elementsWanted &&
           can_round_by_adding(job_.element.store, scales_.target());
  }

  // Rounds a band by block_loops.h; false, and nothing is written, if it cannot be.
  bool round_blocks(const Bands::Band& band, Tally* tally) const {
    if ((!blocks_ && !byThresholds_) || band.n % layout_.blockColumns != 0) return false;
    if (byThresholds_) return round_two_level(band, tally), true;
    if (layout_.blockColumns == 16) return round_blocks_of<16>(band, tally);
    return round_blocks_of<32>(band, tally);
  }

  bool has_thresholds() const {
    return spec_.kind == ScaleKind::twoLevel && layout_.inner == 1 && layout_.blockColumns == 16 && !job_.elementsWanted && is_e2m1(job_.element) &&
           job_.element.store.rounding == Rounding::nearestEven;
  }

  void round_two_level(const Bands::Band& band, Tally* tally) const {
    constexpr int64_t kGroups = ThresholdTable::kGroups;
    alignas(64) uint32_t largest[kGroups] = {}, row[kGroups];
    alignas(64) float scales[kGroups], smallest[kGroups];
    alignas(64) double steps[kGroups];
    ThresholdTable table;
    const Bands bands(layout_);
    bands.runs(band, [&](const GroupRun& run) {
      block_maxima<16>(job_.x + run.offset, band.groups, row);
      for (int64_t i = 0; i < band.groups; i++) largest[i] = std::max(largest[i], row[i]);
    });
    scales_.two_level_steps(largest, band.groups, scales, steps);
    if (out_.values != nullptr) std::copy_n(scales, band.groups, out_.values + band.group);
    table.fill(steps, band.groups);
    for (int64_t i = 0; tally != nullptr && i < band.groups; i++) smallest[i] = scales_.smallest_under(steps[i]);
    bands.runs(band, [&](const GroupRun& run) {
      alignas(64) float buffer[kPiece];
      const float* x = job_.x + run.offset;
      float* y = job_.y + run.offset;
      float* made = target_.where(y, buffer);
      for (int64_t group = 0, i = 0; i < run.n; group++, i += 16) {
        if (tally == nullptr) {
          round_by_thresholds<false>(x + i, made + i, 16, table, group);
        } else {
          tally->saturated += round_by_thresholds<true>(x + i, made + i, 16, table, group);
        }
      }
      if (tally != nullptr) measure_block(x, made, run.n, smallest, 16, *tally);
      target_.store(made, y, run.n);
    });
  }

  template <int width>
  bool round_blocks_of(const Bands::Band& band, Tally* tally) const {
    alignas(64) uint32_t largest[kPiece / width], shifts[kPiece / width];
    alignas(64) float buffer[kPiece], scales[kPiece / width], smallest[kPiece / width];
    const int64_t offset = (band.outer * layout_.rows + band.tileRow) * layout_.columns + band.begin;
    const float* x = job_.x + offset;
    block_maxima<width>(x, band.groups, largest);
    if (!scales_.fast_steps(largest, band.groups, shifts, scales)) return false;
    if (out_.values != nullptr) std::copy_n(scales, band.groups, out_.values + band.group);
    float* made = target_.where(job_.y + offset, buffer);
    const bool signedZero = job_.element.store.hasNegativeZero;
    if (tally == nullptr) {
      (signedZero ? nearest_even_blocks<true, false, width> : nearest_even_blocks<false, false, width>)(
          x, made, band.groups, scales_.target(), shifts);
    } else {
      tally->saturated += (signedZero ? nearest_even_blocks<true, true, width> : nearest_even_blocks<false, true, width>)(
          x, made, band.groups, scales_.target(), shifts);
      for (int64_t i = 0; i < band.groups; i++) smallest[i] = float_of(scales_.smallest_bits() + shifts[i]);
      measure_block(x, made, band.n, smallest, width, *tally);
    }
    target_.store(made, job_.y + offset, band.n);
    return true;
  }

  void run_slices() const {
    const SliceRuns runs(spec_.layout);
    const int64_t groups = spec_.layout.groups(), chunks = chunks_of(runs.count(), kRunsPerChunk);
    const std::vector<GroupRange> ranges = slice_ranges(runs, groups);
    GroupTable table(groups);
    for (int64_t group = 0; group < groups; group++) {
      const GroupStep step = scales_.step_for(ranges[static_cast<size_t>(group)]);
      table.set(group, step);
      keep(group, step);
    }
    const ChunkTallies tallies(ctx_, chunks, job_.tally);
    parallel_ranges(ctx_, chunks, [&](int64_t first, int64_t last, int) {
      const int64_t end = std::min(runs.count(), last * kRunsPerChunk);
      for (int64_t index = first * kRunsPerChunk; index < end; index++) {
        round_run(runs.at(index), table, tallies.of(index / kRunsPerChunk));
      }
      if (target_.stream) stream_fence();
    });
    tallies.finish();
  }

  // Each thread widens ranges of its own: the largest of all does not depend on who saw it.
  std::vector<GroupRange> slice_ranges(const SliceRuns& runs, int64_t groups) const {
    std::vector<std::vector<GroupRange>> own(static_cast<size_t>(ctx_.pool.threads()));
    parallel_ranges(ctx_, runs.count(), [&](int64_t first, int64_t last, int thread) {
      std::vector<GroupRange>& mine = own[static_cast<size_t>(thread)];
      mine.resize(static_cast<size_t>(groups));
      for (int64_t index = first; index < last; index++) {
        const GroupRun run = runs.at(index);
        widen_ranges(job_.x + run.offset, run, affine(), mine.data());
      }
    });
    std::vector<GroupRange> all(static_cast<size_t>(groups));
    for (const std::vector<GroupRange>& mine : own) {
      for (size_t i = 0; i < mine.size(); i++) {
        all[i].amax = std::max(all[i].amax, mine[i].amax);
        all[i].min = std::min(all[i].min, mine[i].min);
        all[i].max = std::max(all[i].max, mine[i].max);
      }
    }
    return all;
  }

  uint32_t tensor_amax() const {
    const GroupLayout whole{1, 1, 1, job_.n, 1, 1, true};
    return slice_ranges(SliceRuns(whole), 1)[0].amax;
  }

  const BulkJob& job_;
  const ScaleSpec& spec_;
  ScaleArrays& out_;
  Context& ctx_;
  GroupLayout layout_;
  GroupScales scales_;
  PieceTarget target_;
  GroupRounder round_;
  bool blocks_, byThresholds_;
};

void dequantize_run(float* y, const GroupRun& run, const double* steps, const int32_t* zeroPoints, bool integers) {
  for (int64_t i = 0; i < run.n; i++) {
    const size_t group = static_cast<size_t>(run.group + i / run.width);
    const double step = steps[group];
    const double element = static_cast<double>(y[i]) - (zeroPoints == nullptr ? 0.0 : zeroPoints[group]);
    // An integer has no −0, whatever the sign of its step.
    const double value = integers && element == 0 && step == step ? 0.0 : element * step;
    y[i] = static_cast<float>(value);
  }
}

}  // namespace

void bulk_quantize(const BulkJob& job, const ScaleSpec& spec, ScaleArrays& scales, Context& ctx) {
  Quantizer(job, spec, scales, ctx).run();
}

void bulk_dequantize(float* y, const Element& element, const ScaleSpec& spec, const ScaleArrays& kept, Context& ctx) {
  GroupScales scales(element, spec);
  scales.set_tensor_scale(kept.tensorScale);
  std::vector<double> steps(static_cast<size_t>(spec.layout.groups()));
  for (size_t i = 0; i < steps.size(); i++) steps[i] = scales.step_of(kept.values[i]);
  const bool integers = element.kind == ElementKind::integer;
  const int32_t* zeroPoints = spec.kind == ScaleKind::affine ? kept.zeroPoints : nullptr;
  const auto decode = [&](GroupRun run, int64_t firstGroup) {
    run.group += firstGroup;
    dequantize_run(y + run.offset, run, steps.data(), zeroPoints, integers);
  };
  if (spec.layout.slices) {
    const SliceRuns runs(spec.layout);
    parallel_ranges(ctx, runs.count(), [&](int64_t first, int64_t last, int) {
      for (int64_t index = first; index < last; index++) decode(runs.at(index), 0);
    });
    return;
  }
  const Bands bands(flattened(spec.layout));
  parallel_ranges(ctx, bands.count(), [&](int64_t first, int64_t last, int) {
    for (int64_t index = first; index < last; index++) {
      const Bands::Band band = bands.at(index);
      bands.runs(band, [&](const GroupRun& run) { decode(run, band.group); });
    }
  });
}

}  // namespace roundoff::ROUNDOFF_TIER
