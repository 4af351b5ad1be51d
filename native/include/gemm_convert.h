// Conversions from how a tensor is stored to what products take, as bit patterns. BF16 operands that are stored as
// FP32 hold BF16 values by contract, so their upper half is the value.
#pragma once

#include "gemm_tile.h"

namespace roundoff::ROUNDOFF_TIER {

struct SameWord {
  using From = uint32_t;
  using To = uint32_t;
  static To convert(From x) { return x; }
};
struct Widen {
  using From = uint16_t;
  using To = uint32_t;
  static To convert(From x) { return static_cast<uint32_t>(x) << 16; }
};
struct SameHalf {
  using From = uint16_t;
  using To = uint16_t;
  static To convert(From x) { return x; }
};
struct UpperHalf {
  using From = uint32_t;
  using To = uint16_t;
  // A NaN whose payload sits in the lower half must not become Inf.
  static To convert(From x) { return (x & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : static_cast<uint16_t>(x >> 16); }
};

// Calls body with the conversion (a value of its type) from `stored` to the operands of `products`.
template <class Body>
void with_conversion(Products products, DType stored, const Body& body) {
  const bool half = bytes_of(stored) == 2;
  if (products == Products::f32) {
    half ? body(Widen{}) : body(SameWord{});
  } else {
    half ? body(SameHalf{}) : body(UpperHalf{});
  }
}

}  // namespace roundoff::ROUNDOFF_TIER
