// Vectors of one tier as GCC/Clang vector types, so that one source serves every instruction set. A "step" is four
// bytes of a reduction: one FP32 value, or a pair of 16-bit values that a pair instruction multiplies and adds.
#pragma once

#include <cstdint>
#include <cstring>

namespace roundoff::ROUNDOFF_TIER {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX2__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif

typedef float VecF __attribute__((vector_size(kLanes * 4)));
typedef int32_t VecI __attribute__((vector_size(kLanes * 4)));
typedef uint32_t VecU __attribute__((vector_size(kLanes * 4)));
typedef int16_t VecS __attribute__((vector_size(kLanes * 4)));
typedef uint16_t VecUS __attribute__((vector_size(kLanes * 4)));
// The same vector at any address.
// Panels of 16-bit elements begin at any even address.
typedef VecI VecIUnaligned __attribute__((aligned(2), may_alias));
typedef VecF VecFUnaligned __attribute__((aligned(4), may_alias));

static inline VecI load_vec(const void* p) { return *static_cast<const VecIUnaligned*>(p); }

static inline void store_vec(float* p, VecF x) { *reinterpret_cast<VecFUnaligned*>(p) = x; }

// One 4-byte step in every lane. Through integers: a splat of floats by addition would lose the sign of −0.
static inline VecI splat_step(const char* p) {
  int32_t step;
  memcpy(&step, p, 4);
  return VecI{} + step;
}

static inline VecF as_float(VecI x) { return (VecF)x; }
static inline VecF to_float(VecI x) { return __builtin_convertvector(x, VecF); }

// 0, 1, 2, …
static inline VecI lane_numbers() {
  VecI lane;
  for (int i = 0; i < kLanes; i++) lane[i] = i;
  return lane;
}

// Adds the upper half to the lower until one lane is left. (A loop over lanes is compiled to 16 extractions.)
static inline int32_t sum_lanes(VecI x) {
  const VecI lane = lane_numbers();
#pragma GCC unroll 4
  for (int half = kLanes / 2; half > 0; half /= 2) x += __builtin_shuffle(x, (lane + half) & (kLanes - 1));
  return x[0];
}

}  // namespace roundoff::ROUNDOFF_TIER
