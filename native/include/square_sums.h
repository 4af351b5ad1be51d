// Σ x² in FP64, the same for any number of threads: fixed chunks, eight fixed lanes in each, chunks added in order.
#pragma once

#include "parallel.h"
#include "scratch.h"

namespace roundoff::ROUNDOFF_TIER {

// read(offset, n, x) gives a block of the numbers. Uses the shared scratch.
template <class Read>
double square_sum(Context& ctx, int64_t elements, const Read& read) {
  constexpr int kLanes = 8;
  const int64_t tasks = chunks_of(elements, kChunk);
  double* sums = static_cast<double*>(ctx.scratch.shared(static_cast<size_t>(tasks) * sizeof(double)));
  parallel_blocks(ctx, elements, [&](int64_t offset, int64_t n, int) {
    alignas(64) float x[kBlock];
    read(offset, n, x);
    double lanes[kLanes] = {};
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      for (int lane = 0; lane < kLanes; lane++) {
        const double value = static_cast<double>(x[i + lane]);
        lanes[lane] += value * value;
      }
    }
    for (; i < n; i++) lanes[0] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    double& sum = sums[offset / kChunk];
    if (offset % kChunk == 0) sum = 0;
    sum += ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
  });
  double total = 0;
  for (int64_t task = 0; task < tasks; task++) total += sums[task];
  return total;
}

}  // namespace roundoff::ROUNDOFF_TIER
