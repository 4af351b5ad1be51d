// Rounding to posits, which cuts the posit's code and decides by the bits cut off (src/formats/posit.ts). No code is made:
// the FP32 magnitude with the bias 128 instead of 127 is regime · exponent · fraction in one integer, since 128 is a
// multiple of 4. Its lower 25 bits are the payload; the regime decides how many of them the code has room for, and a carry
// out of the payload steps to the next regime in the integer as it does in the code.
#include "posit_rounding.h"

#include <cmath>

#include "round_loops.h"

#if defined(__AVX512F__)
#include "posit_registers.h"
#endif

namespace roundoff::ROUNDOFF_TIER {
namespace {

constexpr int kPayload = 25;
constexpr uint32_t kBiasStep = 1u << 23;  // from FP32's bias to 128

struct PositTarget {
  int drop;  // payload bits cut off in the regimes 0 and −1; one more for each step away from them
  uint32_t smallest, largest, unusedRandom;
};

// 1 if the code goes up: `rest` are the `drop` bits that were cut off, `odd` the last bit of the code before them.
template <Rounding mode>
inline uint32_t cut_goes_up(uint32_t rest, uint32_t drop, uint32_t odd, bool negative, RandomBits random) {
  const uint32_t inexact = rest != 0 ? 1u : 0u;
  if constexpr (mode == Rounding::nearestAway) return rest >> (drop - 1);
  if constexpr (mode == Rounding::towardPositive) return negative ? 0 : inexact;
  if constexpr (mode == Rounding::towardNegative) return negative ? inexact : 0;
  if constexpr (mode == Rounding::toOdd) return inexact & (odd ^ 1);
  if constexpr (mode == Rounding::stochastic) return goes_up(rest << (32 - drop), random);
  return 0;
}

// The rounded magnitude with the bias 128, without regard to the ends of the format.
template <Rounding mode>
inline uint32_t round_biased(uint32_t magnitude, bool negative, uint32_t word, const PositTarget& t) {
  const uint32_t biased = magnitude + kBiasStep;
  const int regime = static_cast<int>(biased >> kPayload) - 32;
  const int away = regime ^ (regime >> 31);
  const uint32_t drop = static_cast<uint32_t>(std::min(t.drop + away, kPayload));
  // Where all of the payload is cut off, the code ends with the regime's closing bit: 0 after ones, 1 after zeros.
  const uint32_t closing = regime < 0 ? 1u : 0u;
  const uint32_t odd = drop == kPayload ? closing : biased >> drop & 1;
  const uint32_t mask = (1u << drop) - 1;
  if constexpr (mode == Rounding::nearestEven) return (biased + (mask >> 1) + odd) & ~mask;
  const uint32_t rest = biased & mask;
  const uint32_t up = cut_goes_up<mode>(rest, drop, odd, negative, {word, t.unusedRandom});
  return ((biased >> drop) + up) << drop;
}

template <Rounding mode, bool count>
uint32_t posit_loop(const float* x, float* y, int64_t n, const PositTarget& target, const uint32_t* random) {
  const PositTarget t = target;
  const Bits* in = reinterpret_cast<const Bits*>(x);
  Bits* out = reinterpret_cast<Bits*>(y);
  uint32_t beyond = 0;
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) {
    const uint32_t bits = in[i], magnitude = bits & ~kSignBit;
    const uint32_t word = mode == Rounding::stochastic ? random[i] : 0;
    const uint32_t biased = round_biased<mode>(magnitude, bits >> 31 != 0, word, t);
    // Rounding keeps the order, and both ends are posits: what is beyond them was rounded to them or beyond.
    const uint32_t inside = std::min(std::max(biased, t.smallest + kBiasStep), t.largest + kBiasStep) - kBiasStep;
    const uint32_t result = inside | (bits & kSignBit);
    const uint32_t number = magnitude == 0 ? 0 : result;
    out[i] = magnitude >= kInfinityBits ? kInfinityBits | kQuietBit : number;
    if constexpr (count) beyond += magnitude > t.largest && magnitude < kInfinityBits ? 1u : 0u;
  }
  return beyond;
}

// Nearest even without counting.
void posit_nearest(const float* x, float* y, int64_t n, [[maybe_unused]] int bits, const PositTarget& target) {
  const auto general = posit_loop<Rounding::nearestEven, false>;
  int64_t i = 0;
#if defined(__AVX512F__)
  const PositRegisters registers(bits);
  for (; i + PositRegisters::kElements <= n; i += PositRegisters::kElements) {
    if (!registers(x + i, y + i)) general(x + i, y + i, PositRegisters::kElements, target, nullptr);
  }
#endif
  general(x + i, y + i, n - i, target, nullptr);
}

}  // namespace

uint32_t round_posit(const float* x, float* y, int64_t n, const Element& element, const uint32_t* random, bool counts) {
  const int bits = element.bits;
  const PositTarget target{kPayload + 3 - bits, bits_of(std::ldexp(1.0f, -4 * (bits - 2))),
                           bits_of(std::ldexp(1.0f, 4 * (bits - 2))), element.store.unusedRandom};
  switch (element.store.rounding) {
    case Rounding::nearestEven:
      if (counts) return posit_loop<Rounding::nearestEven, true>(x, y, n, target, random);
      posit_nearest(x, y, n, bits, target);
      return 0;
    case Rounding::nearestAway:
      return posit_loop<Rounding::nearestAway, true>(x, y, n, target, random);
    case Rounding::towardZero:
      return posit_loop<Rounding::towardZero, true>(x, y, n, target, random);
    case Rounding::towardPositive:
      return posit_loop<Rounding::towardPositive, true>(x, y, n, target, random);
    case Rounding::towardNegative:
      return posit_loop<Rounding::towardNegative, true>(x, y, n, target, random);
    case Rounding::toOdd:
      return posit_loop<Rounding::toOdd, true>(x, y, n, target, random);
    default:
      return posit_loop<Rounding::stochastic, true>(x, y, n, target, random);
  }
}

}  // namespace roundoff::ROUNDOFF_TIER
