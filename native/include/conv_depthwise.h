// Depthwise convolution: every channel by itself, so there is no matrix product in it and vectors run over channels.
#pragma once

#include "conv_attrs.h"

namespace roundoff::ROUNDOFF_TIER {

// One filter per channel, in an arithmetic whose products FP32 holds or rounds as the contract says.
inline bool is_depthwise(const ConvShape& c) {
  return c.groups == c.channels && c.filters == c.channels && c.groups > 1 && c.carrier != Carrier::i16;
}

// y from x and w; gx from gy and w; gw from gy and x. Shapes as in conv_attrs.h.
void depthwise_forward(const ConvShape& conv, const Operand& x, const Operand& w, const Operand& y, Context& ctx);
void depthwise_grad_input(const ConvShape& conv, const Operand& gy, const Operand& w, const Operand& gx, Context& ctx);
void depthwise_grad_weight(const ConvShape& conv, const Operand& gy, const Operand& x, const Operand& gw, Context& ctx);

}  // namespace roundoff::ROUNDOFF_TIER
