// One step of a reduction in vector registers: sum += a · b, for FP32 values, BF16 pairs and INT16 pairs. The only
// place that names instructions. Which to use where is measured: native/test/README.md.
#pragma once

#include "gemm_vector.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace roundoff::ROUNDOFF_TIER {

// Keeps a sum in its register. Without it GCC 12 computes the products of many steps first and spills them.
template <class Vec>
[[gnu::always_inline]] inline void pin(Vec& sum) {
#if defined(__AVX512F__)
  asm("" : "+v"(sum));
#elif defined(__SSE2__)
  asm("" : "+x"(sum));
#elif defined(__ARM_NEON)
  asm("" : "+w"(sum));
#else
  (void)sum;
#endif
}

// 16-bit values as lanes; of the first `used` only, nothing behind them is read and zeros take their place.
[[gnu::always_inline]] inline VecI widened(const void* p, int used = kLanes) {
#if defined(__AVX512F__)
  const __mmask16 mask = static_cast<__mmask16>((1u << used) - 1);
  return (VecI)_mm512_maskz_cvtepu16_epi32(mask, _mm256_maskz_loadu_epi16(mask, p));
#else
  alignas(16) uint16_t halves[kLanes] = {};
  memcpy(halves, p, 2 * static_cast<size_t>(used));
#if defined(__AVX2__)
  return (VecI)_mm256_cvtepu16_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(halves)));
#else
  VecI x;
  for (int i = 0; i < kLanes; i++) x[i] = halves[i];
  return x;
#endif
#endif
}

// Pairs of 16-bit values, one from each address: lane i holds low[i] below high[i].
[[gnu::always_inline]] inline VecI pair_values(const void* low, const void* high, int used = kLanes) {
  return widened(low, used) | widened(high, used) << 16;
}

// The first `used` 4-byte values, zeros behind them.
[[gnu::always_inline]] inline VecI part_values(const void* p, int used) {
#if defined(__AVX512F__)
  return (VecI)_mm512_maskz_loadu_epi32(static_cast<__mmask16>((1u << used) - 1), p);
#else
  VecI x{};
  memcpy(&x, p, 4 * static_cast<size_t>(used));
  return x;
#endif
}

// A block of accumulators that the compiler keeps in registers.
template <class Vec, int Rows, int Vectors>
struct Registers {
  Vec at[Rows][Vectors];

  [[gnu::always_inline]] void clear() {
    each([](int, int, Vec& x) [[gnu::always_inline]] { x = Vec{}; });
  }

  // body(row, vector, register), unrolled: nothing may index registers at run time.
  template <class Body>
  [[gnu::always_inline]] void each(const Body& body) {
#pragma GCC unroll 16
    for (int m = 0; m < Rows; m++)
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; v++) body(m, v, at[m][v]);
  }
};

struct F32Step {
  using Vec = VecF;
  static void multiply_add(VecF& sum, VecI a, VecI b) {
    sum += as_float(a) * as_float(b);
    pin(sum);
  }
};

// Lanes of 32 bits hold two signed 16-bit values: sum += a₀b₀ + a₁b₁, modulo 2^32. Values must not be −32768. Sums
// that are kept never wrap (gemm_chains.h); lanes that hold nothing, beside the last channel, may.
struct I16Step {
  using Vec = VecI;
  static void multiply_add(VecI& sum, VecI a, VecI b) {
#if defined(__AVX512BW__)
    const VecI products = (VecI)_mm512_madd_epi16((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
    const VecI products = (VecI)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
    const VecI products = (VecI)_mm_madd_epi16((__m128i)a, (__m128i)b);
#else
    // The low half by a shift up and an arithmetic shift down, the high half by the latter.
    const VecI products = ((a << 16) >> 16) * ((b << 16) >> 16) + (a >> 16) * (b >> 16);
#endif
    sum = (VecI)((VecU)sum + (VecU)products);
    pin(sum);
  }
};

#if defined(__AVX512F__)
// As I16Step in one instruction. Inline assembly: with the intrinsic, GCC 12 spills the accumulators.
struct VnniStep {
  using Vec = VecI;
  static void multiply_add(VecI& sum, VecI a, VecI b) {
    asm("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(b), "v"(a));
  }
};

// VDPBF16PS: sum += a₁b₁ then + a₀b₀, subnormals flushed to zero (accumulator profile `vdpbf16`).
struct Bf16Step {
  using Vec = VecF;
  static void multiply_add(VecF& sum, VecI a, VecI b) {
    asm("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(b), "v"(a));
  }
};
#endif

}  // namespace roundoff::ROUNDOFF_TIER
