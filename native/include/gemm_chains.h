// Chains of INT32 sums that cannot overflow. The reduction is cut into granules; for each, the norms of the rows
// and of the columns of a tile bound its partial sums (Cauchy–Schwarz: |Σ aᵢbᵢ| ≤ ‖a‖·‖b‖). A chain grows while the
// bounds add up to less than 2^31, then spills to FP32. So chains are as long as the operands' actual magnitudes
// allow.
#pragma once

#include "gemm_tile.h"

namespace roundoff::ROUNDOFF_TIER {

// A chain may grow while its bounds add up to less. Bounds are computed in FP32 with a margin for every rounding; a
// chain of fewer than 2^10 bounds gains at most 2^-14 by adding them.
constexpr float kChainLimit = 2147483647.0f * (1.0f - 2e-4f);
inline float chain_bound(float rowNorm, float columnNorm) { return rowNorm * columnNorm * (1.0f + 1e-5f); }

constexpr int64_t kGranuleSteps = 8;

inline int64_t granules(int64_t steps) { return (steps + kGranuleSteps - 1) / kGranuleSteps; }

// A stretch of the reduction that is contiguous in memory: `steps` steps, `offset` bytes behind a row pointer.
struct Tap {
  int32_t offset, steps;
};

// An upper bound of the norm of every column of a granule of a panel: `steps` steps of `columns` pairs each. `columns` is
// a multiple of kLanes, or kLanes one of it and the granule whole vectors.
float column_norm(const char* x, int64_t steps, int64_t columns);

// Lets `norms[g]` grow to the norm of granule g of any of `count` vectors of `steps` steps, `pitch` bytes apart.
// One vector register can be read from every granule's start, whether its end is used or not.
void raise_norms(const char* x, int64_t count, int64_t pitch, int64_t steps, float* norms);

// The runs of FP32 and BF16 tiles: neighbouring taps become one run. Returns how many (at most tapCount).
int64_t plain_runs(const Tap* taps, int64_t tapCount, Run* runs);

// The runs of INT16 tiles. rowNorms[g] bounds granule g of any tap of the rows, panelNorms [tap][granule] the
// columns. `runs` has room for one run per step.
int64_t chained_runs(const Tap* taps, int64_t tapCount, const float* rowNorms, const float* panelNorms, Run* runs);

}  // namespace roundoff::ROUNDOFF_TIER
