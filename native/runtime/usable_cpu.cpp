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
  return test_features(detect_cpu(), avx512::amx_problem);
#else
  return {detect_cpu(), {}};
#endif
}

}  // namespace roundoff
