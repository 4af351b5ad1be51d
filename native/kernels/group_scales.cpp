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
  lowestFast_ = 1 - std::min(spacing, static_cast<int>(target_.eminField));
  highestFast_ = 254 - lift - static_cast<int>(target_.maxFinite >> 23);
}

void GroupScales::set_tensor_amax(uint32_t amax) {
  const double largest = static_cast<double>(element_.store.maxFinite) * spec_.scaleMax;
  const double real = static_cast<double>(std::bit_cast<float>(amax));
  tensorScale_ = amax >= kInfinityBits ? NAN : static_cast<float>(real / largest);
}

GroupStep GroupScales::power_of_two(float scale, int exponent, bool zero) const {
  GroupStep result{};
  result.scale = scale;
  result.step = power_of_two_step(exponent);
  const double one = element_.kind == ElementKind::integer ? 1.0 : std::ldexp(1.0, element_.store.emin);
  result.smallest = round_up(one * result.step);
  // Zeros are zeros under any step; that of an all-zero block is often far out.
  const int used = zero ? 0 : exponent;
  result.fast = used >= lowestFast_ && used <= highestFast_;
  result.shift = static_cast<uint32_t>(used) << 23;
  return result;
}

GroupStep GroupScales::real_step(float scale, double step, int32_t zeroPoint) const {
  GroupStep result{};
  result.scale = scale;
  result.step = step;
  result.zeroPoint = zeroPoint;
  const double one = element_.kind == ElementKind::integer ? 1.0 : std::ldexp(1.0, element_.store.emin);
  result.smallest = step == step ? round_up(one * step) : 0.0f;
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
float GroupScales::two_level_scale(uint32_t amax) const {
  const double largest = static_cast<double>(element_.store.maxFinite) * static_cast<double>(tensorScale_);
  const double quotient = static_cast<double>(std::bit_cast<float>(amax)) / largest;
  if (quotient >= spec_.scaleMax) return static_cast<float>(spec_.scaleMax);
  const uint64_t smallest = static_cast<uint64_t>(spec_.scaleEmin + 1023) << 52;
  const uint64_t field = std::max(std::bit_cast<uint64_t>(quotient) & uint64_t{0x7ff0000000000000}, smallest);
  const double power = std::bit_cast<double>(field + (static_cast<uint64_t>(53 - spec_.scalePrecision) << 52));
  return static_cast<float>(std::min((quotient + power) - power, spec_.scaleMax));
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
      const bool real = tensorScale_ > 0;
      const float scale = real ? two_level_scale(range.amax) : tensorScale_;
      return real_step(scale, step_of(scale), 0);
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
