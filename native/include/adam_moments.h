// The moments of Adam and LAMB: running means of the gradient and of its square, and the root that divides.
#pragma once

#include "update_step.h"

namespace roundoff::ROUNDOFF_TIER {

struct AdamMoments {
  float share1, beta2, share2, root, eps;
  bool far;

  // Attributes 2, 3 and 4 are beta1, beta2 and eps.
  AdamMoments(const Command& c, int64_t count)
      : share1(static_cast<float>(1 - c.attrs[2])),
        beta2(static_cast<float>(c.attrs[3])),
        share2(static_cast<float>(1 - c.attrs[3])),
        root(static_cast<float>(std::sqrt(1 - integer_power(c.attrs[3], count)))),
        eps(static_cast<float>(c.attrs[4])),
        far(1 - c.attrs[2] >= 0.5) {}
};

// m ← lerp(m, g), v ← β₂·v + (1 − β₂)·g·g, and g ← √a / √(1 − β₂^step) + eps.
template <bool amsgrad>
void adam_moments(const AdamMoments& s, int64_t n, float* g, float* const* states) {
  float *m = states[0], *v = states[1], *largest = states[amsgrad ? 2 : 1];
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) {
    const float gradient = g[i];
    m[i] = update_lerp(m[i], gradient, s.share1, s.far);
    const float square = s.beta2 * v[i] + s.share2 * gradient * gradient;
    float a = square;
    v[i] = square;
    if constexpr (amsgrad) {
      // NaN if either is.
      a = largest[i] < square || square != square ? square : largest[i];
      largest[i] = a;
    }
    g[i] = std::sqrt(a) / s.root + s.eps;
  }
}

}  // namespace roundoff::ROUNDOFF_TIER
