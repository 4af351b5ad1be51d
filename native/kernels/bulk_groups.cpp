// Whole arrays to formats with scales: the range of each group, its scale, and every element rounded while it is still in
// the caches. Short blocks along one row go by row_batches.cpp and two_level_row.cpp, rows of them by block_rows.cpp, the rest
// by band_steps.cpp. Where a group is spread over the tensor (slices), or a scale depends on all of it (two levels), the
// ranges take a pass over memory of their own.
#include "band_steps.h"
#include "block_rows.h"
#include "bulk_tier.h"
#include "row_batches.h"
#include "two_level_row.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

constexpr int64_t kRunsPerChunk = 16;
// Chunks rounded in their order where an array is gone through from its end: a megabyte, so that memory is read ahead.
constexpr int64_t kChunksBack = 16;

class Quantizer {
 public:
  Quantizer(const BulkJob& job, const ScaleSpec& spec, ScaleArrays& out, Context& ctx)
      : job_(job), spec_(spec), out_(out), ctx_(ctx), layout_(flattened(spec.layout)), scales_(job.element, spec), target_(job),
        round_(job, scales_, affine()), rows_(job, spec, layout_, scales_) {}

  void run() {
    if (spec_.layout.slices) return run_slices();
    if (TwoLevelRow::serves(job_, spec_, layout_)) {
      TwoLevelRow row(job_, scales_, ctx_);
      set_tensor_amax(row.find_maxima());
      if (row.round(out_.values)) return round_rest(row.batches());
    } else if (spec_.kind == ScaleKind::twoLevel) {
      set_tensor_amax(tensor_amax());
    }
    if (has_row_batches(job_, spec_, layout_, scales_)) return run_batches();
    run_bands();
  }

 private:
  void set_tensor_amax(uint32_t amax) {
    scales_.set_tensor_amax(amax);
    out_.tensorScale = scales_.tensor_scale();
  }

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

  // A batch of blocks of one row, or what is left of the row.
  void round_rest(int64_t batch) const {
    const int64_t width = layout_.blockColumns, group = batch * kBlocksPerBatch, begin = group * width;
    const int64_t n = std::min(job_.n - begin, kBlocksPerBatch * width);
    if (n == 0) return;
    BandSteps steps(spec_, layout_, scales_);
    round_band(Bands(layout_), {0, 0, 0, begin, n, group, chunks_of(n, width)}, steps, nullptr);
  }

  // One row of small blocks: batches of them in registers, and by bands what cannot be rounded there.
  void run_batches() const {
    const int64_t width = layout_.blockColumns, batches = job_.n / (kBlocksPerBatch * width);
    const auto rest = [&](int64_t batch) { round_rest(batch); };
    parallel_ranges(ctx_, batches, [&](int64_t first, int64_t last, int) {
      row_batches(job_, layout_, scales_, out_.values, first, last, LeftOver(rest));
      if (last == batches) rest(batches);
      if (target_.stream) stream_fence();
    });
  }

  void run_bands() const {
    const Bands bands(layout_);
    const int64_t chunks = chunks_of(bands.count(), kRunsPerChunk);
    const ChunkTallies tallies(ctx_, chunks, job_.tally);
    parallel_ranges(ctx_, chunks, [&](int64_t first, int64_t last, int) {
      BandSteps general(spec_, layout_, scales_);
      // One band ahead, so that the steps of the next are under way while this one is rounded.
      BlockRows::Steps steps[2];
      const int64_t begin = first * kRunsPerChunk, end = std::min(bands.count(), last * kRunsPerChunk);
      for (int64_t index = begin; index <= end; index++) {
        if (index < end) rows_.prepare(bands, bands.at(index), steps[index % 2]);
        if (index == begin) continue;
        const BlockRows::Steps& ready = steps[(index - 1) % 2];
        Tally* tally = tallies.of((index - 1) / kRunsPerChunk);
        if (!ready.usable) {
          round_band(bands, ready.band, general, tally);
          continue;
        }
        if (out_.values != nullptr) std::copy_n(ready.scales, ready.band.groups, out_.values + ready.band.group);
        rows_.round(bands, ready, target_, tally);
      }
      if (target_.stream) stream_fence();
    });
    tallies.finish();
  }

  // Any band: its ranges, its steps, its elements.
  void round_band(const Bands& bands, const Bands::Band& band, BandSteps& steps, Tally* tally) const {
    steps.find(job_.x, bands, band);
    if (out_.values != nullptr) std::copy_n(steps.scales(), band.groups, out_.values + band.group);
    bands.runs(band, [&](const GroupRun& run) { round_run(steps.run_of(run), steps.table(), tally); });
  }

  void run_slices() const {
    // Statistics keep to their pieces: their sums have an order.
    const SliceRuns runs(spec_.layout, job_.tally == nullptr ? past_line(job_.y) : 0);
    // No work for the scales of an empty array that nobody asked for: there may be more of them than memory.
    if (runs.count() == 0 && out_.values == nullptr) return;
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
      // From the end: what was read last is still in the caches.
      for (int64_t end = last; end > first; end -= kChunksBack) {
        for (int64_t chunk = std::max(first, end - kChunksBack); chunk < end; chunk++) {
          const int64_t stop = std::min(runs.count(), (chunk + 1) * kRunsPerChunk);
          for (int64_t index = chunk * kRunsPerChunk; index < stop; index++) round_run(runs.at(index), table, tallies.of(chunk));
        }
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
  BlockRows rows_;
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
