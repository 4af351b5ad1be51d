// Choosing the kernels of a tier and running commands on them.
#include "engine.h"

#include <algorithm>
#include <cstring>

#include "cpu_features.h"
#include "float_environment.h"
#include "tiers.h"

namespace roundoff {
namespace {

struct BuiltTier {
  const char* name;
  KernelTable (*kernels)();
  decltype(&portable::round_block) roundBlock;
  decltype(&portable::matmul_packed_bytes) packedBytes;
};

// ROUNDOFF_WITHOUT_<TIER>: the build left the tier out.
constexpr BuiltTier kBuiltTiers[] = {
    {"portable", portable::kernels, portable::round_block, portable::matmul_packed_bytes},
#if defined(__x86_64__) && !defined(ROUNDOFF_WITHOUT_AVX2)
    {"avx2", avx2::kernels, avx2::round_block, avx2::matmul_packed_bytes},
#endif
#if defined(__x86_64__) && !defined(ROUNDOFF_WITHOUT_AVX512)
    {"avx512", avx512::kernels, avx512::round_block, avx512::matmul_packed_bytes},
#endif
};

}  // namespace

std::vector<std::string> built_tiers() {
  std::vector<std::string> names;
  for (const BuiltTier& tier : kBuiltTiers) names.emplace_back(tier.name);
  return names;
}

Engine::Engine(const CpuFeatures& cpu, const std::string& tier, int threads)
    : cpu_(features_for_tier(cpu, tier)), round_block_(portable::round_block),
      packed_bytes_(portable::matmul_packed_bytes), pool_(threads), scratch_(threads) {
  for (const BuiltTier& built : kBuiltTiers) {
    if (tier != built.name) continue;
    kernels_ = built.kernels();
    round_block_ = built.roundBlock;
    packed_bytes_ = built.packedBytes;
  }
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
