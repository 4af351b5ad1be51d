// CPUID, XCR0 and the request for AMX tiles. Bit numbers: Intel SDM vol. 2A (CPUID), vol. 1 chapter 13 (XCR0);
// the request: Linux Documentation/arch/x86/xstate.rst.
#include "cpu_features.h"

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

namespace roundoff {

#if defined(__x86_64__)
namespace {

struct Registers {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf) {
  Registers r;
  // Checks the highest leaf itself; leaves all registers 0 where the leaf does not exist.
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

bool bit(unsigned word, int index) { return (word >> index & 1) != 0; }

// Which register files the operating system saves. Call only when CPUID says OSXSAVE.
uint64_t xcr0() {
  unsigned low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<uint64_t>(high) << 32 | low;
}

// The permission holds for the whole process, threads that exist already included.
bool request_amx_tiles() {
#if defined(__linux__)
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

bool is_amd() {
  const Registers r = cpuid(0, 0);
  return r.ebx == 0x68747541 && r.edx == 0x69746e65 && r.ecx == 0x444d4163;  // "Auth" "enti" "cAMD"
}

}  // namespace

CpuFeatures detect_cpu() {
  CpuFeatures cpu{};
  const Registers one = cpuid(1, 0), seven = cpuid(7, 0), seven1 = seven.eax >= 1 ? cpuid(7, 1) : Registers{};
  if (!bit(one.ecx, 27)) return cpu;  // OSXSAVE
  const uint64_t saved = xcr0();
  const bool ymm = (saved & 0x6) == 0x6, zmm = ymm && (saved & 0xe0) == 0xe0, tiles = (saved & 0x60000) == 0x60000;
  cpu.avx2Fma = ymm && bit(one.ecx, 12) && bit(one.ecx, 28) && bit(seven.ebx, 5);
  cpu.f16c = ymm && bit(one.ecx, 29);
  // The avx512 tier is compiled for F, DQ, BW and VL together.
  cpu.avx512 = zmm && bit(seven.ebx, 16) && bit(seven.ebx, 17) && bit(seven.ebx, 30) && bit(seven.ebx, 31);
  cpu.avx512Vnni = cpu.avx512 && bit(seven.ecx, 11);
  cpu.avx512Bf16 = cpu.avx512 && bit(seven1.eax, 5);
  cpu.fastDpbf16 = cpu.avx512Bf16 && is_amd();
  const bool amx = cpu.avx512 && tiles && bit(seven.edx, 24);
  if (amx && (bit(seven.edx, 22) || bit(seven.edx, 25)) && request_amx_tiles()) {
    cpu.amxBf16 = bit(seven.edx, 22);
    cpu.amxInt8 = bit(seven.edx, 25);
  }
  return cpu;
}
#else
CpuFeatures detect_cpu() { return {}; }
#endif

std::vector<std::string> feature_names(const CpuFeatures& cpu) {
  std::vector<std::string> names;
  const auto add = [&](bool present, const char* name) {
    if (present) names.emplace_back(name);
  };
  add(cpu.avx2Fma, "avx2");
  add(cpu.avx2Fma, "fma");
  add(cpu.f16c, "f16c");
  add(cpu.avx512, "avx512");
  add(cpu.avx512Vnni, "avx512Vnni");
  add(cpu.avx512Bf16, "avx512Bf16");
  add(cpu.fastDpbf16, "fastDpbf16");
  add(cpu.amxBf16, "amxBf16");
  add(cpu.amxInt8, "amxInt8");
  return names;
}

std::vector<std::string> supported_tiers(const CpuFeatures& cpu) {
  std::vector<std::string> tiers{"portable"};
  if (cpu.avx2Fma && cpu.f16c) tiers.emplace_back("avx2");
  if (cpu.avx2Fma && cpu.f16c && cpu.avx512) tiers.emplace_back("avx512");
  return tiers;
}

CpuFeatures features_for_tier(const CpuFeatures& cpu, const std::string& tier) {
  if (tier == "avx512") return cpu;
  CpuFeatures hidden{};
  if (tier == "avx2") {
    hidden.avx2Fma = cpu.avx2Fma;
    hidden.f16c = cpu.f16c;
  }
  return hidden;
}

}  // namespace roundoff
