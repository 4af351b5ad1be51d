// The update: SGD, the search for NaN and Inf, the loss scale. Every arithmetic operation is one FP32 operation in the
// order of contract.ts, so the bits equal the reference's.
#include <bit>

#include "parallel.h"
#include "scratch.h"
#include "tiers.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// FP32 counts integers exactly up to here.
constexpr int64_t kCountLimit = 1 << 24;

float scalar(const Operand& x) {
  float value;
  load_block(x, 0, 1, &value);
  return value;
}

struct Sgd {
  float momentum, weightDecay, rate, lossScale;
  bool nesterov;
};

// One block: w and v become their successors, g is spent.
template <bool hasMomentum>
void sgd_block(const Sgd& s, int64_t n, float* w, const float* g, float* v) {
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) {
    const float unscaled = g[i] / s.lossScale;
    const float gradient = unscaled + s.weightDecay * w[i];
    float direction = gradient;
    if constexpr (hasMomentum) {
      const float velocity = s.momentum * v[i] + gradient;
      const float ahead = gradient + s.momentum * velocity;
      direction = s.nesterov ? ahead : velocity;
      v[i] = velocity;
    }
    w[i] = w[i] - s.rate * direction;
  }
}

// w, g, v, lr (, scaleState, found) → w′, v′.
void sgd_update(const Command& command, Context& ctx) {
  const Operand &w = command.in[0], &g = command.in[1], &v = command.in[2];
  const Operand &nextW = command.out[0], &nextV = command.out[1];
  const bool scaled = command.in.size() > 4;
  const bool skip = scaled && scalar(command.in[5]) > 0;
  const Sgd s{static_cast<float>(command.attrs[0]), static_cast<float>(command.attrs[1]), scalar(command.in[3]),
              scaled ? scalar(command.in[4]) : 1.0f, command.attrs[2] != 0};
  parallel_blocks(ctx, nextW.elements, [&](int64_t offset, int64_t n, int) {
    // Copies, not the operands' own memory: storing w′ may round it in place while d is still to be read.
    alignas(64) float weights[kBlock], gradients[kBlock], velocities[kBlock];
    load_block(w, offset, n, weights);
    load_block(v, offset, n, velocities);
    if (!skip) {
      const float* from = read_block(g, offset, n, gradients);
      (s.momentum == 0 ? sgd_block<false> : sgd_block<true>)(s, n, weights, from, velocities);
    }
    store_block(nextW, offset, n, weights, ctx.clock);
    store_block(nextV, offset, n, velocities, ctx.clock);
  });
}

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
  if (scalar(command.in[1]) > 0) {
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

}  // namespace

void register_optimizer(KernelTable& table) {
  table["countNonFinite"] = count_non_finite;
  table["lossScaleUpdate"] = loss_scale_update;
  table["sgdUpdate"] = sgd_update;
}

}  // namespace roundoff::ROUNDOFF_TIER
