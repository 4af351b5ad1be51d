// Philox4x32-10, the counter-based generator of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011),
// in the form that vectorises: many counters side by side. src/random/philox.ts is the scalar twin.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "command.h"

#if defined(__AVX512F__)
#include "philox_avx512.h"
#endif

namespace roundoff::ROUNDOFF_TIER {

// Stream numbers in the fourth counter word (STREAMS in src/random/streams.ts).
constexpr uint32_t kDropoutStream = 4, kRoundingStream = 5;

// Counters computed together: several registers of 64-bit lanes, so that the multiplier is kept busy; as many as the
// register file holds.
#if defined(__AVX512F__)
constexpr int kPhiloxLanes = 8, kPhiloxGroups = 4;
#elif defined(__AVX2__)
constexpr int kPhiloxLanes = 4, kPhiloxGroups = 2;
#else
constexpr int kPhiloxLanes = 2, kPhiloxGroups = 2;
#endif
constexpr int kPhiloxCounters = kPhiloxGroups * kPhiloxLanes;
// Random words made by one call: four per counter.
constexpr int kPhiloxWords = 4 * kPhiloxCounters;

// Every word sits in the lower half of a 64-bit lane; what the upper halves hold does not matter.
using Lanes = uint64_t __attribute__((vector_size(8 * kPhiloxLanes)));

// The 64-bit products of the lower halves. Written out because compilers do not find the instruction by themselves.
inline Lanes multiply_low_halves(Lanes a, Lanes b) {
#if defined(__AVX512F__)
  // The masked form is the same instruction; g++ 12 warns about its own header in the plain one.
  const __m512i wideA = reinterpret_cast<__m512i>(a), wideB = reinterpret_cast<__m512i>(b);
  return reinterpret_cast<Lanes>(_mm512_maskz_mul_epu32(0xff, wideA, wideB));
#elif defined(__AVX2__)
  return reinterpret_cast<Lanes>(_mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#elif defined(__SSE2__)
  return reinterpret_cast<Lanes>(_mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
  return (a & 0xffffffffu) * (b & 0xffffffffu);
#endif
}

struct PhiloxState {
  Lanes x0, x1, x2, x3;

  void round(uint64_t k0, uint64_t k1) {
    const Lanes p0 = multiply_low_halves(x0, Lanes{} + 0xd2511f53u);
    const Lanes p1 = multiply_low_halves(x2, Lanes{} + 0xcd9e8d57u);
    x0 = (p1 >> 32) ^ x1 ^ k0;
    x2 = (p0 >> 32) ^ x3 ^ k1;
    x1 = p1;
    x3 = p0;
  }

  // Words 0 and 1, then 2 and 3, of each counter as one 64-bit number: their order in memory (little-endian).
  void store(uint64_t* out) const {
    const Lanes low = (x0 & 0xffffffffu) | x1 << 32, high = (x2 & 0xffffffffu) | x3 << 32;
    for (int i = 0; i < kPhiloxLanes; i++) {
      out[2 * i] = low[i];
      out[2 * i + 1] = high[i];
    }
  }
};

// out[0 .. kPhiloxWords) = the words of counters (first + i, c1, c2, c3) in element order: word j of counter i is
// out[4·i + j]. The first counter word wraps modulo 2^32.
inline void philox_words(uint32_t first, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t k0, uint32_t k1,
                         uint32_t* out) {
  Lanes counters{};
  for (int i = 0; i < kPhiloxLanes; i++) counters[i] = first + static_cast<uint64_t>(i);
  PhiloxState groups[kPhiloxGroups];
  for (PhiloxState& group : groups) {
    group = {counters, Lanes{} + c1, Lanes{} + c2, Lanes{} + c3};
    counters += static_cast<uint64_t>(kPhiloxLanes);
  }
  for (int round = 0; round < 10; round++) {
    for (PhiloxState& group : groups) group.round(k0, k1);
    k0 += 0x9e3779b9;
    k1 += 0xbb67ae85;
  }
  alignas(64) uint64_t words[kPhiloxWords / 2];
  for (int g = 0; g < kPhiloxGroups; g++) groups[g].store(words + 2 * kPhiloxLanes * g);
  std::memcpy(out, words, sizeof words);
}

// out[0 .. n) = the words of a stream for elements offset … offset+n−1 of a tensor: element e uses word e mod 4 of
// counter ⌊e / 4⌋. `out` needs room for n + 2·kPhiloxWords words; returns where the words begin in it.
inline const uint32_t* keyed_words(uint32_t stream, int64_t offset, int64_t n, uint32_t tensorId, const Clock& clock,
                                   uint32_t* out) {
  const int64_t aligned = offset & ~int64_t{3};
  const int64_t skip = offset - aligned;
#if defined(__AVX512F__)
  const PhiloxAvx512 philox(tensorId, clock.step, stream, clock.seedLow, clock.seedHigh);
  for (int64_t done = 0; done < n + skip; done += PhiloxAvx512::kWords) {
    philox(static_cast<uint32_t>((aligned + done) >> 2), out + done);
  }
  return out + skip;
#endif
  for (int64_t done = 0; done < n + skip; done += kPhiloxWords) {
    const uint32_t first = static_cast<uint32_t>((aligned + done) >> 2);
    philox_words(first, tensorId, clock.step, stream, clock.seedLow, clock.seedHigh, out + done);
  }
  return out + skip;
}

inline const uint32_t* rounding_words(int64_t offset, int64_t n, uint32_t tensorId, const Clock& clock, uint32_t* out) {
  return keyed_words(kRoundingStream, offset, n, tensorId, clock, out);
}

// Room for the words of one block of kBlock elements.
constexpr int64_t kRandomRoom = 1024 + 2 * kPhiloxWords;

}  // namespace roundoff::ROUNDOFF_TIER
