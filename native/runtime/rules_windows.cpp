// Rules of the operations on images: pooling and convolution, and of matmul.
#include "accumulator.h"
#include "engine.h"
#include "op_rules.h"
#include "pool_windows.h"

namespace roundoff::rules {
namespace {

// Generous; keeps every product of sizes far from overflow.
constexpr int64_t kMaxWindow = 1 << 16;

// The first operands are real, of one kind for the carrier i16, and its shared exponents follow. Returns the carrier.
int64_t check_products(const Command& c, size_t carrierAttr) {
  const int64_t carrier = integer_attr(c, carrierAttr, 0, 2, "carrier");
  const bool integer = carrier == static_cast<int64_t>(Carrier::i16);
  check(c.in.size() == (integer ? 4u : 2u), integer ? "carrier i16 needs 2 operands, 2 exponents" : "needs 2 inputs");
  check(c.out.size() == 1, "needs 1 output");
  for (size_t i = 0; i < 2; i++) {
    expect_real(c.in[i], "an operand");
    check((c.in[i].dtype == DType::i16) == integer, "operands are i16 if and only if the carrier is");
    check(!holds_codes(c.in[i].dtype), "an operand of a product must not be stored as codes");
  }
  for (size_t i = 2; i < c.in.size(); i++) {
    expect_i32(c.in[i], "a shared exponent");
    expect_elements(c.in[i], 1, "a shared exponent");
  }
  check(c.out[0].dtype != DType::i16 && c.out[0].dtype != DType::i32, "the output must not be of integers");
  return carrier;
}

// The numbers behind the `first` attributes: none, or an accumulator that fits the carrier.
void check_accumulator(const Command& c, size_t first, int64_t carrier) {
  if (!has_accumulator(c, first)) return;
  const int64_t code = integer_attr(c, first, 0, static_cast<int64_t>(AccumulatorKind::int32Chain), "accumulator kind");
  const auto kind = static_cast<AccumulatorKind>(code);
  const bool rounded = kind == AccumulatorKind::rounded, chain = kind == AccumulatorKind::int32Chain;
  const size_t numbers = rounded ? kRoundedNumbers : chain ? kChainNumbers : 1;
  check(c.attrs.size() == first + numbers, "the accumulator has a wrong number of numbers");
  const bool pairs = kind == AccumulatorKind::amxBf16 || kind == AccumulatorKind::vdpbf16;
  check(!pairs || c.op == "matmul", "accumulators amxBf16 and vdpbf16 are for matmul alone");
  const Carrier wanted = pairs ? Carrier::bf16 : chain ? Carrier::i16 : Carrier::f32;
  check(carrier == static_cast<int64_t>(wanted), pairs   ? "this accumulator needs the carrier bf16"
                                                 : chain ? "this accumulator needs the carrier i16"
                                                         : "this accumulator needs the carrier f32");
  if (rounded || chain) integer_attr(c, first + 1, chain ? 1 : 0, int64_t{1} << 40, "chunk");
  if (!rounded) return;
  integer_attr(c, first + 2, 1, 24, "accumulator precision");
  integer_attr(c, first + 3, -126, 127, "accumulator exponent");
  integer_attr(c, first + 10, 0, static_cast<int64_t>(Overflow::nan), "accumulator overflow");
  check_store(accumulator_of(c, first).format, DType::f32);
}

// Whether the axes before the last two are those of y, or absent.
bool same_batch(const Operand& x, const Operand& y) {
  if (x.rank == 2) return true;
  bool same = x.rank == y.rank;
  for (int axis = 0; same && axis + 2 < x.rank; axis++) same = x.dims[axis] == y.dims[axis];
  return same;
}

}  // namespace

void check_matmul(const Command& c) {
  check(c.attrs.size() >= kMatmulAttrs, "needs at least 3 attributes");
  check_accumulator(c, kMatmulAttrs, check_products(c, 2));
  const Operand &a = c.in[0], &b = c.in[1], &y = c.out[0];
  const bool transA = integer_attr(c, 0, 0, 1, "transA") == 1, transB = integer_attr(c, 1, 0, 1, "transB") == 1;
  check(a.rank >= 2 && b.rank >= 2 && y.rank >= 2, "operands need at least 2 axes");
  const int64_t m = a.dims[a.rank - (transA ? 1 : 2)], k = a.dims[a.rank - (transA ? 2 : 1)];
  const int64_t kb = b.dims[b.rank - (transB ? 1 : 2)], n = b.dims[b.rank - (transB ? 2 : 1)];
  check(k == kb, "the inner sizes differ: " + std::to_string(k) + " and " + std::to_string(kb));
  check(y.dims[y.rank - 2] == m && y.dims[y.rank - 1] == n, "the output's last axes are not [M, N]");
  check(same_batch(a, y) && same_batch(b, y), "leading axes must equal the output's, or be absent");
  check(y.rank == 2 || a.rank > 2 || b.rank > 2, "the output has leading axes that no operand has");
}

void check_convolution(const Command& c) {
  check(c.attrs.size() >= kConvolutionAttrs, "needs at least 8 attributes");
  check_accumulator(c, kConvolutionAttrs, check_products(c, 7));
  const bool forward = c.op == "conv2d", gradInput = c.op == "conv2dGradInput";
  const Operand& x = forward ? c.in[0] : gradInput ? c.out[0] : c.in[1];
  const Operand& w = forward || gradInput ? c.in[1] : c.out[0];
  const Operand& y = forward ? c.out[0] : c.in[0];
  for (const Operand* operand : {&x, &w, &y}) expect_rank(*operand, 4, "every operand");
  const int64_t strideH = integer_attr(c, 0, 1, kMaxWindow, "strideH");
  const int64_t strideW = integer_attr(c, 1, 1, kMaxWindow, "strideW");
  const int64_t padH = integer_attr(c, 2, 0, kMaxWindow, "padH"), padW = integer_attr(c, 3, 0, kMaxWindow, "padW");
  const int64_t dilationH = integer_attr(c, 4, 1, kMaxWindow, "dilationH");
  const int64_t dilationW = integer_attr(c, 5, 1, kMaxWindow, "dilationW");
  const int64_t groups = integer_attr(c, 6, 1, x.dims[3], "groups");
  check(x.dims[3] % groups == 0 && w.dims[0] % groups == 0, "groups must divide the channels");
  check(w.dims[3] == x.dims[3] / groups, "the weights' last axis must be the input channels of one group");
  check(y.dims[3] == w.dims[0], "the output channels of y and w differ");
  check(y.dims[0] == x.dims[0], "the batch of x and y differs");
  check(y.dims[1] == windows(x.dims[1], w.dims[1], strideH, padH, dilationH) &&
            y.dims[2] == windows(x.dims[2], w.dims[2], strideW, padW, dilationW),
        "the output's height or width is not what the kernel, stride and padding give");
}

void check_pooling(const Command& c) {
  const bool forward = c.op == "maxPool2d" || c.op == "avgPool2d", largest = c.op[0] == 'm';
  expect_counts(c, forward || !largest ? 1 : 2, forward && largest ? 2 : 1, largest ? 9 : 11);
  const Operand &x = forward ? c.in[0] : c.out[0], &y = forward ? c.out[0] : c.in[0];
  expect_rank(x, 4, "the image");
  expect_rank(y, 4, "the pooled image");
  expect_real(x, "the image");
  expect_real(y, "the pooled image");
  const char* const names[] = {"kernelH", "kernelW", "strideH", "strideW", "padH", "padW", "dilationH", "dilationW"};
  for (size_t i = 0; i < 8; i++) integer_attr(c, i, i == 4 || i == 5 ? 0 : 1, largest || i < 6 ? kMaxWindow : 1, names[i]);
  integer_attr(c, 8, 0, 1, "adaptive");
  if (!largest) integer_attr(c, 9, 0, 1, "countIncludePad");
  check(y.dims[0] == x.dims[0] && y.dims[3] == x.dims[3], "batch and channels must stay");
  check(x.dims[1] * x.dims[2] <= INT32_MAX, "an image has more positions than i32 can index");
  const Pool pool(c, x, y);
  for (const PoolAxis* axis : {&pool.rows, &pool.columns}) {
    for (int64_t o = 0; o < axis->windows; o++) check(axis->first(o) < axis->end(o), "a window has no pixel in it");
  }
  if (!largest) return;
  const Operand& index = forward ? c.out[1] : c.in[1];
  expect_i32(index, "the index");
  expect_same_shape(index, y, "the index and the pooled image");
}

void check_resampling(const Command& c) {
  expect_counts(c, 1, 1, 4);
  for (const Operand* x : {&c.in[0], &c.out[0]}) {
    expect_real(*x, "an image");
    expect_rank(*x, 4, "an image");
  }
  check(c.in[0].dims[0] == c.out[0].dims[0] && c.in[0].dims[3] == c.out[0].dims[3], "batch and channels must stay");
  integer_attr(c, 0, 0, 2, "interpolation");
  integer_attr(c, 1, 0, 1, "alignCorners");
  // Places must stay far inside the integers.
  for (size_t i = 2; i < 4; i++) check(c.attrs[i] >= 0 && c.attrs[i] <= 1e6, "a scale must be from 0 to 10^6");
}

}  // namespace roundoff::rules
