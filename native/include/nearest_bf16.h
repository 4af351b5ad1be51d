// BF16 itself, to nearest even and beyond the largest value to infinity: what nearly every tensor of a BF16 recipe is stored
// as, and so short that what prepares other formats would take as long. The same bits as round_loops.h.
#pragma once

#include "command.h"

namespace roundoff::ROUNDOFF_TIER {

inline bool is_nearest_bf16(const StoreRounding& store) {
  return store.precision == 8 && store.emin == -126 && store.maxFinite == 0x1.fep127f && store.hasSubnormals &&
         store.hasNegativeZero && store.hasInfinity && store.hasNaN && store.rounding == Rounding::nearestEven &&
         store.overflow == Overflow::infinity;
}

// The code of an FP32 value: a carry out of the significand lands in the exponent, and past the largest value in infinity.
// NaN keeps its payload and becomes quiet.
inline uint16_t nearest_bf16_code(uint32_t bits) {
  const uint32_t kept = bits >> 16, near = (bits + 0x7fff + (kept & 1)) >> 16;
  const bool nan = (bits & 0x7fffffff) > 0x7f800000;
  return static_cast<uint16_t>(nan ? kept | 0x40 : near);
}

// The value of that code. NaN keeps all of its payload, as in round_loops.h.
inline uint32_t nearest_bf16_bits(uint32_t bits) {
  const uint32_t near = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
  const bool nan = (bits & 0x7fffffff) > 0x7f800000;
  return nan ? bits | 0x400000 : near;
}

}  // namespace roundoff::ROUNDOFF_TIER
