// Rounding in FP64, literally as src/formats/round.ts and round-integer.ts define it: quotient, floor, fraction, decision.
#include "wide_rounding.h"

#include <cmath>

#include "round_loops.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

constexpr uint64_t kExponentBits = 0x7ffull << 52;

inline uint64_t word_of(double x) { return std::bit_cast<uint64_t>(x); }
inline double double_of(uint64_t bits) { return std::bit_cast<double>(bits); }

constexpr uint64_t kSign64 = 1ull << 63, kNaN64 = 0x7ff8ull << 48;

// An element format as what the loop needs, in FP64; flags as bits, so that no loop branches on them.
struct WideGrid {
  uint64_t eminField;     // exponent field of the smallest normal, in place; integers: above all, one spacing serves
  uint64_t belowSpacing;  // bits of the spacing below it
  uint64_t drop;          // precision − 1, in place of an exponent
  uint64_t sign, zeroSign;  // the sign bit if results, and zeros among them, keep it
  uint64_t negative;        // what a number below 0 is OR-ed with: NaN if the format has no sign
  double maxFinite, overflow, zero;
  double randomScale, unusedScale;  // 2^r and 2^−(32 − r)
};

WideGrid grid_of(const Element& element) {
  const StoreRounding& store = element.store;
  const int spacing = store.hasSubnormals ? store.emin - (store.precision - 1) : store.emin;
  const bool integer = element.kind == ElementKind::integer;
  WideGrid grid{};
  grid.eminField = integer ? UINT64_MAX : static_cast<uint64_t>(store.emin + 1023) << 52;
  grid.belowSpacing = static_cast<uint64_t>(spacing + 1023) << 52;
  grid.drop = static_cast<uint64_t>(store.precision - 1) << 52;
  grid.sign = element.hasSign ? kSign64 : 0;
  grid.zeroSign = element.hasSign && store.hasNegativeZero ? kSign64 : 0;
  grid.negative = element.hasSign ? 0 : kNaN64;
  grid.maxFinite = store.maxFinite;
  const double infinity = store.hasInfinity ? static_cast<double>(INFINITY) : static_cast<double>(NAN);
  grid.overflow = store.overflow == Overflow::saturate   ? store.maxFinite
                  : store.overflow == Overflow::infinity ? infinity
                                                         : static_cast<double>(NAN);
  grid.zero = element.hasZero ? 0 : std::ldexp(1.0, store.emin);
  grid.randomScale = std::ldexp(1.0, 32 - static_cast<int>(store.unusedRandom));
  grid.unusedScale = std::ldexp(1.0, -static_cast<int>(store.unusedRandom));
  return grid;
}

// Whole numbers below 2^52: adding this power rounds to the nearest even integer.
constexpr double kWhole = 0x1p52;
inline double nearest_whole(double x) { return (x + kWhole) - kWhole; }

// 1 if `floor` + `fraction` (in units) goes up. `odd`: whether floor is.
template <Rounding mode>
inline bool up_from(double floor, double fraction, bool negative, uint32_t word, const WideGrid& g) {
  const bool inexact = fraction != 0;
  if constexpr (mode == Rounding::nearestAway) return fraction >= 0.5;
  if constexpr (mode == Rounding::towardZero) return false;
  if constexpr (mode == Rounding::towardPositive) return inexact & !negative;
  if constexpr (mode == Rounding::towardNegative) return inexact & negative;
  if constexpr (mode == Rounding::toOdd) return inexact & (nearest_whole(floor * 0.5) == floor * 0.5);
  if constexpr (mode == Rounding::stochastic) {
    const double whole = std::floor(fraction * 0x1p32);
    const double random = std::floor(static_cast<double>(word) * g.unusedScale);
    return inexact & (nearest_whole(whole * g.unusedScale) + random >= g.randomScale);
  }
  return false;
}

// A magnitude ≥ 0, finite, rounded as if there were no largest exponent.
template <Rounding mode>
inline double round_unbounded(double a, bool negative, uint32_t word, const WideGrid& g) {
  const uint64_t field = word_of(a) & kExponentBits;
  const uint64_t spacing = field < g.eminField ? g.belowSpacing : field - g.drop;
  const double unit = double_of(spacing), inverse = double_of((2046ull << 52) - spacing);
  const double power = double_of(spacing + (52ull << 52));
  const double near = (a + power) - power;
  if constexpr (mode == Rounding::nearestEven) return near;
  const double floor = near > a ? near - unit : near;
  const bool up = up_from<mode>(floor * inverse, (a - floor) * inverse, negative, word, g);
  return up ? floor + unit : floor;
}

// The element under its step (affine: the code), the value, and whether it overflowed: 1 or 0.
struct WideResult {
  double element, value;
  uint32_t overflows;
};

template <Rounding mode>
inline WideResult round_one(double quotient, double step, uint32_t word, const WideGrid& g) {
  const uint64_t bits = word_of(quotient);
  const bool negative = quotient < 0;
  const double a = double_of(bits & ~kSign64);
  const double inside = round_unbounded<mode>(a, negative, word, g);
  const double rounded = a < static_cast<double>(INFINITY) ? inside : a;
  const double bounded = rounded > g.maxFinite ? g.overflow : rounded;
  const double number = bounded == 0 ? g.zero : bounded;
  const double magnitude = double_of(word_of(number) | (negative ? g.negative : 0));
  const uint64_t sign = bits & (magnitude == 0 ? g.zeroSign : g.sign);
  const double element = double_of(word_of(magnitude) | sign);
  const bool overflows = (rounded > g.maxFinite) & (magnitude == magnitude);
  return {element, element * step, overflows ? 1u : 0u};
}

template <Rounding mode>
inline WideResult round_affine(double quotient, double step, double zeroPoint, uint32_t word, const WideGrid& g) {
  const bool negative = quotient < 0;
  const double rounded = round_unbounded<mode>(std::fabs(quotient), negative, word, g);
  const double shifted = (negative ? -rounded : rounded) + zeroPoint;
  const double above = shifted > 0 ? shifted : 0.0;
  const double code = above < g.maxFinite ? above : g.maxFinite;
  return {code, (code - zeroPoint) * step, code != shifted ? 1u : 0u};
}

template <Rounding mode, bool affine, bool perElement>
uint32_t wide_loop(const float* x, float* y, int64_t n, const WideGrid& grid, const WideSteps& s, const uint32_t* random,
                   bool elements) {
  const WideGrid g = grid;
  const double* steps = s.steps;
  const int32_t* zeroPoints = s.zeroPoints;
  const uint64_t elementMask = elements ? UINT64_MAX : 0;
  const double oneStep = perElement ? 0 : *steps, onePoint = affine && !perElement ? *zeroPoints : 0;
  uint32_t overflows = 0;
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) {
    const double step = perElement ? steps[i] : oneStep;
    // A step of 0 holds zeros.
    const double quotient = static_cast<double>(x[i]) / (step == 0 ? static_cast<double>(INFINITY) : step);
    const uint32_t word = mode == Rounding::stochastic ? random[i] : 0;
    WideResult result;
    if constexpr (affine) {
      const double zeroPoint = perElement ? static_cast<double>(zeroPoints[i]) : onePoint;
      result = round_affine<mode>(quotient, step, zeroPoint, word, g);
    } else {
      result = round_one<mode>(quotient, step, word, g);
    }
    // Under a step that is NaN there are no numbers: values are NaN, elements 0.
    const uint64_t number = step == step ? UINT64_MAX : 0;
    overflows += result.overflows & static_cast<uint32_t>(number);
    const uint64_t element = word_of(result.element) & number;
    // Which NaN a product of two is depends on the compiler's order of them.
    const uint64_t value = (word_of(result.value) & number) | (~number & kNaN64);
    y[i] = static_cast<float>(double_of((element & elementMask) | (value & ~elementMask)));
  }
  return overflows;
}

// Integers of at most 16 bits to nearest even under one step that is a number, without dividing: bits of round_one and
// round_affine. x/step, of two FP32 numbers, is a half-integer or more than 2^−27 away from every one (the numerator of the
// difference is a whole multiple of the smaller power of two). The product with 1/step is within 2^−34 of it below 2^17, so
// that rounding it to multiples of 2^−30 puts it back on its half-integer, or leaves it on its side of all.
template <bool affine>
uint32_t integer_loop(const float* x, float* y, int64_t n, double maxCode, double step, double zeroPoint) {
  constexpr double kGrid = 1.5 * 0x1p22, kInteger = 1.5 * 0x1p52;
  const double inverse = step == 0 ? 0 : 1 / step, lowest = affine ? 0 : -maxCode;
  uint32_t overflows = 0;
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) {
    const double product = static_cast<double>(x[i]) * inverse;
    const double near = ((product + kGrid) - kGrid + kInteger) - kInteger;
    const double code = affine ? near + zeroPoint : near;
    const double above = code > lowest ? code : lowest;
    const double inside = above < maxCode ? above : maxCode;
    overflows += inside != code ? 1u : 0u;
    y[i] = static_cast<float>((affine ? inside - zeroPoint : inside) * step);
  }
  return overflows;
}

template <bool affine, bool perElement>
auto wide_loop_for(Rounding mode) {
  switch (mode) {
    case Rounding::nearestEven:
      return wide_loop<Rounding::nearestEven, affine, perElement>;
    case Rounding::nearestAway:
      return wide_loop<Rounding::nearestAway, affine, perElement>;
    case Rounding::towardZero:
      return wide_loop<Rounding::towardZero, affine, perElement>;
    case Rounding::towardPositive:
      return wide_loop<Rounding::towardPositive, affine, perElement>;
    case Rounding::towardNegative:
      return wide_loop<Rounding::towardNegative, affine, perElement>;
    case Rounding::toOdd:
      return wide_loop<Rounding::toOdd, affine, perElement>;
    default:
      return wide_loop<Rounding::stochastic, affine, perElement>;
  }
}

}  // namespace

uint32_t round_wide(const float* x, float* y, int64_t n, const Element& element, const WideSteps& steps,
                    const uint32_t* random, bool elements) {
  WideGrid grid = grid_of(element);
  const Rounding mode = element.store.rounding;
  const bool affine = steps.zeroPoints != nullptr;
  if (affine) grid.maxFinite = std::ldexp(1.0, element.bits) - 1;
  const bool oneNumber = !steps.perElement && *steps.steps == *steps.steps;
  if (element.kind == ElementKind::integer && element.bits <= 16 && mode == Rounding::nearestEven && oneNumber && !elements) {
    const double zeroPoint = affine ? *steps.zeroPoints : 0;
    return (affine ? integer_loop<true> : integer_loop<false>)(x, y, n, grid.maxFinite, *steps.steps, zeroPoint);
  }
  if (affine) {
    return (steps.perElement ? wide_loop_for<true, true>(mode)
                             : wide_loop_for<true, false>(mode))(x, y, n, grid, steps, random, elements);
  }
  return (steps.perElement ? wide_loop_for<false, true>(mode)
                           : wide_loop_for<false, false>(mode))(x, y, n, grid, steps, random, elements);
}

}  // namespace roundoff::ROUNDOFF_TIER
