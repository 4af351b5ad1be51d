// conv2d and conv2dGradInput as stencils (conv_stencil.h), conv2dGradWeight as sums of outer products
// (conv_grad_weight.h); depthwise ones have kernels of their own (conv_depthwise.h). What they compute is written in src/kernels/contract.ts.
#include <numeric>

#include "accumulate.h"
#include "conv_attrs.h"
#include "conv_depthwise.h"
#include "conv_grad_weight.h"
#include "conv_stencil.h"
#include "gemm_block.h"
#include "tiers.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

void conv2d(const Command& cmd, Context& ctx) {
  if (has_accumulator(cmd, kConvolutionAttrs)) return accumulated_conv2d(cmd, ctx);
  const Operand &x = cmd.in[0], &w = cmd.in[1], &y = cmd.out[0];
  const ConvShape c = conv_shape(cmd, x, w, y);
  if (is_depthwise(c)) return depthwise_forward(c, x, w, y, ctx);
  const int32_t exponent = product_exponent(cmd, c.carrier);
  if (exponent == kExponentNotANumber) return fill_nan(y, ctx);
  const int64_t kernelRow = c.kernelColumns * c.groupChannels, filter = c.kernelRows * kernelRow;
  run_stencil({x,
               y,
               c.groups,
               {-c.padH, c.dilationH, c.kernelRows, c.outRows, c.strideH},
               {-c.padW, c.dilationW, c.kernelColumns, c.outColumns, c.strideW},
               {&w, 0, c.kernelRows, kernelRow, c.kernelColumns, c.groupChannels, c.groupChannels, 1,
                c.group_filters(), filter},
               c.group_filters() * filter,
               {0, 1, 0, 1},
               exponent},
              choose_tiles(c.carrier, ctx.cpu), ctx);
}

// Input pixels h with (h + pad) mod stride = phase: h = first + u·stride for u < count. Kernel index r reaches them
// from output pixel u + base + (phase − r·dilation) / stride where that divides: every `kernelStep`-th r from
// `kernelLast` down.
struct Phase {
  int64_t first, count;
  int64_t kernelLast, kernelStep;
  TapAxis axis;

  Phase(int64_t phase, int64_t size, int64_t stride, int64_t pad, int64_t dilation, int64_t kernel) {
    const int64_t base = pad > phase ? (pad - phase + stride - 1) / stride : 0;
    const int64_t common = std::gcd(stride, dilation);
    first = base * stride + phase - pad;
    count = first < size ? (size - first + stride - 1) / stride : 0;
    kernelStep = stride / common;
    kernelLast = kernel - 1;
    while (kernelLast >= 0 && (phase - kernelLast * dilation) % stride != 0) kernelLast--;
    axis = {base + (phase - kernelLast * dilation) / stride, dilation / common,
            kernelLast < 0 ? 0 : kernelLast / kernelStep + 1, count, 1};
  }
};

void conv2d_grad_input(const Command& cmd, Context& ctx) {
  if (has_accumulator(cmd, kConvolutionAttrs)) return accumulated_conv2d_grad_input(cmd, ctx);
  const Operand &gy = cmd.in[0], &w = cmd.in[1], &gx = cmd.out[0];
  const ConvShape c = conv_shape(cmd, gx, w, gy);
  if (is_depthwise(c)) return depthwise_grad_input(c, gy, w, gx, ctx);
  const int32_t exponent = product_exponent(cmd, c.carrier);
  if (exponent == kExponentNotANumber) return fill_nan(gx, ctx);
  const int64_t kernelRow = c.kernelColumns * c.groupChannels, filter = c.kernelRows * kernelRow;
  for (int64_t ph = 0; ph < c.strideH; ph++) {
    const Phase rows(ph, c.height, c.strideH, c.padH, c.dilationH, c.kernelRows);
    for (int64_t pw = 0; pw < c.strideW; pw++) {
      const Phase columns(pw, c.width, c.strideW, c.padW, c.dilationW, c.kernelColumns);
      // The reduction runs over filters, the columns are input channels.
      run_stencil({gy,
                   gx,
                   c.groups,
                   rows.axis,
                   columns.axis,
                   {&w, rows.kernelLast * kernelRow + columns.kernelLast * c.groupChannels, rows.axis.count,
                    -rows.kernelStep * kernelRow, columns.axis.count, -columns.kernelStep * c.groupChannels,
                    c.group_filters(), filter, c.groupChannels, 1},
                   c.group_filters() * filter,
                   {rows.first, c.strideH, columns.first, c.strideW},
                   exponent},
                  choose_tiles(c.carrier, ctx.cpu), ctx);
    }
  }
}

void conv2d_grad_weight(const Command& cmd, Context& ctx) {
  if (has_accumulator(cmd, kConvolutionAttrs)) return accumulated_conv2d_grad_weight(cmd, ctx);
  const Operand &gy = cmd.in[0], &x = cmd.in[1], &gw = cmd.out[0];
  const ConvShape c = conv_shape(cmd, x, gw, gy);
  if (is_depthwise(c)) return depthwise_grad_weight(c, gy, x, gw, ctx);
  const int32_t exponent = product_exponent(cmd, c.carrier);
  if (exponent == kExponentNotANumber) return fill_nan(gw, ctx);
  run_grad_weight({c, gy, x, gw, exponent}, ctx);
}

}  // namespace

void register_convolution(KernelTable& table) {
  table["conv2d"] = conv2d;
  table["conv2dGradInput"] = conv2d_grad_input;
  table["conv2dGradWeight"] = conv2d_grad_weight;
}

}  // namespace roundoff::ROUNDOFF_TIER
