// Storing a block that lies in L1 past the caches: a target that is larger than the caches is not read before it is
// written. A store that ends a kernel's work must be followed by stream_fence().
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace roundoff::ROUNDOFF_TIER {

inline void stream_fence() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

// y[0..n) = x[0..n); y at any alignment of a float. Plain stores up to the first whole cache line and after the last.
inline void stream_block(const float* x, float* y, int64_t n) {
#if defined(__SSE2__)
  constexpr int64_t kLine = 16;
  const int64_t ahead = static_cast<int64_t>((64 - reinterpret_cast<uintptr_t>(y) % 64) % 64 / sizeof(float));
  int64_t i = ahead < n ? ahead : n;
  std::memcpy(y, x, static_cast<size_t>(i) * sizeof(float));
  for (; i + kLine <= n; i += kLine) {
#if defined(__AVX512F__)
    _mm512_stream_ps(y + i, _mm512_loadu_ps(x + i));
#elif defined(__AVX__)
    _mm256_stream_ps(y + i, _mm256_loadu_ps(x + i));
    _mm256_stream_ps(y + i + 8, _mm256_loadu_ps(x + i + 8));
#else
    for (int64_t j = i; j < i + kLine; j += 4) _mm_stream_ps(y + j, _mm_loadu_ps(x + j));
#endif
  }
  std::memcpy(y + i, x + i, static_cast<size_t>(n - i) * sizeof(float));
#else
  std::memcpy(y, x, static_cast<size_t>(n) * sizeof(float));
#endif
}

}  // namespace roundoff::ROUNDOFF_TIER
