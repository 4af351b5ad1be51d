// LARS and LAMB: optimizers whose step depends on norms of the whole tensor, so they walk over it twice.
#include "adam_moments.h"
#include "square_sums.h"
#include "tiers.h"
#include "update_step.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

double weight_norm(const Command& c, Context& ctx) {
  const auto read = [&](int64_t offset, int64_t n, float* x) { load_block(c.in[0], offset, n, x); };
  return std::sqrt(square_sum(ctx, c.in[0].elements, read));
}

struct LarsAttrs {
  float weightDecay, momentum, local, rate;
  bool nesterov;
};

void lars_block(const LarsAttrs& s, int64_t n, float* w, const float* g, float* v) {
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) {
    const float gradient = s.local * (g[i] + s.weightDecay * w[i]);
    const float velocity = s.momentum * v[i] + gradient;
    const float ahead = gradient + s.momentum * velocity;
    w[i] = w[i] - s.rate * (s.nesterov ? ahead : velocity);
    v[i] = velocity;
  }
}

// Attributes: weightDecay, clipValue, momentum, nesterov, trust, eps.
void lars_update(const Command& c, Context& ctx) {
  const UpdateStep step(c);
  float local = 1;
  if (!step.skip) {
    const double weights = weight_norm(c, ctx);
    const double gradients = std::sqrt(square_sum(ctx, c.in[1].elements, [&](int64_t offset, int64_t n, float* x) {
      step.gradient(c.in[1], offset, n, x);
    }));
    if (weights > 0 && gradients > 0) {
      local = static_cast<float>(c.attrs[4] * weights / (gradients + c.attrs[0] * weights + c.attrs[5]));
    }
  }
  const LarsAttrs s{static_cast<float>(c.attrs[0]), static_cast<float>(c.attrs[2]), local, step.rate,
                    c.attrs[3] != 0};
  update_blocks<1>(c, ctx, step, [&](int64_t n, float* w, float* g, float** v) { lars_block(s, n, w, g, v[0]); });
}

struct LambAttrs {
  AdamMoments moments;
  float weightDecay, correction;
};

// g becomes r, the direction.
void lamb_directions(const LambAttrs& s, int64_t n, const float* w, float* g, float* const* states) {
  adam_moments<false>(s.moments, n, g, states);
  const float* m = states[0];
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) g[i] = m[i] / s.correction / g[i] + s.weightDecay * w[i];
}

void lamb_update(const Command& c, Context& ctx) {
  const UpdateStep step(c);
  const LambAttrs s{AdamMoments(c, step.count), static_cast<float>(c.attrs[0]),
                    static_cast<float>(1 - integer_power(c.attrs[2], step.count))};
  float size = step.rate;
  if (!step.skip) {
    const double weights = weight_norm(c, ctx);
    const double directions = std::sqrt(square_sum(ctx, c.in[0].elements, [&](int64_t offset, int64_t n, float* x) {
      alignas(64) float w[kBlock], m[kBlock], v[kBlock];
      float* states[] = {m, v};
      load_block(c.in[0], offset, n, w);
      load_block(c.in[2], offset, n, m);
      load_block(c.in[3], offset, n, v);
      step.gradient(c.in[1], offset, n, x);
      lamb_directions(s, n, w, x, states);
    }));
    const double ratio = weights > 0 && directions > 0 ? weights / directions : 1;
    size = static_cast<float>(static_cast<double>(step.rate) * ratio);
  }
  update_blocks<2>(c, ctx, step, [&](int64_t n, float* w, float* g, float** states) {
    lamb_directions(s, n, w, g, states);
    ROUNDOFF_INDEPENDENT
    for (int64_t i = 0; i < n; i++) w[i] = w[i] - size * g[i];
  });
}

}  // namespace

void register_layerwise_optimizer(KernelTable& table) {
  table["larsUpdate"] = lars_update;
  table["lambUpdate"] = lamb_update;
}

}  // namespace roundoff::ROUNDOFF_TIER
