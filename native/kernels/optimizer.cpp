// The optimizers. Every arithmetic operation is one FP32 operation in the order of contract/updates.ts, so the bits equal
// the reference's. Layer-wise optimizers, which need norms first, are in layerwise_optimizer.cpp.
#include "adam_moments.h"
#include "tiers.h"
#include "update_step.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

struct SgdAttrs {
  float weightDecay, momentum, share, rate;
  bool nesterov, first;
};

void sgd_block(const SgdAttrs& s, int64_t n, float* w, const float* g, float* v) {
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) {
    const float gradient = g[i] + s.weightDecay * w[i];
    const float later = s.momentum * v[i] + s.share * gradient;
    const float velocity = s.first ? gradient : later;
    const float ahead = gradient + s.momentum * velocity;
    w[i] = w[i] - s.rate * (s.nesterov ? ahead : velocity);
    v[i] = velocity;
  }
}

void plain_sgd_block(const SgdAttrs& s, int64_t n, float* w, const float* g) {
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) {
    const float gradient = g[i] + s.weightDecay * w[i];
    w[i] = w[i] - s.rate * gradient;
  }
}

void sgd_update(const Command& c, Context& ctx) {
  const UpdateStep step(c);
  const SgdAttrs s{static_cast<float>(c.attrs[0]), static_cast<float>(c.attrs[2]),
                   static_cast<float>(1 - c.attrs[3]), step.rate, c.attrs[4] != 0, step.count == 1};
  if (step.states == 0) {
    return update_blocks<0>(c, ctx, step, [&](int64_t n, float* w, float* g, float**) { plain_sgd_block(s, n, w, g); });
  }
  update_blocks<1>(c, ctx, step, [&](int64_t n, float* w, float* g, float** v) { sgd_block(s, n, w, g, v[0]); });
}

struct AdamStep {
  AdamMoments moments;
  float weightDecay, kept, size;
};

template <bool decoupled>
void adam_block(const AdamStep& s, int64_t n, float* w, float* g, float* const* states, bool amsgrad) {
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) {
    if constexpr (decoupled) {
      w[i] = w[i] * s.kept;
    } else {
      g[i] = g[i] + s.weightDecay * w[i];
    }
  }
  // g becomes the denominator.
  (amsgrad ? adam_moments<true> : adam_moments<false>)(s.moments, n, g, states);
  const float* m = states[0];
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) w[i] = w[i] - s.size * m[i] / g[i];
}

void adam_update(const Command& c, Context& ctx) {
  const UpdateStep step(c);
  const double rate = static_cast<double>(step.rate);
  const bool decoupled = c.attrs[5] != 0, amsgrad = c.attrs[6] != 0;
  const AdamStep s{AdamMoments(c, step.count), static_cast<float>(c.attrs[0]),
                   static_cast<float>(1 - rate * c.attrs[0]),
                   static_cast<float>(rate / (1 - integer_power(c.attrs[2], step.count)))};
  const auto rule = [&](int64_t n, float* w, float* g, float** states) {
    (decoupled ? adam_block<true> : adam_block<false>)(s, n, w, g, states, amsgrad);
  };
  amsgrad ? update_blocks<3>(c, ctx, step, rule) : update_blocks<2>(c, ctx, step, rule);
}

struct RmspropAttrs {
  float weightDecay, alpha, share, eps, momentum, rate;
  bool far;
};

template <bool centered, bool withMomentum>
void rmsprop_block(const RmspropAttrs& s, int64_t n, float* w, const float* g, float* const* states) {
  float *square = states[0], *mean = states[centered ? 1 : 0], *buffer = states[centered + withMomentum];
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) {
    const float gradient = g[i] + s.weightDecay * w[i];
    const float squared = s.alpha * square[i] + s.share * gradient * gradient;
    float variance = squared;
    square[i] = squared;
    if constexpr (centered) {
      const float average = update_lerp(mean[i], gradient, s.share, s.far);
      mean[i] = average;
      variance = squared - average * average;
    }
    const float root = std::sqrt(variance) + s.eps;
    if constexpr (withMomentum) {
      const float velocity = s.momentum * buffer[i] + gradient / root;
      buffer[i] = velocity;
      w[i] = w[i] - s.rate * velocity;
    } else {
      w[i] = w[i] - s.rate * gradient / root;
    }
  }
}

void rmsprop_update(const Command& c, Context& ctx) {
  const UpdateStep step(c);
  const RmspropAttrs s{static_cast<float>(c.attrs[0]),     static_cast<float>(c.attrs[2]),
                       static_cast<float>(1 - c.attrs[2]), static_cast<float>(c.attrs[3]),
                       static_cast<float>(c.attrs[4]),     step.rate,
                       1 - c.attrs[2] >= 0.5};
  const auto run = [&]<bool centered, bool withMomentum>() {
    update_blocks<1 + centered + withMomentum>(c, ctx, step, [&](int64_t n, float* w, float* g, float** states) {
      rmsprop_block<centered, withMomentum>(s, n, w, g, states);
    });
  };
  if (c.attrs[5] != 0) {
    c.attrs[4] > 0 ? run.template operator()<true, true>() : run.template operator()<true, false>();
  } else {
    c.attrs[4] > 0 ? run.template operator()<false, true>() : run.template operator()<false, false>();
  }
}

void adagrad_update(const Command& c, Context& ctx) {
  const UpdateStep step(c);
  const float weightDecay = static_cast<float>(c.attrs[0]), eps = static_cast<float>(c.attrs[3]);
  const double slowed = 1 + static_cast<double>(step.count - 1) * c.attrs[2];
  const float size = static_cast<float>(static_cast<double>(step.rate) / slowed);
  update_blocks<1>(c, ctx, step, [&](int64_t n, float* w, const float* g, float** states) {
    float* sum = states[0];
    ROUNDOFF_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
      const float gradient = g[i] + weightDecay * w[i];
      const float squares = sum[i] + gradient * gradient;
      sum[i] = squares;
      w[i] = w[i] - size * gradient / (std::sqrt(squares) + eps);
    }
  });
}

// average, w (, found) → average′.
void ema_update(const Command& c, Context& ctx) {
  const bool skip = c.in.size() > 2 && update_scalar(c.in[2]) > 0;
  const double share = 1 - c.attrs[0];
  const float weight = static_cast<float>(share);
  const bool far = share >= 0.5;
  parallel_blocks(ctx, c.out[0].elements, [&](int64_t offset, int64_t n, int) {
    alignas(64) float average[kBlock], buffer[kBlock];
    load_block(c.in[0], offset, n, average);
    if (!skip) {
      const float* w = read_block(c.in[1], offset, n, buffer);
      ROUNDOFF_INDEPENDENT
      for (int64_t i = 0; i < n; i++) average[i] = update_lerp(average[i], w[i], weight, far);
    }
    store_block(c.out[0], offset, n, average, ctx.clock);
  });
}

}  // namespace

void register_optimizer(KernelTable& table) {
  table["sgdUpdate"] = sgd_update;
  table["adamUpdate"] = adam_update;
  table["rmspropUpdate"] = rmsprop_update;
  table["adagradUpdate"] = adagrad_update;
  table["emaUpdate"] = ema_update;
}

}  // namespace roundoff::ROUNDOFF_TIER
