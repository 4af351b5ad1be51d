// The gradient of convolution weights: for every tap and channel the sum over all output positions of gradOutput
// times input. Knows nothing of which kernels were chosen for the forward pass.
#pragma once

#include "conv_attrs.h"

namespace roundoff::ROUNDOFF_TIER {

// gw [K, R, S, C/groups] from gy [N, OH, OW, K] and x [N, H, W, C]. INT16: scaled by 2^exponent.
void run_grad_weight(const ConvShape& shape, const Operand& gy, const Operand& x, const Operand& gw, int exponent,
                     Context& ctx);

}  // namespace roundoff::ROUNDOFF_TIER
