// Tensors stored as the codes of a small float format, one or two bytes each: codes to FP32 values and back. Values are those
// of the format, rounded before. Meaning of codes: src/formats/float-codes.ts.
#pragma once

#include <bit>
#include <cmath>

#include "command.h"

namespace roundoff::ROUNDOFF_TIER {

// What the loops need; made for a block.
struct CodeNumbers {
  uint32_t signAt, magnitudes, shift, lift, firstNormal, minNormal, maxFinite, lastFinite, infinity, nan;
  float spacing, perSpacing;

  explicit CodeNumbers(const CodeFormat& f)
      : signAt(static_cast<uint32_t>(f.bits - 1)), magnitudes((1u << signAt) - 1), shift(static_cast<uint32_t>(24 - f.precision)),
        // Exponent field 1 is emin.
        lift(static_cast<uint32_t>(126 + f.emin) << 23), firstNormal(1u << (f.precision - 1)),
        minNormal(static_cast<uint32_t>(127 + f.emin) << 23), maxFinite(std::bit_cast<uint32_t>(f.maxFinite)),
        lastFinite((maxFinite - lift) >> shift), infinity(static_cast<uint32_t>(f.infinity)), nan(static_cast<uint32_t>(f.nan)),
        spacing(std::ldexp(1.0f, f.emin - (f.precision - 1))), perSpacing(std::ldexp(1.0f, f.precision - 1 - f.emin)) {}
};

template <class Code>
void decode_block(const Code* __restrict codes, int64_t n, const CodeFormat& format, float* __restrict y) {
  const CodeNumbers f(format);
  for (int64_t i = 0; i < n; i++) {
    const uint32_t code = codes[i], magnitude = code & f.magnitudes;
    const float small = static_cast<float>(static_cast<int32_t>(magnitude)) * f.spacing;
    const uint32_t normal = (magnitude << f.shift) + f.lift;
    const uint32_t finite = magnitude < f.firstNormal ? std::bit_cast<uint32_t>(small) : normal;
    const uint32_t special = magnitude == f.infinity ? 0x7f800000u : 0x7fc00000u;
    // NaN may be where −0 would be.
    const uint32_t value = magnitude > f.lastFinite ? special : code == f.nan ? 0x7fc00000u : finite;
    y[i] = std::bit_cast<float>(value | (code >> f.signAt) << 31);
  }
}

template <class Code>
void encode_block(const float* __restrict x, int64_t n, const CodeFormat& format, Code* __restrict codes) {
  const CodeNumbers f(format);
  // Without a code for it, no value is Infinity.
  const uint32_t infinity = format.infinity < 0 ? f.nan : f.infinity;
  const uint32_t nanWithSign = f.nan >> f.signAt;  // 1 where NaN takes the code of −0
  for (int64_t i = 0; i < n; i++) {
    const float value = x[i];
    const uint32_t bits = std::bit_cast<uint32_t>(value), magnitude = bits & 0x7fffffff;
    const uint32_t small = static_cast<uint32_t>(static_cast<int32_t>(std::fabs(magnitude < f.minNormal ? value : 0.0f) * f.perSpacing));
    const uint32_t finite = magnitude < f.minNormal ? small : (magnitude - f.lift) >> f.shift;
    const uint32_t special = magnitude > 0x7f800000 ? f.nan : infinity;
    const uint32_t code = magnitude > f.maxFinite ? special : finite;
    const uint32_t sign = magnitude > 0x7f800000 && nanWithSign != 0 ? 0 : bits >> 31;
    codes[i] = static_cast<Code>(code | sign << f.signAt);
  }
}

}  // namespace roundoff::ROUNDOFF_TIER
