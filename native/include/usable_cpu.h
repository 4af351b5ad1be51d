// The CPU as kernels may use it: what detect_cpu() finds less what fails its self-test.
#pragma once

#include <string>
#include <vector>

#include "command.h"

namespace roundoff {

struct UsableCpu {
  CpuFeatures features;
  // Why a feature that the CPU has is not among them, one sentence each; for reports.
  std::vector<std::string> problems;
};

// `amxProblem` says what is wrong with the AMX tiles, or null; it is asked only where `detected` has them.
UsableCpu test_features(const CpuFeatures& detected, const char* (*amxProblem)());

// This machine's CPU.
UsableCpu usable_cpu();

}  // namespace roundoff
