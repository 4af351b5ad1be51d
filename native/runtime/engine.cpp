// Choosing the kernels of a tier and running commands on them.
#include "engine.h"

#include <chrono>

#include <algorithm>
#include <cstring>

#include "bulk_rules.h"
#include "cpu_features.h"
#include "float_environment.h"
#include "tiers.h"

namespace roundoff {
namespace {

struct BuiltTier {
  const char* name;
  KernelTable (*kernels)();
  BulkKernels (*bulk)();
  decltype(&portable::matmul_packed_bytes) packedBytes;
};

// ROUNDOFF_WITHOUT_<TIER>: the build left the tier out.
constexpr BuiltTier kBuiltTiers[] = {
    {"portable", portable::kernels, portable::bulk_kernels, portable::matmul_packed_bytes},
#if defined(__x86_64__) && !defined(ROUNDOFF_WITHOUT_AVX2)
    {"avx2", avx2::kernels, avx2::bulk_kernels, avx2::matmul_packed_bytes},
#endif
#if defined(__x86_64__) && !defined(ROUNDOFF_WITHOUT_AVX512)
    {"avx512", avx512::kernels, avx512::bulk_kernels, avx512::matmul_packed_bytes},
#endif
};

}  // namespace

std::vector<std::string> built_tiers() {
  std::vector<std::string> names;
  for (const BuiltTier& tier : kBuiltTiers) names.emplace_back(tier.name);
  return names;
}

Engine::Engine(const CpuFeatures& cpu, const std::string& tier, int threads)
    : cpu_(features_for_tier(cpu, tier)), bulk_(portable::bulk_kernels()), cachedElements_(elements_in_caches()),
      packed_bytes_(portable::matmul_packed_bytes), pool_(threads), scratch_(threads) {
  for (const BuiltTier& built : kBuiltTiers) {
    if (tier != built.name) continue;
    kernels_ = built.kernels();
    bulk_ = built.bulk();
    packed_bytes_ = built.packedBytes;
  }
}

// Maxima that commands widen as they store begin at 0.
static void run_command(const Command& command, Context& context) {
  if (command.sides.hasAmax) *command.sides.amax.f32_out() = 0;
  command.kernel(command, context);
}

void Engine::run(const std::vector<Command>& commands, size_t first, Clock clock, std::vector<double>* seconds) {
  const std::lock_guard lock(running_);
  const FloatEnvironment environment;
  Context context{pool_, scratch_, cpu_, clock};
  if (seconds == nullptr) {
    for (size_t i = first; i < commands.size(); i++) run_command(commands[i], context);
    return;
  }
  using Now = std::chrono::steady_clock;
  for (size_t i = first; i < commands.size(); i++) {
    const Now::time_point begin = Now::now();
    run_command(commands[i], context);
    (*seconds)[i] = std::chrono::duration<double>(Now::now() - begin).count();
  }
}

}  // namespace roundoff
