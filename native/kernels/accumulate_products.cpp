// Where the factors of accumulated products come from: matrices, the pixels under a kernel, gradients between the pixels of a
// stride. What is not there is +0 and takes part. Orders of positions: src/kernels/contract/accumulators.ts.
#include <algorithm>
#include <cstring>

#include "accumulate.h"
#include "conv_attrs.h"
#include "gemm_block.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// c[M, N] of one batch; element (m, k) of a is startA + m · rowPitch + k · valuePitch.
class MatrixFactors final : public FactorSource {
 public:
  MatrixFactors(const Command& cmd, int64_t rows, int64_t columns, int64_t inner, int64_t batch)
      : a_(cmd.in[0]), b_(cmd.in[1]) {
    const bool transA = cmd.attrs[0] != 0, transB = cmd.attrs[1] != 0;
    startA_ = a_.rank == 2 ? 0 : batch * rows * inner;
    startB_ = b_.rank == 2 ? 0 : batch * inner * columns;
    rowPitch_ = transA ? 1 : inner;
    valuePitch_ = transA ? rows : 1;
    stepPitch_ = transB ? 1 : columns;
    columnPitch_ = transB ? inner : 1;
  }
  void pack_rows(int64_t first, int64_t count, int64_t from, int64_t steps, float* dst) const override {
    for (int64_t i = 0; i < count; i++) {
      load_strided(a_, startA_ + (first + i) * rowPitch_ + from * valuePitch_, valuePitch_, steps, dst + i * kSlice, 1);
    }
  }
  void pack_columns(int64_t from, int64_t steps, int64_t first, int64_t count, float* dst) const override {
    for (int64_t k = 0; k < steps; k++) {
      load_strided(b_, startB_ + (from + k) * stepPitch_ + first * columnPitch_, columnPitch_, count,
                   dst + k * kBlockColumns, 1);
    }
  }

 private:
  const Operand &a_, &b_;
  int64_t startA_, startB_, rowPitch_, valuePitch_, stepPitch_, columnPitch_;
};

// What output pixels see: value (pixel, position) with positions (r, s, c of the group).
struct Patches {
  const ConvShape& shape;
  const Operand& x;
  int64_t group;

  // Positions from … from + steps of one pixel, to dst.
  void load(int64_t pixel, int64_t from, int64_t steps, float* dst) const {
    const ConvShape& c = shape;
    const int64_t ow = pixel % c.outColumns, oh = pixel / c.outColumns % c.outRows;
    const int64_t image = pixel / (c.outColumns * c.outRows);
    for (int64_t done = 0; done < steps;) {
      const int64_t tap = (from + done) / c.groupChannels, channel = (from + done) % c.groupChannels;
      const int64_t n = std::min(c.groupChannels - channel, steps - done);
      const int64_t h = oh * c.strideH - c.padH + tap / c.kernelColumns * c.dilationH;
      const int64_t w = ow * c.strideW - c.padW + tap % c.kernelColumns * c.dilationW;
      if (h >= 0 && h < c.height && w >= 0 && w < c.width) {
        const int64_t pixelOfImage = (image * c.height + h) * c.width + w;
        load_block(x, pixelOfImage * c.channels + group * c.groupChannels + channel, n, dst + done);
      } else {
        memset(dst + done, 0, static_cast<size_t>(n) * sizeof(float));
      }
      done += n;
    }
  }
};

// Rows are output pixels, columns the filters of a group.
class ForwardFactors final : public FactorSource {
 public:
  ForwardFactors(const ConvShape& shape, const Operand& x, const Operand& w, int64_t group)
      : patches_{shape, x, group}, w_(w), size_(shape.kernelRows * shape.kernelColumns * shape.groupChannels),
        filter_(group * shape.group_filters()) {}
  void pack_rows(int64_t first, int64_t count, int64_t from, int64_t steps, float* dst) const override {
    for (int64_t i = 0; i < count; i++) patches_.load(first + i, from, steps, dst + i * kSlice);
  }
  void pack_columns(int64_t from, int64_t steps, int64_t first, int64_t count, float* dst) const override {
    float values[kSlice];
    for (int64_t j = 0; j < count; j++) {
      load_block(w_, (filter_ + first + j) * size_ + from, steps, values);
      for (int64_t p = 0; p < steps; p++) dst[p * kBlockColumns + j] = values[p];
    }
  }

 private:
  Patches patches_;
  const Operand& w_;
  int64_t size_, filter_;
};

// Rows are input pixels, columns the channels of a group; positions (r, s, k of the group).
class GradInputFactors final : public FactorSource {
 public:
  GradInputFactors(const ConvShape& shape, const Operand& gy, const Operand& w, int64_t group)
      : shape_(shape), gy_(gy), w_(w), filters_(shape.group_filters()), filter_(group * shape.group_filters()) {}
  void pack_rows(int64_t first, int64_t count, int64_t from, int64_t steps, float* dst) const override {
    for (int64_t i = 0; i < count; i++) load_errors(first + i, from, steps, dst + i * kSlice);
  }
  void pack_columns(int64_t from, int64_t steps, int64_t first, int64_t count, float* dst) const override {
    const int64_t taps = shape_.kernelRows * shape_.kernelColumns;
    for (int64_t p = 0; p < steps; p++) {
      const int64_t tap = (from + p) / filters_, k = (from + p) % filters_;
      load_block(w_, ((filter_ + k) * taps + tap) * shape_.groupChannels + first, count, dst + p * kBlockColumns);
    }
  }

 private:
  // Output pixel that reads input pixel `at` at kernel position `tap`; −1: none.
  static int64_t reader(int64_t at, int64_t tap, int64_t pad, int64_t dilation, int64_t stride, int64_t size) {
    const int64_t distance = at + pad - tap * dilation;
    return distance >= 0 && distance % stride == 0 && distance / stride < size ? distance / stride : -1;
  }
  void load_errors(int64_t pixel, int64_t from, int64_t steps, float* dst) const {
    const ConvShape& c = shape_;
    const int64_t w = pixel % c.width, h = pixel / c.width % c.height, image = pixel / (c.width * c.height);
    for (int64_t done = 0; done < steps;) {
      const int64_t tap = (from + done) / filters_, k = (from + done) % filters_;
      const int64_t n = std::min(filters_ - k, steps - done);
      const int64_t oh = reader(h, tap / c.kernelColumns, c.padH, c.dilationH, c.strideH, c.outRows);
      const int64_t ow = reader(w, tap % c.kernelColumns, c.padW, c.dilationW, c.strideW, c.outColumns);
      if (oh >= 0 && ow >= 0) {
        load_block(gy_, ((image * c.outRows + oh) * c.outColumns + ow) * c.filters + filter_ + k, n, dst + done);
      } else {
        memset(dst + done, 0, static_cast<size_t>(n) * sizeof(float));
      }
      done += n;
    }
  }

  const ConvShape& shape_;
  const Operand &gy_, &w_;
  int64_t filters_, filter_;
};

// Rows are the filters of a group, columns the positions of its kernels; reduced over output pixels.
class GradWeightFactors final : public FactorSource {
 public:
  GradWeightFactors(const ConvShape& shape, const Operand& gy, const Operand& x, int64_t group)
      : patches_{shape, x, group}, gy_(gy), filter_(group * shape.group_filters()) {}
  void pack_rows(int64_t first, int64_t count, int64_t from, int64_t steps, float* dst) const override {
    float values[kBlockRows];
    for (int64_t p = 0; p < steps; p++) {
      load_block(gy_, (from + p) * patches_.shape.filters + filter_ + first, count, values);
      for (int64_t i = 0; i < count; i++) dst[i * kSlice + p] = values[i];
    }
  }
  void pack_columns(int64_t from, int64_t steps, int64_t first, int64_t count, float* dst) const override {
    for (int64_t p = 0; p < steps; p++) patches_.load(from + p, first, count, dst + p * kBlockColumns);
  }

 private:
  Patches patches_;
  const Operand& gy_;
  int64_t filter_;
};

// From the results of one group of a convolution to the next, and from one of their rows to the next.
struct GroupStrides {
  int64_t group, row;
};

// One product for each group; the factors are of the command's two inputs.
template <class Factors>
void accumulate_groups(const Command& cmd, const ConvShape& c, const ProductSize& size, const GroupStrides& strides,
                       Context& ctx) {
  const Operand& out = cmd.out[0];
  const int32_t exponent = product_exponent(cmd, c.carrier);
  if (exponent == kExponentNotANumber) return fill_nan(out, ctx);
  const Accumulator accumulator = accumulator_of(cmd, kConvolutionAttrs);
  for (int64_t group = 0; group < c.groups; group++) {
    accumulate_product(Factors(c, cmd.in[0], cmd.in[1], group), size, accumulator,
                       {out, group * strides.group, strides.row, exponent}, ctx);
  }
}

}  // namespace

void accumulated_matmul(const Command& cmd, Context& ctx) {
  const Operand &a = cmd.in[0], &c = cmd.out[0];
  const bool transA = cmd.attrs[0] != 0;
  const ProductSize size{c.dims[c.rank - 2], c.dims[c.rank - 1], a.dims[transA ? a.rank - 2 : a.rank - 1]};
  const Accumulator accumulator = accumulator_of(cmd, kMatmulAttrs);
  const int32_t exponent = product_exponent(cmd, static_cast<Carrier>(static_cast<int>(cmd.attrs[2])));
  if (exponent == kExponentNotANumber) return fill_nan(c, ctx);
  const int64_t outputs = size.rows * size.columns, batches = outputs == 0 ? 0 : c.elements / outputs;
  for (int64_t batch = 0; batch < batches; batch++) {
    const MatrixFactors factors(cmd, size.rows, size.columns, size.positions, batch);
    accumulate_product(factors, size, accumulator, {c, batch * outputs, size.columns, exponent}, ctx);
  }
}

void accumulated_conv2d(const Command& cmd, Context& ctx) {
  const ConvShape c = conv_shape(cmd, cmd.in[0], cmd.in[1], cmd.out[0]);
  const ProductSize size{c.images * c.outRows * c.outColumns, c.group_filters(),
                         c.kernelRows * c.kernelColumns * c.groupChannels};
  accumulate_groups<ForwardFactors>(cmd, c, size, {size.columns, c.filters}, ctx);
}

void accumulated_conv2d_grad_input(const Command& cmd, Context& ctx) {
  const ConvShape c = conv_shape(cmd, cmd.out[0], cmd.in[1], cmd.in[0]);
  const ProductSize size{c.images * c.height * c.width, c.groupChannels,
                         c.kernelRows * c.kernelColumns * c.group_filters()};
  accumulate_groups<GradInputFactors>(cmd, c, size, {size.columns, c.channels}, ctx);
}

void accumulated_conv2d_grad_weight(const Command& cmd, Context& ctx) {
  const ConvShape c = conv_shape(cmd, cmd.in[1], cmd.out[0], cmd.in[0]);
  const ProductSize size{c.group_filters(), c.kernelRows * c.kernelColumns * c.groupChannels,
                         c.images * c.outRows * c.outColumns};
  accumulate_groups<GradWeightFactors>(cmd, c, size, {size.rows * size.columns, size.columns}, ctx);
}

}  // namespace roundoff::ROUNDOFF_TIER
