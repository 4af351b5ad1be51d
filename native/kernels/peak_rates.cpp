// What the registers of this processor can do: the multiply-adds of each carrier's tiles without a single load, on all
// threads. The roof that products are measured against; computes nothing.
// build-flags: -ffp-contract=fast
#include "amx_bf16.h"
#include "gemm_steps.h"
#include "peak_rates.h"
#include "thread_pool.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Enough to hide the latency of a multiply-add; with two factors they fill 16 registers.
constexpr int kChains = 12;

// Operations of one thread.
template <class Step>
double run_chains(int64_t steps, int operationsPerLane) {
  using Vec = typename Step::Vec;
  Registers<Vec, kChains, 1> sum;
  // All different, or equal chains would be computed once.
  sum.each([](int c, int, Vec& x) [[gnu::always_inline]] { x = (Vec)(lane_numbers() + 16 * (c + 1)); });
  VecI a = lane_numbers(), b = lane_numbers();
  for (int64_t i = 0; i < steps; i++) {
#pragma GCC unroll 12
    for (int c = 0; c < kChains; c++) {
      // The factors must not look like those before, or their product is taken from there.
      pin(a);
      Step::multiply_add(sum.at[c][0], a, b);
    }
  }
  // Something must come of it, or the compiler leaves all of it out.
  VecI all{};
  sum.each([&](int, int, Vec& x) [[gnu::always_inline]] { all ^= (VecI)x; });
  volatile int32_t kept = sum_lanes(all);
  (void)kept;
  return static_cast<double>(steps) * kChains * kLanes * operationsPerLane;
}

double run_carrier(Carrier carrier, const CpuFeatures& cpu, int64_t steps) {
#if defined(__AVX512F__)
  if (carrier == Carrier::bf16 && amx_usable(cpu)) return amx_bf16_chains(steps);
  if (carrier == Carrier::bf16 && cpu.fastDpbf16) return run_chains<Bf16Step>(steps, 4);
  if (carrier == Carrier::i16 && cpu.avx512Vnni) return run_chains<VnniStep>(steps, 4);
#else
  (void)cpu;
#endif
  return carrier == Carrier::i16 ? run_chains<I16Step>(steps, 4) : run_chains<F32Step>(steps, 2);
}

}  // namespace

double peak_operations(Carrier carrier, int64_t steps, Context& ctx) {
  const int64_t threads = ctx.pool.threads();
  double operations = 0;
  ctx.pool.parallel_for(threads, [&](int64_t task, int) {
    const double mine = run_carrier(carrier, ctx.cpu, steps);
    // All threads do the same.
    if (task == 0) operations = mine * static_cast<double>(threads);
  });
  return operations;
}

}  // namespace roundoff::ROUNDOFF_TIER
