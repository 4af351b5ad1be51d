// What all optimizers share (src/kernels/contract/updates.ts): the tail of their operands, the unscaling and clipping of
// the gradient, and the walk over w and its states in blocks. An optimizer is a rule for one block.
#pragma once

#include <cmath>

#include "parallel.h"
#include "scratch.h"

namespace roundoff::ROUNDOFF_TIER {

inline float update_scalar(const Operand& x) {
  float value;
  load_block(x, 0, 1, &value);
  return value;
}

// b^n for an integer n ≥ 0 by repeated squaring in FP64: the same bits as in TypeScript.
inline double integer_power(double base, int64_t n) {
  double result = 1;
  for (double square = base; n > 0; n /= 2, square *= square) {
    if (n % 2 == 1) result *= square;
  }
  return result;
}

// lr, step (, scaleState, found (, clip)) and the attribute clipValue.
struct UpdateStep {
  float rate;
  int64_t count;
  float lossScale = 1, clip = 1, limit;
  bool skip = false;
  size_t states;

  explicit UpdateStep(const Command& c) : states(c.out.size() - 1) {
    const size_t tail = 2 + states;
    rate = update_scalar(c.in[tail]);
    count = static_cast<int64_t>(update_scalar(c.in[tail + 1]));
    limit = static_cast<float>(c.attrs[1]);
    if (c.in.size() > tail + 2) {
      lossScale = update_scalar(c.in[tail + 2]);
      skip = update_scalar(c.in[tail + 3]) > 0;
    }
    if (c.in.size() > tail + 4) clip = update_scalar(c.in[tail + 4]);
  }

  // g[0..n) unscaled and clipped.
  void gradient(const Operand& from, int64_t offset, int64_t n, float* g) const {
    load_block(from, offset, n, g);
    ROUNDOFF_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
      const float scaled = g[i] / lossScale * clip;
      const float low = scaled < -limit ? -limit : scaled;
      g[i] = low > limit ? limit : low;
    }
  }
};

// a + t·(b − a), as PyTorch writes it; `weight` is t rounded and `far` says t ≥ ½.
inline float update_lerp(float a, float b, float weight, bool far) {
  const float difference = b - a;
  const float near = a + weight * difference;
  return far ? b - difference * (1.0f - weight) : near;
}

// rule(n, w, g, states) replaces a block of w and of its states; g is the gradient, ready to use.
template <size_t kStates, class Rule>
void update_blocks(const Command& c, Context& ctx, const UpdateStep& step, const Rule& rule) {
  parallel_blocks(ctx, c.out[0].elements, [&](int64_t offset, int64_t n, int) {
    // Copies, not the operands' own memory: storing one may round it in place while another is still to be computed.
    alignas(64) float w[kBlock], g[kBlock], memory[kStates == 0 ? 1 : kStates][kBlock];
    float* states[kStates == 0 ? 1 : kStates] = {};
    load_block(c.in[0], offset, n, w);
    for (size_t s = 0; s < kStates; s++) {
      states[s] = memory[s];
      load_block(c.in[2 + s], offset, n, states[s]);
    }
    if (!step.skip) {
      step.gradient(c.in[1], offset, n, g);
      rule(n, w, g, states);
    }
    store_block(c.out[0], offset, n, w, ctx.clock);
    for (size_t s = 0; s < kStates; s++) store_block(c.out[1 + s], offset, n, states[s], ctx.clock);
  });
}

}  // namespace roundoff::ROUNDOFF_TIER
