// Attributes and sizes of the three convolution operations, read from a command in the order of ATTR_ORDER in
// src/kernels/contract.ts.
#pragma once

#include <algorithm>
#include <cmath>

#include "command.h"

namespace roundoff {

// x [N, H, W, C], w [K, R, S, C / groups], y [N, OH, OW, K].
struct ConvShape {
  int64_t images, height, width, channels;
  int64_t filters, kernelRows, kernelColumns, groupChannels;
  int64_t outRows, outColumns;
  int64_t strideH, strideW, padH, padW, dilationH, dilationW, groups;
  Carrier carrier;
  int64_t group_filters() const { return filters / groups; }
};

inline ConvShape conv_shape(const Command& cmd, const Operand& x, const Operand& w, const Operand& y) {
  const auto attr = [&](size_t i) { return static_cast<int64_t>(cmd.attrs[i]); };
  return {x.dims[0], x.dims[1], x.dims[2], x.dims[3], w.dims[0], w.dims[1], w.dims[2], w.dims[3], y.dims[1], y.dims[2],
          attr(0),   attr(1),   attr(2),   attr(3),   attr(4),   attr(5),   attr(6),   static_cast<Carrier>(attr(7))};
}

// The shared exponent that marks a dynamic-fixed-point tensor with NaN or Inf in it (contract.ts).
constexpr int32_t kExponentNotANumber = 1 << 30;

// Magnitude beyond which 2^exponent is 0 or Infinity in FP32, whatever integer it is multiplied by.
constexpr int32_t kExponentLimit = 1 << 20;

// Exponent of the products of an INT16 command: its third and fourth input. kExponentNotANumber if either is.
inline int32_t product_exponent(const Command& cmd, Carrier carrier) {
  if (carrier != Carrier::i16) return 0;
  const int32_t a = cmd.in[2].i32()[0], b = cmd.in[3].i32()[0];
  if (a == kExponentNotANumber || b == kExponentNotANumber) return kExponentNotANumber;
  // The exponents are data: far beyond any that a tensor of FP32 has, they must still have a sum.
  return std::clamp(a, -kExponentLimit, kExponentLimit) + std::clamp(b, -kExponentLimit, kExponentLimit);
}

}  // namespace roundoff
