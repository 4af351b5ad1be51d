// Widening on load, narrowing on store. Rounding itself is in round_block.cpp.
#include "block_io.h"

#include <bit>
#include <cstring>

#include "code_storage.h"
#include "nearest_bf16.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

void widen_bf16(const uint16_t* __restrict x, int64_t n, float* __restrict dst) {
  for (int64_t i = 0; i < n; i++) dst[i] = std::bit_cast<float>(static_cast<uint32_t>(x[i]) << 16);
}

void widen_i16(const int16_t* __restrict x, int64_t n, float* __restrict dst) {
  for (int64_t i = 0; i < n; i++) dst[i] = static_cast<float>(x[i]);
}

// The values come from round_block: BF16 values, every NaN with its quiet bit.
void narrow_rounded_bf16(const float* __restrict src, int64_t n, uint16_t* __restrict y) {
  for (int64_t i = 0; i < n; i++) {
    const float value = src[i];
    y[i] = static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16);
  }
}

// The values are BF16 values by contract, but a NaN whose payload sits in the lower half must not become Inf.
void narrow_bf16(const float* __restrict src, int64_t n, uint16_t* __restrict y) {
  for (int64_t i = 0; i < n; i++) {
    const float value = src[i];
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    const bool nan = (bits & 0x7fffffff) > 0x7f800000;
    y[i] = static_cast<uint16_t>(nan ? 0x7fc0 : bits >> 16);
  }
}

// round_block and narrow_rounded_bf16 in one pass, with the same bits.
void round_to_bf16(const float* __restrict src, int64_t n, uint16_t* __restrict y) {
  for (int64_t i = 0; i < n; i++) {
    const float value = src[i];
    y[i] = nearest_bf16_code(std::bit_cast<uint32_t>(value));
  }
}

void narrow_i16(const float* __restrict src, int64_t n, int16_t* __restrict y) {
  for (int64_t i = 0; i < n; i++) y[i] = static_cast<int16_t>(static_cast<int32_t>(src[i]));
}

}  // namespace

void load_block(const Operand& x, int64_t offset, int64_t n, float* dst) {
  switch (x.dtype) {
    case DType::bf16:
      return widen_bf16(static_cast<const uint16_t*>(x.data) + offset, n, dst);
    case DType::i16:
      return widen_i16(static_cast<const int16_t*>(x.data) + offset, n, dst);
    case DType::code8:
      return decode_block(static_cast<const uint8_t*>(x.data) + offset, n, x.codes, dst);
    case DType::code16:
      return decode_block(static_cast<const uint16_t*>(x.data) + offset, n, x.codes, dst);
    default:
      if (x.f32() + offset != dst) std::memcpy(dst, x.f32() + offset, static_cast<size_t>(n) * sizeof(float));
  }
}

void store_block(const Operand& y, int64_t offset, int64_t n, float* src, const Clock& clock) {
  if (y.epilogue != nullptr) run_epilogue(y, offset, n, src, clock);
  if (y.sides != nullptr) {
    // Rounding what is rounded below changes nothing.
    if (y.rounds) round_block(src, n, y.store, offset, clock);
    store_sides(y, offset, n, src, clock);
  }
  if (y.dtype == DType::bf16 && y.rounds && is_nearest_bf16(y.store)) {
    return round_to_bf16(src, n, static_cast<uint16_t*>(y.data) + offset);
  }
  if (y.rounds) round_block(src, n, y.store, offset, clock);
  switch (y.dtype) {
    case DType::bf16:
      return (y.rounds ? narrow_rounded_bf16 : narrow_bf16)(src, n, static_cast<uint16_t*>(y.data) + offset);
    case DType::i16:
      return narrow_i16(src, n, static_cast<int16_t*>(y.data) + offset);
    case DType::code8:
      return encode_block(src, n, y.codes, static_cast<uint8_t*>(y.data) + offset);
    case DType::code16:
      return encode_block(src, n, y.codes, static_cast<uint16_t*>(y.data) + offset);
    default:
      if (y.f32_out() + offset != src) std::memcpy(y.f32_out() + offset, src, static_cast<size_t>(n) * sizeof(float));
  }
}

}  // namespace roundoff::ROUNDOFF_TIER
