// A plan's tensor in any format: blocks, tiles, slices, or element by element. The truth is src/formats/scaled/quantize.ts.
// Blocks and tiles take one pass, band by band; slices and two-level scales look at the whole tensor first.
#include "band_rounder.h"
#include "bulk_numbers.h"
#include "group_rounder.h"
#include "tiers.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Bands, or runs of slices, of one task.
constexpr int64_t kBandsPerTask = 16;

// Significand bits of every value of the elements.
int precision_of(const Element& element) {
  return element.kind == ElementKind::integer ? element.bits - 1 : element.store.precision;
}

bool is_bf16(const StoreRounding& store) {
  return store.precision == 8 && store.emin == -126 && store.hasSubnormals && store.rounding == Rounding::nearestEven &&
         store.overflow == Overflow::infinity;
}

class ValueQuantizer {
 public:
  // `amax`: of x, if it is known; `scale`: where the scale of the tensor goes if q is stored over it; else null.
  ValueQuantizer(const Operand& x, const Operand* amax, const Operand& q, const Operand* scale, const Element& element, const ScaleSpec& spec, Context& ctx)
      : x_(x), q_(q), amax_(amax), scale_(scale), exact_(q), spec_(spec), ctx_(ctx), layout_(flattened(spec.layout)), scales_(element, spec),
        round_(element, spec, scales_, ctx.clock) {
    // Loops on FP32 bits give normal numbers: with so few bits they are BF16 values already.
    if (is_bf16(q.store) && precision_of(element) <= 8) exact_.rounds = false;
  }

  void run() {
    if (layout_.slices) return run_slices();
    if (spec_.kind == ScaleKind::twoLevel) {
      const GroupLayout whole{1, 1, 1, x_.elements, 1, 1, true};
      GroupRange* all = slice_ranges(whole);
      scales_.set_tensor_amax(all->amax);
      if (scale_ != nullptr && !keep_scale(scales_.tensor_scale())) return;
    }
    run_bands();
  }

 private:
  // False if the tensor is not a number: then every q is zero.
  bool keep_scale(float scale) const {
    alignas(64) float one[1] = {scale};
    store_block(*scale_, 0, 1, one, ctx_.clock);
    if (scale == scale) return true;
    parallel_blocks(ctx_, q_.elements, [&](int64_t offset, int64_t n, int) {
      alignas(64) float zeros[kBlock] = {};
      store_block(q_, offset, n, zeros, ctx_.clock);
    });
    return false;
  }

  void run_bands() const {
    const Bands bands(layout_);
    ctx_.pool.parallel_for(chunks_of(bands.count(), kBandsPerTask), [&](int64_t task, int) {
      alignas(64) uint32_t largest[kPiece], shifts[kPiece];
      alignas(64) double steps[kPiece];
      alignas(64) float buffer[kPiece], units[kPiece], inverses[kPiece];
      GroupSteps found{shifts, steps, nullptr, false};
      if (scale_ != nullptr) {
        found.units = units;
        found.inverses = round_.multiplies() ? inverses : nullptr;
      }
      const int64_t last = std::min(bands.count(), (task + 1) * kBandsPerTask);
      for (int64_t index = task * kBandsPerTask; index < last; index++) {
        const Bands::Band band = bands.at(index);
        std::fill_n(largest, band.groups, 0u);
        bands.long_runs(band, [&](const GroupRun& run) {
          BandRounder::widen(read_block(x_, run.offset, run.n, buffer), run, largest);
        });
        round_.find_steps(largest, band.groups, found);
        bands.long_runs(band, [&](const GroupRun& run) { round_run(run, found); });
      }
    });
  }

  void round_run(const GroupRun& run, const GroupSteps& steps) const {
    alignas(64) float space[kPiece], made[kPiece];
    float* target = write_block(q_, run.offset, made);
    round_.round(read_block(x_, run.offset, run.n, space), run, steps, target);
    store_block(steps.fast ? exact_ : q_, run.offset, run.n, target, ctx_.clock);
  }

  void run_slices() const {
    const int64_t groups = layout_.groups();
    const GroupRange* all = slice_ranges(layout_);
    const bool affine = spec_.kind == ScaleKind::affine;
    // Behind the ranges, in the same memory.
    const GroupSteps found = steps_of_slices(all, groups, affine);
    if (scale_ != nullptr && !keep_scale(static_cast<float>(*found.steps))) return;
    const SliceRuns runs(layout_);
    ctx_.pool.parallel_for(chunks_of(runs.count(), kBandsPerTask), [&](int64_t task, int) {
      const int64_t last = std::min(runs.count(), (task + 1) * kBandsPerTask);
      for (int64_t index = task * kBandsPerTask; index < last; index++) round_run(runs.at(index), found);
    });
  }

  struct SliceSpace {
    double* steps;
    GroupRange* ranges;  // of each thread in turn
    uint32_t *largest, *shifts;
    int32_t* zeroPoints;
    float *units, *inverses;
  };

  SliceSpace slice_space(int64_t groups) const {
    const size_t count = static_cast<size_t>(groups), threads = static_cast<size_t>(ctx_.pool.threads());
    const size_t each = sizeof(double) + threads * sizeof(GroupRange) + 3 * sizeof(uint32_t) + 2 * sizeof(float);
    char* memory = static_cast<char*>(ctx_.scratch.shared(count * each));
    SliceSpace space{};
    space.steps = reinterpret_cast<double*>(memory);
    space.ranges = reinterpret_cast<GroupRange*>(space.steps + count);
    space.largest = reinterpret_cast<uint32_t*>(space.ranges + threads * count);
    space.shifts = space.largest + count;
    space.zeroPoints = reinterpret_cast<int32_t*>(space.shifts + count);
    space.units = reinterpret_cast<float*>(space.zeroPoints + count);
    space.inverses = space.units + count;
    return space;
  }

  // Each thread widens ranges of its own: the largest of all does not depend on who saw it.
  GroupRange* slice_ranges(const GroupLayout& layout) const {
    const int64_t groups = layout.groups(), threads = ctx_.pool.threads();
    GroupRange* ranges = slice_space(groups).ranges;
    std::fill_n(ranges, threads * groups, GroupRange{});
    if (amax_ != nullptr) {
      ranges->amax = std::bit_cast<uint32_t>(*amax_->f32());
      return ranges;
    }
    const SliceRuns runs(layout);
    const bool needsEnds = spec_.kind == ScaleKind::affine;
    ctx_.pool.parallel_for(chunks_of(runs.count(), kBandsPerTask), [&](int64_t task, int thread) {
      alignas(64) float buffer[kPiece];
      const int64_t last = std::min(runs.count(), (task + 1) * kBandsPerTask);
      for (int64_t index = task * kBandsPerTask; index < last; index++) {
        const GroupRun run = runs.at(index);
        widen_ranges(read_block(x_, run.offset, run.n, buffer), run, needsEnds, ranges + thread * groups);
      }
    });
    for (int64_t i = groups; i < threads * groups; i++) {
      GroupRange& all = ranges[i % groups];
      all.amax = std::max(all.amax, ranges[i].amax);
      all.min = std::min(all.min, ranges[i].min);
      all.max = std::max(all.max, ranges[i].max);
    }
    return ranges;
  }

  GroupSteps steps_of_slices(const GroupRange* ranges, int64_t groups, bool affine) const {
    const SliceSpace space = slice_space(groups);
    GroupSteps found{space.shifts, space.steps, affine ? space.zeroPoints : nullptr, false};
    for (int64_t i = 0; i < groups; i++) space.largest[i] = ranges[i].amax;
    if (spec_.kind == ScaleKind::sharedExponent) {
      round_.find_steps(space.largest, groups, found);
      return found;
    }
    for (int64_t i = 0; i < groups; i++) {
      const GroupStep step = scales_.step_for(ranges[i]);
      space.steps[i] = step.step;
      space.zeroPoints[i] = step.zeroPoint;
      space.units[i] = scale_ != nullptr ? 1.0f : step.scale;
      space.inverses[i] = reciprocal_of(step.step);
    }
    if (scale_ != nullptr || round_.multiplies()) found.units = space.units;
    if (round_.multiplies()) found.inverses = space.inverses;
    return found;
  }

  const Operand &x_, &q_;
  const Operand *amax_, *scale_;
  Operand exact_;  // q without a rounding that would change nothing
  const ScaleSpec& spec_;
  Context& ctx_;
  GroupLayout layout_;
  GroupScales scales_;
  BandRounder round_;
};

void quantize_elements(const Operand& x, const Operand& q, const Element& element, Context& ctx) {
  const ElementRounder round(element, ctx.clock, false);
  parallel_blocks(ctx, x.elements, [&](int64_t offset, int64_t n, int) {
    alignas(64) float space[kBlock], buffer[kBlock];
    float* made = write_block(q, offset, buffer);
    round(read_block(x, offset, n, space), made, n, offset);
    store_block(q, offset, n, made, ctx.clock);
  });
}

void quantize_values(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &q = command.out[0];
  const Element element = element_of(command.attrs.data());
  if (command.attrs.size() == kElementNumbers) return quantize_elements(x, q, element, ctx);
  const ScaleSpec spec = scale_of(command.attrs.data() + kElementNumbers);
  const Operand* scale = command.out.size() > 1 ? &command.out[1] : nullptr;
  const Operand* amax = command.in.size() > 1 ? &command.in[1] : nullptr;
  ValueQuantizer(x, amax, q, scale, element, spec, ctx).run();
}

}  // namespace

void register_quantize_values(KernelTable& table) { table["quantizeValues"] = quantize_values; }

}  // namespace roundoff::ROUNDOFF_TIER
