// Which way a weight gradient goes, by its shape alone, and the end that both have in common.
#include "conv_grad_weight.h"

#include <algorithm>

#include "block_io.h"
#include "conv_pixel_rows.h"
#include "gemm_block.h"
#include "thread_pool.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Filters that pay for packing panels of every tap; with few channels, gathered, a panel serves all taps.
constexpr int64_t kPanelFilters = 128;
constexpr int64_t kGatherFilters = 64;

bool wants_panels(const ConvShape& conv) {
  if (conv.groups > 1) return false;
  if (conv.kernelRows * conv.kernelColumns == 1) return true;
  const int64_t enough = choose_taps(conv).kind == Taps::wholeFilter ? kGatherFilters : kPanelFilters;
  return conv.filters >= enough;
}

}  // namespace

void run_grad_weight(const GradientProblem& problem, Context& ctx) {
  wants_panels(problem.conv) ? grad_weight_by_panels(problem, ctx) : grad_weight_by_windows(problem, ctx);
}

void add_copies(const GradientProblem& problem, const float* copies, int64_t chunks, Context& ctx) {
  const int64_t elements = problem.gw.elements;
  ctx.pool.parallel_for((elements + kBlock - 1) / kBlock, [&](int64_t task, int) {
    float sums[kBlock];
    const int64_t first = task * kBlock, n = std::min(kBlock, elements - first);
    std::copy_n(copies + first, n, sums);
    for (int64_t chunk = 1; chunk < chunks; chunk++) {
      const float* copy = copies + chunk * elements + first;
      for (int64_t i = 0; i < n; i++) sums[i] += copy[i];
    }
    if (problem.conv.carrier == Carrier::i16) scale_by_power(sums, n, problem.exponent);
    store_block(problem.gw, first, n, sums, ctx.clock);
  });
}

}  // namespace roundoff::ROUNDOFF_TIER
