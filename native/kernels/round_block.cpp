// Rounding of FP32 values to a float format, in integer arithmetic on their bits: once, straight from the FP32 value,
// with gradual underflow, overflow decided after rounding. The scalar truth is src/formats/round.ts; the tests
// compare bit for bit. Every mode is its own loop without branches, chosen outside it.
#include <bit>
#include <cmath>

#include "block_io.h"
#include "philox.h"
#include "round_shift.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

constexpr uint32_t kNaNBits = 0x7fc00000, kSign = 0x80000000;

// The words of FP32 values, read in place.
using Bits = uint32_t __attribute__((may_alias));

// By value: a reference into the array would keep the loop from vectorising.
inline uint32_t bits_of(float value) { return std::bit_cast<uint32_t>(value); }

// A format and an overflow rule as the numbers that the loop needs.
struct Target {
  uint32_t minNormal;     // bits of the smallest normal
  uint32_t eminField;     // its FP32 exponent field
  uint32_t normalShift;   // bits of the doubled significand to drop, normal results
  uint32_t smallShift;    // the same just below the smallest normal; one more per binade further down
  float smallSpacing;     // spacing of the results below the smallest normal
  uint32_t maxFinite;     // bits
  uint32_t overflow;      // bits of the result of an overflow
  uint32_t zeroSign;      // the sign bit that a zero may keep
};

Target target_of(const StoreRounding& store) {
  // Without subnormals the neighbours below the smallest normal are 0 and the smallest normal itself.
  const int spacing = store.hasSubnormals ? store.emin - (store.precision - 1) : store.emin;
  const uint32_t infinity = store.hasInfinity ? kInfinityBits : kNaNBits;
  Target target;
  target.eminField = static_cast<uint32_t>(store.emin + 127);
  target.minNormal = target.eminField << 23;
  target.normalShift = static_cast<uint32_t>(25 - store.precision);
  target.smallShift = store.hasSubnormals ? target.normalShift : 24;
  target.smallSpacing = std::ldexp(1.0f, spacing);
  target.maxFinite = bits_of(store.maxFinite);
  target.overflow = store.overflow == Overflow::saturate   ? target.maxFinite
                    : store.overflow == Overflow::infinity ? infinity
                                                           : kNaNBits;
  target.zeroSign = store.hasNegativeZero ? kSign : 0;
  return target;
}

// Whether the format has FP32's own subnormals and zeros: then the bits alone give the result, everywhere.
bool has_fp32_range(const StoreRounding& store) {
  return store.emin == -126 && store.hasSubnormals && store.hasNegativeZero;
}

// The result with its sign: overflow and NaN resolved. `signedZero`: the format has −0, so no zero need be looked for.
// `rounded` is the magnitude as if there were no largest exponent.
template <bool signedZero>
inline uint32_t finish(uint32_t rounded, uint32_t bits, const Target& t) {
  const uint32_t kept = bits & (!signedZero && rounded == 0 ? t.zeroSign : kSign);
  const uint32_t finite = rounded > t.maxFinite ? t.overflow : rounded;
  return ((bits & ~kSign) > kInfinityBits ? kNaNBits : finite) | kept;
}

template <Rounding mode, bool fullRange>
inline uint32_t round_bits(uint32_t bits, uint32_t random, const Target& t) {
  const uint32_t magnitude = bits & ~kSign;
  const uint32_t negative = 0u - (bits >> 31);
  if constexpr (fullRange) {
    // Every value drops the same bits, so the exponent need not be taken apart: a carry out of the significand lands
    // in it, where it belongs.
    const uint32_t count = round_shift<mode>(magnitude << 1, t.normalShift, negative, random);
    return finish<true>(count << (t.normalShift - 1), bits, t);
  } else {
    const Unpacked x = unpack(magnitude);
    const bool small = magnitude < t.minNormal;
    const uint32_t shift = small ? t.smallShift + (t.eminField - x.exponent) : t.normalShift;
    const uint32_t count = round_shift<mode>(x.doubled, shift, negative, random);
    const uint32_t normal = ((x.exponent - 1) << 23) + (count << (t.normalShift - 1));
    // Exact: the count is below 2^24 and the product is a value of the format.
    const uint32_t tiny = bits_of(static_cast<float>(static_cast<int32_t>(count)) * t.smallSpacing);
    return finish<false>(small ? tiny : normal, bits, t);
  }
}

template <Rounding mode, bool fullRange>
void round_loop(float* x, int64_t n, const Target& target, const uint32_t* random) {
  const Target t = target;
  Bits* bits = reinterpret_cast<Bits*>(x);
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) {
    const uint32_t word = mode == Rounding::stochastic ? random[i] : 0;
    bits[i] = round_bits<mode, fullRange>(bits[i], word, t);
  }
}

// The common case at half the work: the hardware's own rounding to nearest even. Adding a power of two whose last place
// is the wanted spacing rounds there; subtracting it again is exact. Needs the default floating-point environment, a
// magnitude below that power (precision ≤ 23), and that the power does not overflow for anything up to `clamp`, above
// which every value overflows the format anyway.
template <bool signedZero>
void round_nearest_even_by_adding(float* x, int64_t n, const Target& target, const uint32_t*) {
  const Target t = target;
  const uint32_t lift = (t.normalShift - 1) << 23;
  const uint32_t clamp = (t.maxFinite & kInfinityBits) + (2u << 23);
  Bits* bits = reinterpret_cast<Bits*>(x);
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) {
    const uint32_t word = bits[i];
    const uint32_t magnitude = std::min(word & ~kSign, clamp);
    const float power = std::bit_cast<float>(std::max(magnitude & kInfinityBits, t.minNormal) + lift);
    const float sum = std::bit_cast<float>(magnitude) + power;
    bits[i] = finish<signedZero>(bits_of(sum - power), word, t);
  }
}

// Whether the conditions of round_nearest_even_by_adding hold.
bool can_round_by_adding(const StoreRounding& store, const Target& t) {
  const uint32_t largest = (t.maxFinite >> 23) + 2 + (t.normalShift - 1);
  return store.rounding == Rounding::nearestEven && store.hasSubnormals && store.precision <= 23 && largest <= 254;
}

using Loop = void (*)(float*, int64_t, const Target&, const uint32_t*);

template <bool fullRange>
Loop loop_for(Rounding mode) {
  switch (mode) {
    case Rounding::nearestEven:
      return round_loop<Rounding::nearestEven, fullRange>;
    case Rounding::nearestAway:
      return round_loop<Rounding::nearestAway, fullRange>;
    case Rounding::towardZero:
      return round_loop<Rounding::towardZero, fullRange>;
    case Rounding::towardPositive:
      return round_loop<Rounding::towardPositive, fullRange>;
    case Rounding::towardNegative:
      return round_loop<Rounding::towardNegative, fullRange>;
    case Rounding::toOdd:
      return round_loop<Rounding::toOdd, fullRange>;
    default:
      return round_loop<Rounding::stochastic, fullRange>;
  }
}

}  // namespace

void round_block(float* x, int64_t n, const StoreRounding& store, int64_t offset, const Clock& clock) {
  const Target target = target_of(store);
  const Loop byAdding = store.hasNegativeZero ? round_nearest_even_by_adding<true> : round_nearest_even_by_adding<false>;
  const Loop loop = can_round_by_adding(store, target) ? byAdding
                    : has_fp32_range(store)            ? loop_for<true>(store.rounding)
                                                       : loop_for<false>(store.rounding);
  if (store.rounding != Rounding::stochastic) return loop(x, n, target, nullptr);
  alignas(64) uint32_t words[kRandomRoom];
  for (int64_t done = 0; done < n; done += kBlock) {
    const int64_t count = std::min(kBlock, n - done);
    loop(x + done, count, target, rounding_words(offset + done, count, store.tensorId, clock, words));
  }
}

}  // namespace roundoff::ROUNDOFF_TIER
