// Dynamic fixed point: one pass finds the largest magnitude, as an integer maximum over the bits (NaN and Inf are the
// largest of all), one pass rounds every value to a multiple of 2^E. Truth: src/formats/dynamic-fixed-point.ts.
#include <bit>
#include <cmath>

#include "parallel.h"
#include "philox.h"
#include "round_shift.h"
#include "scratch.h"
#include "tiers.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

constexpr int32_t kExponentNotANumber = 1 << 30;
constexpr uint32_t kMagnitude = 0x7fffffff;

// What one value needs to become an integer.
struct Grid {
  float lift;          // 1, or the power of two that makes a tensor of subnormals normal; exact
  uint32_t unitField;  // exponent field at which a doubled significand counts units of 2^E: E + 151
  int32_t largest;     // 2^(bits−1) − 1
};

// The largest magnitude of x, as FP32 bits.
uint32_t largest_bits(const Operand& x, Context& ctx) {
  const int64_t tasks = chunks_of(x.elements, kChunk);
  uint32_t* partial = static_cast<uint32_t*>(ctx.scratch.shared(static_cast<size_t>(tasks) * sizeof(uint32_t)));
  parallel_blocks(ctx, x.elements, [&](int64_t offset, int64_t n, int) {
    alignas(64) float buffer[kBlock];
    const float* from = read_block(x, offset, n, buffer);
    uint32_t largest = offset % kChunk == 0 ? 0 : partial[offset / kChunk];
    for (int64_t i = 0; i < n; i++) {
      const float value = from[i];
      largest = std::max(largest, std::bit_cast<uint32_t>(value) & kMagnitude);
    }
    partial[offset / kChunk] = largest;
  });
  return *std::max_element(partial, partial + tasks);
}

// q[i] = x[i] · 2^−E as an integer in FP32: exact, since integers have at most 24 bits.
template <Rounding mode>
void quantize_loop(const float* x, int64_t n, const Grid& grid, const uint32_t* random, float* q) {
  const Grid g = grid;
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) {
    const float value = x[i] * g.lift;
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    const uint32_t negative = 0u - (bits >> 31);
    const Unpacked u = unpack(bits & kMagnitude);
    // |value| = doubled · 2^(exponent − 151); to be counted in units of 2^E: drop E + 151 − exponent bits.
    const RandomBits word{mode == Rounding::stochastic ? random[i] : 0, 0};
    const uint32_t count = round_shift<mode>(u.doubled, g.unitField - u.exponent, negative, word);
    const int32_t integer = std::min(static_cast<int32_t>(count), g.largest);
    const int32_t sign = static_cast<int32_t>(negative);
    q[i] = static_cast<float>((integer ^ sign) - sign);
  }
}

using QuantizeLoop = void (*)(const float*, int64_t, const Grid&, const uint32_t*, float*);

QuantizeLoop quantize_loop_for(Rounding mode) {
  switch (mode) {
    case Rounding::nearestEven:
      return quantize_loop<Rounding::nearestEven>;
    case Rounding::nearestAway:
      return quantize_loop<Rounding::nearestAway>;
    case Rounding::towardZero:
      return quantize_loop<Rounding::towardZero>;
    case Rounding::towardPositive:
      return quantize_loop<Rounding::towardPositive>;
    case Rounding::towardNegative:
      return quantize_loop<Rounding::towardNegative>;
    case Rounding::toOdd:
      return quantize_loop<Rounding::toOdd>;
    default:
      return quantize_loop<Rounding::stochastic>;
  }
}

// 2^exponent as two factors: alone it may lie outside FP32, where an integer times it does not.
struct Scale {
  float first, second;
  explicit Scale(int exponent)
      : first(std::ldexp(1.0f, exponent / 2)), second(std::ldexp(1.0f, exponent - exponent / 2)) {}
};

void store_constant(const Operand& y, float value, Context& ctx) {
  parallel_blocks(ctx, y.elements, [&](int64_t offset, int64_t n, int) {
    alignas(64) float buffer[kBlock];
    std::fill_n(buffer, n, value);
    store_block(y, offset, n, buffer, ctx.clock);
  });
}

void quantize_dynamic_fixed(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &q = command.out[0];
  int32_t& sharedExponent = *command.out[1].i32_out();
  const int bits = static_cast<int>(command.attrs[0]);
  const Rounding mode = static_cast<Rounding>(static_cast<int>(command.attrs[1]));
  const uint32_t tensorId = static_cast<uint32_t>(command.attrs[2]);
  const bool known = command.in.size() > 1;
  const uint32_t amaxBits = known ? std::bit_cast<uint32_t>(*command.in[1].f32()) : largest_bits(x, ctx);
  if (amaxBits >= kInfinityBits || amaxBits == 0) {
    sharedExponent = amaxBits == 0 ? 0 : kExponentNotANumber;
    return store_constant(q, amaxBits == 0 || q.dtype == DType::i16 ? 0.0f : NAN, ctx);
  }
  const float amax = std::bit_cast<float>(amaxBits);
  const int exponent = std::ilogb(amax) - (bits - 2);
  sharedExponent = exponent;
  // A tensor this small is lifted by 2^64 (exact), so that no shift below becomes negative.
  const int lift = amax < 0x1p-64f ? 64 : 0;
  const Grid grid{lift != 0 ? 0x1p64f : 1.0f, static_cast<uint32_t>(exponent + lift + 151), (1 << (bits - 1)) - 1};
  const Scale scale(exponent);
  const bool real = q.dtype != DType::i16;
  const QuantizeLoop loop = quantize_loop_for(mode);
  parallel_blocks(ctx, q.elements, [&](int64_t offset, int64_t n, int) {
    alignas(64) float spaceX[kBlock], integers[kBlock];
    alignas(64) uint32_t words[kRandomRoom];
    const bool draws = mode == Rounding::stochastic;
    const uint32_t* random = draws ? rounding_words(offset, n, tensorId, ctx.clock, words) : nullptr;
    loop(read_block(x, offset, n, spaceX), n, grid, random, integers);
    if (real) {
      for (int64_t i = 0; i < n; i++) integers[i] = integers[i] * scale.first * scale.second;
    }
    store_block(q, offset, n, integers, ctx.clock);
  });
}

}  // namespace

void register_quantize(KernelTable& table) { table["quantizeDynamicFixed"] = quantize_dynamic_fixed; }

}  // namespace roundoff::ROUNDOFF_TIER
