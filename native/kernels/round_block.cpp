// Rounding on store: a block of a plan's output, in place. How one value is rounded is in round_loops.h.
#include "block_io.h"
#include "nearest_bf16.h"
#include "philox.h"
#include "round_choice.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

void round_block_to_bf16(float* x, int64_t n) {
  Bits* words = reinterpret_cast<Bits*>(x);
  ROUNDOFF_INDEPENDENT
  for (int64_t i = 0; i < n; i++) words[i] = nearest_bf16_bits(words[i]);
}

}  // namespace

void round_block(float* x, int64_t n, const StoreRounding& store, int64_t offset, const Clock& clock) {
  if (is_nearest_bf16(store)) return round_block_to_bf16(x, n);
  const Target target = target_of(store);
  const RoundLoop<OneStep> loop = loop_for<OneStep>(store, target, false);
  if (store.rounding != Rounding::stochastic) {
    loop(x, x, n, target, nullptr, {0});
    return;
  }
  alignas(64) uint32_t words[kRandomRoom];
  for (int64_t done = 0; done < n; done += kBlock) {
    const int64_t count = std::min(kBlock, n - done);
    float* block = x + done;
    loop(block, block, count, target, rounding_words(offset + done, count, store.tensorId, clock, words), {0});
  }
}

}  // namespace roundoff::ROUNDOFF_TIER
