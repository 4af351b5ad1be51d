// Scales of groups. Divisions are those of scales.ts: one in FP64, then rounded to the format of the scale.
#include "group_scales.h"

#include <cmath>

namespace roundoff::ROUNDOFF_TIER {
namespace {

constexpr int kE8m0 = 127;

// A finite FP32 number > 0 as exponent and significand: value = significand · 2^(exponent − 23), significand of 24 bits.
struct Parts {
  int exponent;
  uint32_t significand;
};

Parts parts_of(uint32_t bits) {
  const uint32_t field = bits >> 23;
  if (field != 0) return {static_cast<int>(field) - 127, (bits & 0x7fffff) | 0x800000};
  const int shift = std::countl_zero(bits) - 8;
  return {-126 - shift, bits << shift};
}

// Whether rounding nearest-even at `precision` bits carries into the next power of two.
bool carries(uint32_t significand, int precision) {
  return precision < 24 && significand >= (1u << 24) - (1u << (23 - precision));
}

// What added to the bits of amax carries into its exponent where the rule asks for the next one.
uint32_t exponent_bump(const Element& element, ScaleRule rule) {
  constexpr uint32_t kFraction = 0x7fffff;
  const float largest = element.store.maxFinite;
  switch (rule) {
    case ScaleRule::ceil:
      return kFraction;
    case ScaleRule::even:
      return element.store.precision < 24 ? 1u << (23 - element.store.precision) : 0;
    case ScaleRule::roundUp:
      return kFraction - (std::bit_cast<uint32_t>(largest) & kFraction);
    case ScaleRule::nearest:
      return 1u << 22;
    default:
      return 0;
  }
}

double power_of_two_step(int exponent) { return std::ldexp(1.0, exponent); }

// The smallest FP32 number that is not below x.
float round_up(double x) {
  const float near = static_cast<float>(x);
  return static_cast<double>(near) < x ? std::nextafter(near, INFINITY) : near;
}

}  // namespace

GroupScales::GroupScales(const Element& element, const ScaleSpec& spec) : element_(element), spec_(spec) {
  const bool powers = spec.kind == ScaleKind::e8m0 || spec.kind == ScaleKind::sharedExponent;
  if (!powers || !has_target(element.store)) return;
  target_ = target_of(element.store);
  // Smallest normal and spacing stay normal FP32 numbers; the power of nearest_even_by_adding does not overflow.
  const int spacing = static_cast<int>(target_.smallSpacing >> 23), lift = static_cast<int>(target_.normalShift) - 1;
  rule_.lowest = 1 - std::min(spacing, static_cast<int>(target_.eminField));
  rule_.highest = 254 - lift - static_cast<int>(target_.maxFinite >> 23);
  const bool integers = element.kind == ElementKind::integer, mx = spec.kind == ScaleKind::e8m0;
  rule_.unit = mx && integers ? element.bits - 2 : 0;
  rule_.offset = 127 + (integers ? element.bits - 2 : static_cast<int>(target_.maxFinite >> 23) - 127);
  rule_.bump = exponent_bump(element, spec.rule);
  rule_.sharedExponents = !mx;
}

void GroupScales::set_tensor_amax(uint32_t amax) {
  const double largest = static_cast<double>(element_.store.maxFinite) * spec_.scaleMax;
  const double real = static_cast<double>(std::bit_cast<float>(amax));
  tensorScale_ = amax >= kInfinityBits ? NAN : static_cast<float>(real / largest);
}

float GroupScales::smallest_under(double step) const {
  const double one = element_.kind == ElementKind::integer ? 1.0 : std::ldexp(1.0, element_.store.emin);
  return step == step ? round_up(one * step) : 0.0f;
}

GroupStep GroupScales::power_of_two(float scale, int exponent, bool zero) const {
  GroupStep result{};
  result.scale = scale;
  result.step = power_of_two_step(exponent);
  result.smallest = smallest_under(result.step);
  // Zeros are zeros under any step; that of an all-zero block is often far out.
  const int used = zero ? 0 : exponent;
  result.fast = used >= rule_.lowest && used <= rule_.highest;
  result.shift = static_cast<uint32_t>(used) << 23;
  return result;
}

GroupStep GroupScales::real_step(float scale, double step, int32_t zeroPoint) const {
  GroupStep result{};
  result.scale = scale;
  result.step = step;
  result.zeroPoint = zeroPoint;
  result.smallest = smallest_under(step);
  return result;
}

int GroupScales::mx_exponent(uint32_t amax) const {
  const Parts parts = parts_of(amax);
  const Parts largest = parts_of(std::bit_cast<uint32_t>(element_.store.maxFinite));
  // Integers count in 2^−(bits − 2), so that their largest power is 1.
  const int emax = element_.kind == ElementKind::integer ? 0 : largest.exponent;
  bool up = false;
  switch (spec_.rule) {
    case ScaleRule::floor:
      break;
    case ScaleRule::ceil:
      up = parts.significand != 1u << 23;
      break;
    case ScaleRule::even:
      up = carries(parts.significand, element_.store.precision);
      break;
    case ScaleRule::roundUp:
      up = parts.significand > largest.significand;
      break;
    case ScaleRule::nearest:
      up = carries(parts.significand, 1);
      break;
  }
  return std::min(std::max(parts.exponent - emax + (up ? 1 : 0), -kE8m0), kE8m0);
}

int GroupScales::block_exponent(uint32_t amax) const {
  const Parts parts = parts_of(amax);
  const bool up = spec_.rule == ScaleRule::ceil && parts.significand != 1u << 23;
  return parts.exponent + (up ? 1 : 0) - (element_.bits - 2);
}

// amax / (largest element · tensor scale) to the float format of block scales: nearest even, saturating.
void GroupScales::two_level_steps(const uint32_t* amax, int64_t groups, float* scales, double* steps) const {
  const double tensorScale = static_cast<double>(tensorScale_), most = spec_.scaleMax;
  const double largest = static_cast<double>(element_.store.maxFinite) * tensorScale;
  const uint64_t smallest = static_cast<uint64_t>(spec_.scaleEmin + 1023) << 52;
  const uint64_t lift = static_cast<uint64_t>(53 - spec_.scalePrecision) << 52;
  const bool real = tensorScale_ > 0;
  for (int64_t i = 0; i < groups; i++) {
    const double quotient = static_cast<double>(std::bit_cast<float>(amax[i])) / largest;
    const uint64_t field = std::bit_cast<uint64_t>(quotient) & uint64_t{0x7ff0000000000000};
    const double power = std::bit_cast<double>((field > smallest ? field : smallest) + lift);
    const double near = (quotient + power) - power;
    // A tensor scale that is zero or no number is that of every block.
    const double scale = real ? (near < most ? near : most) : tensorScale;
    scales[i] = static_cast<float>(scale);
    steps[i] = scale * tensorScale;
  }
}

GroupStep GroupScales::step_for(const GroupRange& range) const {
  const bool number = range.amax < kInfinityBits, zero = range.amax == 0;
  const double nan = NAN;
  switch (spec_.kind) {
    case ScaleKind::e8m0: {
      if (!number) return real_step(NAN, nan, 0);
      const int exponent = zero ? -kE8m0 : mx_exponent(range.amax);
      const int unit = element_.kind == ElementKind::integer ? element_.bits - 2 : 0;
      return power_of_two(static_cast<float>(power_of_two_step(exponent)), exponent - unit, zero);
    }
    case ScaleKind::sharedExponent: {
      if (!number) return real_step(static_cast<float>(kNoExponent), nan, 0);
      const int exponent = zero ? 0 : block_exponent(range.amax);
      return power_of_two(static_cast<float>(exponent), exponent, zero);
    }
    case ScaleKind::twoLevel: {
      float scale = 0;
      double step = 0;
      two_level_steps(&range.amax, 1, &scale, &step);
      return real_step(scale, step, 0);
    }
    case ScaleKind::symmetric: {
      const double amax = static_cast<double>(std::bit_cast<float>(range.amax));
      const float scale = number ? static_cast<float>(amax / static_cast<double>(element_.store.maxFinite)) : NAN;
      return real_step(scale, static_cast<double>(scale), 0);
    }
    default: {
      if (!number) return real_step(NAN, nan, 0);
      const double largest = std::ldexp(1.0, element_.bits) - 1;
      const double min = static_cast<double>(range.min), max = static_cast<double>(range.max);
      const float scale = static_cast<float>((max - min) / largest);
      const double step = static_cast<double>(scale);
      const double zeroCode = scale > 0 ? std::min(std::nearbyint(-min / step), largest) : 0;
      return real_step(scale, step, static_cast<int32_t>(zeroCode));
    }
  }
}

uint32_t GroupScales::smallest_bits() const {
  return element_.kind == ElementKind::integer ? 127u << 23 : target_.minNormal;
}

bool GroupScales::fast_steps(const uint32_t* amax, int64_t groups, uint32_t* shifts, float* scales) const {
  const uint32_t bump = rule_.bump;
  const int offset = rule_.offset, unit = rule_.unit + 127, lowest = rule_.lowest, highest = rule_.highest;
  uint32_t slow = 0;
  // Selections and bit operations only, so that the loops vectorise.
  for (int64_t i = 0; i < groups; i++) {
    const uint32_t largest = amax[i];
    const int exponent = static_cast<int>((largest + bump) >> 23) - offset;
    const uint32_t outside = static_cast<uint32_t>((exponent < lowest) | (exponent > highest));
    const uint32_t special = static_cast<uint32_t>((largest < 0x00800000) | (largest >= kInfinityBits));
    slow |= largest == 0 ? 0u : outside | special;
    shifts[i] = largest == 0 ? 0u : static_cast<uint32_t>(exponent) << 23;
  }
  if (spec_.kind == ScaleKind::e8m0) {
    const uint32_t lift = static_cast<uint32_t>(unit) << 23;
    for (int64_t i = 0; i < groups; i++) {
      const uint32_t bits = amax[i] == 0 ? 0x00400000u : shifts[i] + lift;
      scales[i] = std::bit_cast<float>(bits);
    }
  } else {
    for (int64_t i = 0; i < groups; i++) scales[i] = static_cast<float>(static_cast<int32_t>(shifts[i]) >> 23);
  }
  return slow == 0;
}

double GroupScales::step_of(float scale) const {
  switch (spec_.kind) {
    case ScaleKind::e8m0:
      return static_cast<double>(scale) *
             (element_.kind == ElementKind::integer ? std::ldexp(1.0, 2 - element_.bits) : 1.0);
    case ScaleKind::sharedExponent:
      return scale == static_cast<float>(kNoExponent) ? static_cast<double>(NAN) : std::ldexp(1.0, static_cast<int>(scale));
    case ScaleKind::twoLevel:
      return static_cast<double>(scale) * static_cast<double>(tensorScale_);
    default:
      return static_cast<double>(scale);
  }
}

}  // namespace roundoff::ROUNDOFF_TIER
