// Transposing squares of 4-byte steps in vector registers: what packing a matrix across its storage order comes
// down to.
#pragma once

#include "gemm_vector.h"

namespace roundoff::ROUNDOFF_TIER {

// dst[j][i] = src[i][j] for i, j < kLanes; pitches in bytes. Swaps off-diagonal halves, then quarters, and so on.
static inline void transpose_square(const char* src, int64_t srcPitch, char* dst, int64_t dstPitch) {
  VecI row[kLanes];
  const VecI lane = lane_numbers();
#pragma GCC unroll 16
  for (int i = 0; i < kLanes; i++) row[i] = load_vec(src + i * srcPitch);
#pragma GCC unroll 4
  for (int half = kLanes / 2; half > 0; half /= 2) {
    const VecI upper = (lane & half) != 0;
    // Indices 0 … kLanes−1 choose from the first row, the others from the second.
    const VecI low = upper ? lane - half + kLanes : lane, high = upper ? lane + kLanes : lane + half;
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; i++) {
      if ((i & half) != 0) continue;
      const VecI a = row[i], b = row[i + half];
      row[i] = __builtin_shuffle(a, b, low);
      row[i + half] = __builtin_shuffle(a, b, high);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kLanes; i++) store_vec(reinterpret_cast<float*>(dst + i * dstPitch), as_float(row[i]));
}

}  // namespace roundoff::ROUNDOFF_TIER
