// Spill schedules of INT16 products: see gemm_chains.h for the bound that makes overflow impossible. Values are
// taken in eighths, rounded up, so that sums of squares of a granule fit INT32.
#include "gemm_chains.h"

#include <algorithm>
#include <cmath>

#include "gemm_steps.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Every operation that rounds is covered by this much, so computed bounds stay bounds.
constexpr float kRoundUp = 1.0f + 1e-5f;

inline float norm_of_eighths(int32_t sumOfSquares) {
  return 8.0f * kRoundUp * std::sqrt(static_cast<float>(sumOfSquares));
}

// Σ of squares of the eighths (at most 4096) in every lane's pair: at most 2^25.
inline VecI pair_squares(VecI pairs) {
  const VecS v = (VecS)pairs;
  // Unsigned, because lanes that hold nothing may be −32768, whose magnitude wraps.
  const VecUS sign = (VecUS)(v >> 15);
  const VecUS y = (((VecUS)v ^ sign) - sign + 7) >> 3;
  VecI sum{};
  I16Step::multiply_add(sum, (VecI)y, (VecI)y);
  return sum;
}

// A granule is several vectors, or a vector is several granules.
constexpr int kGranuleLanes = kLanes < kGranuleSteps ? kLanes : static_cast<int>(kGranuleSteps);
constexpr int kGranuleVectors = static_cast<int>(kGranuleSteps) / kGranuleLanes;
constexpr int kVectorGranules = kLanes / kGranuleLanes;

// Every lane becomes the sum of the kGranuleLanes lanes around it.
inline VecI granule_sums(VecI x) {
  const VecI lane = lane_numbers();
#pragma GCC unroll 3
  for (int distance = 1; distance < kGranuleLanes; distance *= 2) x += __builtin_shuffle(x, lane ^ distance);
  return x;
}

// The largest granule_sums of any of `count` vectors, of their lanes below `used`.
VecI largest_squares(const char* x, int64_t count, int64_t pitch, int64_t used) {
  const VecI mask = lane_numbers() < static_cast<int32_t>(std::min<int64_t>(used, kLanes));
  VecI largest{};
  for (int64_t i = 0; i < count; i++) {
    const VecI squares = granule_sums(pair_squares(load_vec(x + i * pitch) & mask));
    largest = squares > largest ? squares : largest;
  }
  return largest;
}

// The runs under construction and the chain at their end.
struct Schedule {
  Run* runs;
  int64_t count = 0;
  float chain = 0;

  void append(int32_t offset, int32_t steps, float bound) {
    if (chain + bound >= kChainLimit) spill();
    chain += bound;
    if (count > 0 && !runs[count - 1].spill && runs[count - 1].offset + 4 * runs[count - 1].count == offset) {
      runs[count - 1].count += steps;
    } else {
      runs[count++] = {offset, steps, false};
    }
  }

  void spill() {
    if (count > 0) runs[count - 1].spill = true;
    chain = 0;
  }

  // A granule too large for any chain: one step at a time never overflows, |a₀b₀ + a₁b₁| ≤ 2·32767² < 2^31.
  void append_singly(int32_t offset, int32_t steps) {
    spill();
    for (int32_t k = 0; k < steps; k++) {
      runs[count++] = {offset + 4 * k, 1, true};
    }
  }
};

}  // namespace

float column_norm(const char* x, int64_t steps, int64_t columns) {
  int32_t largest = 0;
  if (columns < kLanes) {
    // A vector holds several steps: lanes at distances of `columns` belong to one column.
    VecI squares{};
    for (int64_t n = 0; n < steps * columns; n += kLanes) squares += pair_squares(load_vec(x + n * 4));
    for (int64_t n = 0; n < columns; n++) {
      int32_t sum = 0;
      for (int64_t lane = n; lane < kLanes; lane += columns) sum += squares[lane];
      largest = std::max(largest, sum);
    }
    return norm_of_eighths(largest);
  }
  for (int64_t n = 0; n < columns; n += kLanes) {
    VecI squares{};
    for (int64_t k = 0; k < steps; k++) squares += pair_squares(load_vec(x + (k * columns + n) * 4));
    for (int lane = 0; lane < kLanes; lane++) largest = std::max(largest, squares[lane]);
  }
  return norm_of_eighths(largest);
}

void raise_norms(const char* x, int64_t count, int64_t pitch, int64_t steps, float* norms) {
  for (int64_t step = 0; step < steps; step += kVectorGranules * kGranuleSteps) {
    VecI squares{};
    for (int part = 0; part < kGranuleVectors; part++) {
      const int64_t first = step + part * kLanes;
      if (first < steps) squares += largest_squares(x + 4 * first, count, pitch, steps - first);
    }
    for (int g = 0; g < kVectorGranules && step + g * kGranuleSteps < steps; g++) {
      float& norm = norms[step / kGranuleSteps + g];
      norm = std::max(norm, norm_of_eighths(squares[g * kGranuleLanes]));
    }
  }
}

int64_t plain_runs(const Tap* taps, int64_t tapCount, Run* runs) {
  int64_t count = 0;
  for (int64_t t = 0; t < tapCount; t++) {
    if (count > 0 && runs[count - 1].offset + 4 * runs[count - 1].count == taps[t].offset) {
      runs[count - 1].count += taps[t].steps;
    } else {
      runs[count++] = {taps[t].offset, taps[t].steps, false};
    }
  }
  return count;
}

int64_t chained_runs(const Tap* taps, int64_t tapCount, const float* rowNorms, const float* panelNorms, Run* runs) {
  Schedule schedule{runs};
  for (int64_t t = 0; t < tapCount; t++) {
    const Tap& tap = taps[t];
    for (int64_t g = 0; g < granules(tap.steps); g++) {
      const float bound = chain_bound(rowNorms[g], *panelNorms++);
      const int32_t step = static_cast<int32_t>(g * kGranuleSteps);
      const int32_t steps = std::min<int32_t>(kGranuleSteps, tap.steps - step);
      if (bound < kChainLimit) {
        schedule.append(tap.offset + 4 * step, steps, bound);
      } else {
        schedule.append_singly(tap.offset + 4 * step, steps);
      }
    }
  }
  schedule.spill();
  return schedule.count;
}

}  // namespace roundoff::ROUNDOFF_TIER
