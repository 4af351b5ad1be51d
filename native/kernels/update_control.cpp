// Around the update: the search for NaN and Inf, the loss scale, the step counter, the norm of the gradients.
#include <bit>
#include <functional>

#include "square_sums.h"
#include "tiers.h"
#include "update_step.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// FP32 counts integers exactly up to here.
constexpr int64_t kCountLimit = 1 << 24;
// PyTorch's guard of clip_grad_norm_ against a norm of 0.
constexpr double kNormEps = 1e-6;

int64_t non_finite_in(const float* x, int64_t n) {
  int32_t count = 0;
  for (int64_t i = 0; i < n; i++) {
    const float value = x[i];
    count += (std::bit_cast<uint32_t>(value) & 0x7fffffff) >= 0x7f800000 ? 1 : 0;
  }
  return count;
}

void count_non_finite(const Command& command, Context& ctx) {
  int64_t found = 0;
  for (const Operand& x : command.in) {
    const int64_t tasks = chunks_of(x.elements, kChunk);
    int64_t* counts = static_cast<int64_t*>(ctx.scratch.shared(static_cast<size_t>(tasks) * sizeof(int64_t)));
    parallel_blocks(ctx, x.elements, [&](int64_t offset, int64_t n, int) {
      alignas(64) float buffer[kBlock];
      int64_t& count = counts[offset / kChunk];
      if (offset % kChunk == 0) count = 0;
      count += non_finite_in(read_block(x, offset, n, buffer), n);
    });
    for (int64_t task = 0; task < tasks; task++) found += counts[task];
  }
  float result = static_cast<float>(std::min(found, kCountLimit));
  store_block(command.out[0], 0, 1, &result, ctx.clock);
}

// state = [lossScale, goodSteps, skippedSteps, foundNonFinite].
void loss_scale_update(const Command& command, Context& ctx) {
  float attrs[5], state[4];
  for (size_t i = 0; i < 5; i++) attrs[i] = static_cast<float>(command.attrs[i]);
  const auto [growthFactor, backoffFactor, growthInterval, minScale, maxScale] = attrs;
  load_block(command.in[0], 0, 4, state);
  if (update_scalar(command.in[1]) > 0) {
    state[0] = std::max(minScale, state[0] * backoffFactor);
    state[1] = 0;
    state[2] += 1;
    state[3] = 1;
  } else {
    const bool grows = state[1] + 1 >= growthInterval;
    state[0] = grows ? std::min(maxScale, state[0] * growthFactor) : state[0];
    state[1] = grows ? 0 : state[1] + 1;
    state[3] = 0;
  }
  store_block(command.out[0], 0, 4, state, ctx.clock);
}

// step (, found) → step′.
void count_step(const Command& command, Context& ctx) {
  float step = update_scalar(command.in[0]);
  const bool skipped = command.in.size() > 1 && update_scalar(command.in[1]) > 0;
  if (!skipped) step = std::min(step + 1, static_cast<float>(kCountLimit));
  store_block(command.out[0], 0, 1, &step, ctx.clock);
}

double magnitude_sum(const float* x, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += std::fabs(static_cast<double>(x[i]));
  return sum;
}

// The larger one; NaN if one is.
double larger(double a, double b) { return b > a || b != b ? b : a; }

double peak_magnitude(const float* x, int64_t n) {
  double peak = 0;
  for (int64_t i = 0; i < n; i++) peak = larger(peak, std::fabs(static_cast<double>(x[i])));
  return peak;
}

// block(x, n) of every block of all gradients, joined in order: per chunk, per gradient.
template <class Block, class Join>
double over_gradients(const Command& command, Context& ctx, const Block& block, const Join& join) {
  double total = 0;
  for (size_t i = 1; i < command.in.size(); i++) {
    const Operand& g = command.in[i];
    const int64_t tasks = chunks_of(g.elements, kChunk);
    double* parts = static_cast<double*>(ctx.scratch.shared(static_cast<size_t>(tasks) * sizeof(double)));
    parallel_blocks(ctx, g.elements, [&](int64_t offset, int64_t n, int) {
      alignas(64) float buffer[kBlock];
      double& part = parts[offset / kChunk];
      const double found = block(read_block(g, offset, n, buffer), n);
      part = offset % kChunk == 0 ? found : join(part, found);
    });
    for (int64_t task = 0; task < tasks; task++) total = join(total, parts[task]);
  }
  return total;
}

double euclidean_norm(const Command& command, Context& ctx) {
  double total = 0;
  for (size_t i = 1; i < command.in.size(); i++) {
    total += square_sum(ctx, command.in[i].elements, [&](int64_t offset, int64_t n, float* x) {
      load_block(command.in[i], offset, n, x);
    });
  }
  return std::sqrt(total);
}

// The norm of all gradients as one vector: 1, 2 or infinity.
double gradient_norm(const Command& command, Context& ctx) {
  if (command.attrs[1] == 2) return euclidean_norm(command, ctx);
  if (command.attrs[1] == 1) return over_gradients(command, ctx, magnitude_sum, std::plus<>());
  return over_gradients(command, ctx, peak_magnitude, larger);
}

// scaleState, g₁ … gₙ → norm, clip.
void clip_by_norm(const Command& command, Context& ctx) {
  const double norm = gradient_norm(command, ctx) / static_cast<double>(update_scalar(command.in[0]));
  const double ratio = command.attrs[0] / (norm + kNormEps);
  float results[2] = {static_cast<float>(norm), static_cast<float>(ratio > 1 ? 1 : ratio)};
  store_block(command.out[0], 0, 1, &results[0], ctx.clock);
  store_block(command.out[1], 0, 1, &results[1], ctx.clock);
}

}  // namespace

void register_update_control(KernelTable& table) {
  table["countNonFinite"] = count_non_finite;
  table["lossScaleUpdate"] = loss_scale_update;
  table["countStep"] = count_step;
  table["clipByNorm"] = clip_by_norm;
}

}  // namespace roundoff::ROUNDOFF_TIER
