// What the self-tests leave of the CPU's features.
#include "usable_cpu.h"

#include "amx_self_test.h"
#include "cpu_features.h"

namespace roundoff {

UsableCpu test_features(const CpuFeatures& detected, const char* (*amxProblem)()) {
  UsableCpu cpu{detected, {}};
  const char* problem = detected.amxBf16 ? amxProblem() : nullptr;
  if (problem != nullptr) {
    cpu.features.amxBf16 = false;
    cpu.problems.emplace_back(problem);
  }
  return cpu;
}

UsableCpu usable_cpu() {
#if defined(__x86_64__)
  UsableCpu cpu = test_features(detect_cpu(), avx512::amx_problem);
  if (cpu.features.amxBf16 && !avx512::amx_is_profile()) {
    cpu.problems.emplace_back("AMX BF16 flushes subnormal products, unlike accumulator profile amxBf16; it is used all the same");
  }
  return cpu;
#else
  return {detect_cpu(), {}};
#endif
}

}  // namespace roundoff
