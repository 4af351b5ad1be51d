// Codes of one element, in integer arithmetic on the bits of FP64, where every value of every format is a normal number.
#include "element_codes.h"

#include <bit>
#include <cmath>

namespace roundoff::ROUNDOFF_TIER {
namespace {

constexpr uint64_t kMagnitude64 = INT64_MAX;

uint64_t word_of_magnitude(double x) { return std::bit_cast<uint64_t>(x) & kMagnitude64; }

}  // namespace

ElementCodes::ElementCodes(const Element& element) : element_(element) {
  const StoreRounding& store = element.store;
  // Unsigned formats have no sign bit: what it would add is 2^bits. Formats of 32 bits are signed.
  signWeight_ = element.hasSign ? 1u << (element.bits - 1) : 1u << (element.bits & 31);
  hasNaN_ = store.hasNaN;
  infinity_ = nan_ = 0;
  if (element.kind != ElementKind::real) return;
  infinity_ = magnitude_code(static_cast<double>(store.maxFinite)) + 1;
  const bool inPlaceOfZero = element.hasSign && !store.hasNegativeZero;
  nan_ = inPlaceOfZero        ? signWeight_
         : !store.hasInfinity ? signWeight_ - 1
                              : infinity_ + (store.precision > 1 ? 1u << (store.precision - 2) : 0);
}

// The code below the sign bit. Below the smallest normal it counts spacings.
uint32_t ElementCodes::magnitude_code(double magnitude) const {
  const StoreRounding& store = element_.store;
  if (magnitude < std::ldexp(1.0, store.emin)) {
    return static_cast<uint32_t>(std::ldexp(magnitude, store.precision - 1 - store.emin));
  }
  const uint64_t bits = word_of_magnitude(magnitude) >> (53 - store.precision);
  return static_cast<uint32_t>(bits - (static_cast<uint64_t>(1023 - element_.bias) << (store.precision - 1)));
}

uint32_t ElementCodes::encode_real(float value) const {
  if (std::isnan(value)) return hasNaN_ ? nan_ : kNoCode;
  const uint32_t sign = std::signbit(value) ? signWeight_ : 0;
  if (std::isinf(value)) return element_.store.hasInfinity ? infinity_ + sign : kNoCode;
  return magnitude_code(std::fabs(static_cast<double>(value))) + sign;
}

uint32_t ElementCodes::encode_posit(float value) const {
  if (std::isnan(value)) return signWeight_;
  if (value == 0) return 0;
  const int bits = element_.bits;
  const uint32_t biased = std::bit_cast<uint32_t>(std::fabs(value)) + (1u << 23);
  const int regime = static_cast<int>(biased >> 25) - 32, away = regime < 0 ? -regime - 1 : regime;
  const int left = bits - 3 - away;
  uint32_t code = signWeight_ - 1;  // the largest posit: no room for the bit that closes its regime
  if (left >= 0) {
    const uint32_t regimeBits = regime < 0 ? 1u : (4u << regime) - 2;
    code = regimeBits << left | (biased & 0x1ffffff) >> (25 - left);
  }
  return value < 0 ? 2 * signWeight_ - code : code;
}

uint32_t ElementCodes::encode(float value) const {
  switch (element_.kind) {
    case ElementKind::posit:
      return encode_posit(value);
    case ElementKind::integer:
      return static_cast<uint32_t>(static_cast<int32_t>(value));
    default:
      return encode_real(value);
  }
}

float ElementCodes::decode_real(uint32_t code, bool& valid) const {
  const StoreRounding& store = element_.store;
  const bool negative = element_.hasSign && (code & signWeight_) != 0;
  const uint32_t magnitude = element_.hasSign ? code & (signWeight_ - 1) : code;
  const bool inPlaceOfZero = element_.hasSign && !store.hasNegativeZero;
  if (negative && magnitude == 0 && inPlaceOfZero) {
    valid = store.hasNaN;
    return NAN;
  }
  if (magnitude >= infinity_) {
    if (store.hasInfinity && magnitude == infinity_) return negative ? -INFINITY : INFINITY;
    valid = store.hasNaN && !inPlaceOfZero;
    return NAN;
  }
  const uint32_t field = magnitude >> (store.precision - 1);
  const uint32_t trailing = magnitude & ((1u << (store.precision - 1)) - 1);
  const bool normal = field > 0 || !element_.hasZero;
  if (!normal && trailing != 0 && !store.hasSubnormals) valid = false;
  const double significand = static_cast<double>((normal ? 1u << (store.precision - 1) : 0) + trailing);
  const int exponent = normal ? static_cast<int>(field) - element_.bias : store.emin;
  const float value = static_cast<float>(std::ldexp(significand, exponent - (store.precision - 1)));
  return negative ? -value : value;
}

float ElementCodes::decode_posit(uint32_t code) const {
  if (code == 0) return 0;
  if (code == signWeight_) return NAN;
  const bool negative = code > signWeight_;
  const uint32_t magnitude = negative ? 2 * signWeight_ - code : code;
  // The bits below the sign, at the top of a word; the run of equal bits is the regime.
  const uint32_t body = magnitude << (33 - element_.bits);
  const bool ones = body >> 31 != 0;
  const int run = std::min(ones ? std::countl_one(body) : std::countl_zero(body), element_.bits - 1);
  const int regime = ones ? run - 1 : -run;
  const uint32_t rest = run + 1 > 31 ? 0 : body << (run + 1);
  const int exponent = static_cast<int>(rest >> 30);
  const double significand = 1.0 + static_cast<double>(rest << 2) * 0x1p-32;
  const float value = static_cast<float>(std::ldexp(significand, 4 * regime + exponent));
  return negative ? -value : value;
}

float ElementCodes::decode(uint32_t code, bool& valid) const {
  switch (element_.kind) {
    case ElementKind::posit:
      return decode_posit(code);
    case ElementKind::integer:
      return static_cast<float>(static_cast<int32_t>(code));
    default:
      return decode_real(code, valid);
  }
}

}  // namespace roundoff::ROUNDOFF_TIER
