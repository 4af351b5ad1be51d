// Spill schedules of INT16 products: see gemm_chains.h for the bound that makes overflow impossible. Norms are kept in
// eighths, rounded up, so that sums of squares of a granule fit INT32 and the compiler can use pair products.
#include "gemm_chains.h"

#include <algorithm>
#include <cmath>

#include "gemm_steps.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Every operation that rounds is covered by this much, so computed bounds stay bounds.
constexpr float kRoundUp = 1.0f + 1e-5f;

inline int32_t eighth(int16_t x) { return (std::abs(static_cast<int32_t>(x)) + 7) >> 3; }

inline float norm_of_eighths(int32_t sumOfSquares) {
  return 8.0f * kRoundUp * std::sqrt(static_cast<float>(sumOfSquares));
}

// At most 32 values whose magnitudes are at most 4096: at most 2^29. In 16-bit lanes 32767 + 7 wraps, to −4096 after the
// shift: the right magnitude.
inline int32_t granule_squares(const int16_t* x, int64_t steps) {
  VecI sum{};
  for (int64_t i = 0; i < kGranuleSteps; i += kLanes) {
    const VecI used = lane_numbers() < static_cast<int32_t>(std::min(steps, kGranuleSteps) - i);
    const VecS v = (VecS)(load_vec(x + 2 * i) & used);
    const VecS sign = v >> 15;
    const VecS y = (VecS)(((v ^ sign) - sign + 7) >> 3);
    I16Step::multiply_add(sum, (VecI)y, (VecI)y);
  }
  return sum_lanes(sum);
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

float granule_norm(const int16_t* x, int64_t n, int64_t stride) {
  int32_t sum = 0;
  for (int64_t i = 0; i < n; i++) sum += eighth(x[i * stride]) * eighth(x[i * stride]);
  return norm_of_eighths(sum);
}

void raise_norms(const int16_t* x, int64_t steps, float* norms) {
  for (int64_t g = 0; g * kGranuleSteps < steps; g++) {
    const int32_t squares = granule_squares(x + g * kGranuleValues, steps - g * kGranuleSteps);
    norms[g] = std::max(norms[g], norm_of_eighths(squares));
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

int64_t chained_runs(const Tap* taps, int64_t tapCount, const RowNorms& rows, int64_t first, int64_t last,
                     const float* panelNorms, Run* runs) {
  Schedule schedule{runs};
  for (int64_t t = 0; t < tapCount; t++) {
    const Tap& tap = taps[t];
    for (int64_t g = 0; g < granules(tap.steps); g++) {
      float norm = 0;
      for (int64_t row = first; row <= last; row++) {
        norm = std::max(norm, rows.table[(row + tap.row) * rows.pitch + g]);
      }
      const float bound = chain_bound(norm, *panelNorms++);
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
