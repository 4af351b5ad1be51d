// What a command writes beside its output, a block at a time: a maximum that all threads widen, which does not depend on their
// order, and signs.
#include <algorithm>
#include <atomic>
#include <bit>

#include "code_storage.h"
#include "element_blocks.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Magnitudes are ordered as their bits are, NaN last.
void widen_shared(float* largest, const float* x, int64_t n) {
  uint32_t most = 0;
  for (int64_t i = 0; i < n; i++) {
    const float value = x[i];
    most = std::max(most, std::bit_cast<uint32_t>(value) & 0x7fffffffu);
  }
  const std::atomic_ref<uint32_t> shared(*reinterpret_cast<uint32_t*>(largest));
  uint32_t known = shared.load(std::memory_order_relaxed);
  while (known < most && !shared.compare_exchange_weak(known, most, std::memory_order_relaxed)) {
  }
}

// Codes of signs in one byte, where NaN leaves the sign bit its place: what encode_block makes of them, in fewer steps.
void encode_signs(const float* __restrict x, int64_t n, const CodeFormat& format, uint8_t* __restrict codes) {
  const float one[1] = {1.0f};
  uint8_t oneCode[1];
  encode_block(one, 1, format, oneCode);
  const uint32_t unit = *oneCode, nan = static_cast<uint32_t>(format.nan), signAt = static_cast<uint32_t>(format.bits - 1);
  for (int64_t i = 0; i < n; i++) {
    const float value = x[i];
    const uint32_t bits = std::bit_cast<uint32_t>(value), magnitude = bits & 0x7fffffffu;
    const uint32_t number = magnitude == 0 ? 0 : unit;
    codes[i] = static_cast<uint8_t>((magnitude > 0x7f800000u ? nan : number) | bits >> 31 << signAt);
  }
}

}  // namespace

void store_sides(const Operand& y, int64_t offset, int64_t n, const float* x, const Clock& clock) {
  const StoreSides& sides = *y.sides;
  if (sides.hasAmax) widen_shared(sides.amax.f32_out(), x, n);
  if (!sides.hasSigns) return;
  const CodeFormat& codes = sides.signs.codes;
  if (sides.signs.dtype == DType::code8 && codes.nan >> (codes.bits - 1) == 0) {
    return encode_signs(x, n, codes, static_cast<uint8_t*>(sides.signs.data) + offset);
  }
  const UnaryFunction sign{UnaryKind::sign, 0, 0};
  for (int64_t i = 0; i < n; i += kBlock) {
    alignas(64) float signs[kBlock];
    const int64_t count = std::min(kBlock, n - i);
    unary_block(sign, count, x + i, signs);
    store_block(sides.signs, offset + i, count, signs, clock);
  }
}

}  // namespace roundoff::ROUNDOFF_TIER
