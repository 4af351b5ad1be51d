// Loops that round FP32 values to a Target, in integer arithmetic on their bits: once, straight from the FP32 value, with
// gradual underflow, overflow decided after rounding. The scalar truth is src/formats/round.ts; the tests compare bit for
// bit. Every mode is its own loop without branches, chosen outside it. Source and target may be equal, never shifted.
#pragma once

#include "avx512_lanes.h"
#include "block_io.h"
#include "round_target.h"

namespace roundoff::ROUNDOFF_TIER {

// The words of FP32 values, read in place.
using Bits = uint32_t __attribute__((may_alias));

// By value: a reference into the array would keep the loop from vectorising.
inline uint32_t bits_of(float value) { return std::bit_cast<uint32_t>(value); }
inline float float_of(uint32_t bits) { return std::bit_cast<float>(bits); }

// The steps of the elements as E << 23: one for all, or one for each.
struct OneStep {
  uint32_t value;
  uint32_t operator[](int64_t) const { return value; }
};
struct StepPerElement {
  const uint32_t* values;
  uint32_t operator[](int64_t i) const { return values[i]; }
};

// A magnitude rounded as if there were no largest exponent, and whether it overflows. NaN does not.
struct Rounded {
  uint32_t magnitude, overflows;
};

// The result with its sign: overflow and NaN resolved. NaN keeps its payload and becomes quiet.
// `signedZero`: the format has −0, so no zero need be looked for. `step` is that of a saturating format, else 0.
template <bool signedZero>
inline uint32_t finish(Rounded x, uint32_t bits, uint32_t step, const Target& t) {
  const uint32_t kept = bits & (!signedZero && x.magnitude == 0 ? t.zeroSign : kSignBit);
  const uint32_t finite = x.overflows ? t.overflow + step : x.magnitude;
  const uint32_t magnitude = bits & ~kSignBit;
  return (magnitude > kInfinityBits ? magnitude | kQuietBit : finite) | kept;
}

template <Rounding mode, bool fullRange>
inline Rounded round_magnitude(uint32_t bits, uint32_t word, uint32_t step, const Target& t) {
  const uint32_t magnitude = bits & ~kSignBit;
  const uint32_t negative = 0u - (bits >> 31);
  const RandomBits random{word, t.unusedRandom};
  uint32_t rounded;
  if constexpr (fullRange) {
    // Every value drops the same bits, so the exponent need not be taken apart: a carry out of the significand lands
    // in it, where it belongs.
    rounded = round_shift<mode>(magnitude << 1, t.normalShift, negative, random) << (t.normalShift - 1);
  } else {
    const Unpacked x = unpack(magnitude);
    const bool small = magnitude < t.minNormal + step;
    const uint32_t moved = static_cast<uint32_t>(static_cast<int32_t>(step) >> 23);
    const uint32_t shift = small ? t.smallShift + (t.eminField + moved - x.exponent) : t.normalShift;
    const uint32_t count = round_shift<mode>(x.doubled, shift, negative, random);
    const uint32_t normal = ((x.exponent - 1) << 23) + (count << (t.normalShift - 1));
    // Exact: the count is below 2^24 and the product is a value of the format.
    const uint32_t tiny = bits_of(static_cast<float>(static_cast<int32_t>(count)) * float_of(t.smallSpacing + step));
    rounded = small ? tiny : normal;
  }
  const bool overflows = rounded > t.maxFinite + step && magnitude <= kInfinityBits;
  return {rounded, overflows ? 1u : 0u};
}

// Returns how many elements overflowed.
template <Rounding mode, bool fullRange, class Steps>
uint32_t round_loop(const float* x, float* y, int64_t n, const Target& target, const uint32_t* random, Steps steps) {
  const Target t = target;
  const Bits* in = reinterpret_cast<const Bits*>(x);
  Bits* out = reinterpret_cast<Bits*>(y);
  uint32_t overflows = 0;
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) {
    const uint32_t bits = in[i], step = steps[i];
    const uint32_t word = mode == Rounding::stochastic ? random[i] : 0;
    const Rounded rounded = round_magnitude<mode, fullRange>(bits, word, step, t);
    overflows += rounded.overflows;
    out[i] = finish<fullRange>(rounded, bits, step, t);
  }
  return overflows;
}

// The common case at a third of the work: the hardware's own rounding to nearest even. Adding a power of two whose last
// place is the wanted spacing rounds there; subtracting it again is exact. Needs the default floating-point environment
// and can_round_by_adding. Where the power overflows, the element does, and is replaced. NaN stays NaN, made quiet.
// `count`: returns how many elements overflowed, else 0.
// Always inlined: a caller that knows n (block_loops.h) gets straight-line code.
template <bool signedZero, bool count, class Steps>
[[gnu::always_inline]] inline uint32_t nearest_even_by_adding(const float* x, float* y, int64_t n, const Target& target, const uint32_t*, Steps steps) {
  const Target t = target;
  const uint32_t lift = (t.normalShift - 1) << 23;
  const Bits* in = reinterpret_cast<const Bits*>(x);
  Bits* out = reinterpret_cast<Bits*>(y);
  uint32_t overflows = 0;
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) {
    const uint32_t word = in[i], step = steps[i];
    const float magnitude = float_of(word & ~kSignBit);
    const float power = float_of(std::max(word & kInfinityBits, t.minNormal + step) + lift);
    const float sum = magnitude + power;
    const float near = sum - power;
    // As floats: NaN overflows nowhere.
    const bool large = magnitude >= float_of(t.threshold + step);
    const uint32_t result = large ? t.overflow + step : bits_of(near);
    if constexpr (count) overflows += large ? 1u : 0u;
    const uint32_t sign = signedZero || result != 0 ? word & kSignBit : 0;
    out[i] = result | sign;
  }
  return overflows;
}

// nearest_even_by_adding as a function.
template <bool signedZero, bool count, class Steps>
uint32_t adding_loop(const float* x, float* y, int64_t n, const Target& t, const uint32_t* random, Steps steps) {
  return nearest_even_by_adding<signedZero, count>(x, y, n, t, random, steps);
}

#if defined(__AVX512F__)
// The whole registers of nearest_even_in_bits; returns how many elements they hold. Signs stay where they are: a carry ends in
// infinity at the latest, and NaN, which alone could carry into the sign, is put back.
template <bool saturates>
inline int64_t nearest_bits_in_registers(const Bits* in, Bits* out, int64_t n, const Target& t) {
  const uint32_t dropped = (1u << (t.normalShift - 1)) - 1;
  const __m512 most = _mm512_castsi512_ps(all_lanes(t.maxFinite));
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const __m512i word = _mm512_loadu_si512(in + i);
    const __m512 value = _mm512_castsi512_ps(word);
    __m512i near = nearest_even_without(word, dropped);
    if constexpr (saturates) near = _mm512_castps_si512(_mm512_range_ps(_mm512_castsi512_ps(near), most, kSmallerMagnitude));
    const __mmask16 nan = _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
    _mm512_storeu_si512(out + i, _mm512_mask_or_epi32(near, nan, word, all_lanes(kQuietBit)));
  }
  return i;
}
#endif

// The same for formats with FP32's own exponents (bf16, tf32): every value drops the same bits, and a carry out of the
// significand lands in the exponent, where it belongs.
template <bool count, class Steps>
uint32_t nearest_even_in_bits(const float* x, float* y, int64_t n, const Target& target, const uint32_t*, Steps) {
  const Target t = target;
  const uint32_t drop = t.normalShift - 1, mask = (1u << drop) - 1;
  const Bits* in = reinterpret_cast<const Bits*>(x);
  Bits* out = reinterpret_cast<Bits*>(y);
  uint32_t overflows = 0;
  int64_t i = 0;
#if defined(__AVX512F__)
  if (!count && t.overflow == t.maxFinite) i = nearest_bits_in_registers<true>(in, out, n, t);
  if (!count && t.overflow == kInfinityBits) i = nearest_bits_in_registers<false>(in, out, n, t);
#endif
  ROUNDOFF_INDEPENDENT
  for (; i < n; i++) {
    const uint32_t word = in[i], magnitude = word & ~kSignBit;
    const uint32_t near = (magnitude + (mask >> 1) + (magnitude >> drop & 1)) & ~mask;
    const bool large = float_of(magnitude) >= float_of(t.threshold);
    if constexpr (count) overflows += large ? 1u : 0u;
    const uint32_t finite = large ? t.overflow : near;
    out[i] = (magnitude > kInfinityBits ? magnitude | kQuietBit : finite) | (word & kSignBit);
  }
  return overflows;
}

// The same for integers that saturate, without counting: one power for all elements under a step, and no zero to look for.
template <class Steps>
uint32_t nearest_integers(const float* x, float* y, int64_t n, const Target& t, const uint32_t*, Steps steps) {
  const uint32_t base = adding_power(t), most = t.maxFinite;
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) {
    const float power = float_of(base + steps[i]), largest = float_of(most + steps[i]);
    const float near = (x[i] + power) - power;
    const float below = near > largest ? largest : near;
    y[i] = below < -largest ? -largest : below;
  }
  return 0;
}

template <class Steps>
using RoundLoop = uint32_t (*)(const float*, float*, int64_t, const Target&, const uint32_t*, Steps);

template <bool fullRange, class Steps>
RoundLoop<Steps> loop_of_mode(Rounding mode) {
  switch (mode) {
    case Rounding::nearestEven:
      return round_loop<Rounding::nearestEven, fullRange, Steps>;
    case Rounding::nearestAway:
      return round_loop<Rounding::nearestAway, fullRange, Steps>;
    case Rounding::towardZero:
      return round_loop<Rounding::towardZero, fullRange, Steps>;
    case Rounding::towardPositive:
      return round_loop<Rounding::towardPositive, fullRange, Steps>;
    case Rounding::towardNegative:
      return round_loop<Rounding::towardNegative, fullRange, Steps>;
    case Rounding::toOdd:
      return round_loop<Rounding::toOdd, fullRange, Steps>;
    default:
      return round_loop<Rounding::stochastic, fullRange, Steps>;
  }
}

}  // namespace roundoff::ROUNDOFF_TIER
