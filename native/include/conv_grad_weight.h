// The gradient of convolution weights: for every tap and channel the sum over all output positions of gradOutput
// times input. Knows nothing of which kernels were chosen for the forward pass.
#pragma once

#include "conv_attrs.h"

namespace roundoff::ROUNDOFF_TIER {

// gw [K, R, S, C/groups] from gy [N, OH, OW, K] and x [N, H, W, C]. INT16: scaled by 2^exponent.
struct GradientProblem {
  const ConvShape& conv;
  const Operand &gy, &x, &gw;
  int exponent;
};

void run_grad_weight(const GradientProblem& problem, Context& ctx);

// The two ways. Windows of images are packed once for all taps, which pays where few filters share the packing;
// their rows lie as far apart as the channels are many. Panels are packed per tap and read straight on; large gradients
// are cut so that every part stays in L2.
void grad_weight_by_windows(const GradientProblem& problem, Context& ctx);
void grad_weight_by_panels(const GradientProblem& problem, Context& ctx);

// gw = Σ copies [chunks][gw], in order of the chunks: same bits for any number of threads.
void add_copies(const GradientProblem& problem, const float* copies, int64_t chunks, Context& ctx);

}  // namespace roundoff::ROUNDOFF_TIER
