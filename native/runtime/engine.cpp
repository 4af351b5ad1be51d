// Choosing the kernels of a tier and running commands on them.
#include "engine.h"

#include <algorithm>
#include <cstring>

#include "cpu_features.h"
#include "float_environment.h"
#include "tiers.h"

namespace roundoff {

Engine::Engine(const CpuFeatures& cpu, const std::string& tier, int threads)
    : cpu_(features_for_tier(cpu, tier)),
      kernels_(portable::kernels()),
      round_block_(portable::round_block),
      pool_(threads),
      scratch_(threads) {
#if defined(__x86_64__)
  if (tier == "avx2") {
    kernels_ = avx2::kernels();
    round_block_ = avx2::round_block;
  } else if (tier == "avx512") {
    kernels_ = avx512::kernels();
    round_block_ = avx512::round_block;
  }
#endif
}

void Engine::run(const std::vector<Command>& commands, Clock clock) {
  const std::lock_guard lock(running_);
  const FloatEnvironment environment;
  Context context{pool_, scratch_, cpu_, clock};
  for (const Command& command : commands) command.kernel(command, context);
}

void Engine::round(const float* x, float* y, int64_t n, const StoreRounding& store, const Clock& clock) {
  // Copied and rounded in pieces that stay in L1; a task is long enough to hide its hand-out.
  constexpr int64_t kPiece = 2048, kTask = 32 * kPiece;
  const std::lock_guard lock(running_);
  const FloatEnvironment environment;
  const auto task = [&](int64_t index, int) {
    const int64_t end = std::min(n, (index + 1) * kTask);
    for (int64_t offset = index * kTask; offset < end; offset += kPiece) {
      const int64_t count = std::min(kPiece, end - offset);
      if (x != y) std::memcpy(y + offset, x + offset, static_cast<size_t>(count) * sizeof(float));
      round_block_(y + offset, count, store, offset, clock);
    }
  };
  pool_.parallel_for((n + kTask - 1) / kTask, task);
}

}  // namespace roundoff
