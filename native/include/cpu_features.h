// What this CPU and this operating system let a process use, and the tiers that follow from it.
#pragma once

#include <string>
#include <vector>

#include "command.h"

namespace roundoff {

// Reads CPUID and XCR0, and asks the operating system for the AMX tiles when the CPU has them: `amxBf16` and `amxInt8`
// are true only if it granted them (a process that was not granted them dies of SIGILL at the first tile).
CpuFeatures detect_cpu();

// Names of the features that are true, for reports.
std::vector<std::string> feature_names(const CpuFeatures& cpu);

// The tiers that run here, slowest first: "portable", "avx2", "avx512".
std::vector<std::string> supported_tiers(const CpuFeatures& cpu);

// The features that kernels of `tier` may use: those of a wider tier are hidden, so that a tier can be tested alone.
CpuFeatures features_for_tier(const CpuFeatures& cpu, const std::string& tier);

}  // namespace roundoff
