// The CPU's own conversions against the oracle, for all 2^32 FP32 inputs: vcvtneps2bf16 and vcvtps2ph. Knows nothing of
// the kernels. test/exhaustive/hardware.ts compiles it and writes the oracle's runs to stdin: pairs of uint32, the first
// pattern of a run and the FP32 pattern of its result. Prints one JSON object. Usage: hardware_rounding INSTRUCTION MODE
//
// Where the instructions depart from the oracle's contract, as their manual states, and what is asked of them instead:
//   NaN            the upper bits of the input's payload, made quiet: compared exactly, sign included
//   vcvtneps2bf16  takes subnormal inputs as zeros (whatever MXCSR says): they must give zero with the input's sign
#include <immintrin.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

constexpr uint32_t kInfinityBits = 0x7f800000, kSign = 0x80000000;
constexpr int kWindow = 1 << 16;

struct Run {
  uint32_t first, result;
};

using Convert = void (*)(const uint32_t* inputs, uint16_t* codes);

__attribute__((target("avx512f,avx512bf16"))) void to_bf16(const uint32_t* inputs, uint16_t* codes) {
  for (int i = 0; i < kWindow; i += 16) {
    const __m256bh converted = _mm512_cvtneps_pbh(_mm512_loadu_ps(reinterpret_cast<const float*>(inputs + i)));
    std::memcpy(codes + i, &converted, sizeof converted);
  }
}

template <int immediate>
__attribute__((target("avx,f16c"))) void to_fp16(const uint32_t* inputs, uint16_t* codes) {
  for (int i = 0; i < kWindow; i += 8) {
    const __m256 values = _mm256_loadu_ps(reinterpret_cast<const float*>(inputs + i));
    const __m128i converted = _mm256_cvtps_ph(values, immediate);
    std::memcpy(codes + i, &converted, sizeof converted);
  }
}

// An instruction, and the layout of its codes: `trailing` bits of significand below the exponent field.
struct Instruction {
  Convert convert = nullptr;
  int trailing = 0;
  bool zeroesSubnormals = false;
};

Instruction find_instruction(const std::string& name, const std::string& mode) {
  if (name == "vcvtneps2bf16" && mode == "nearestEven" && __builtin_cpu_supports("avx512bf16")) {
    return {to_bf16, 7, true};
  }
  if (name != "vcvtps2ph" || !__builtin_cpu_supports("f16c")) return {};
  if (mode == "nearestEven") return {to_fp16<_MM_FROUND_TO_NEAREST_INT>, 10, false};
  return {};
}

float value_of(uint32_t code, int trailing) {
  const int fieldMask = (1 << (15 - trailing)) - 1, bias = fieldMask / 2;
  const int field = static_cast<int>(code >> trailing) & fieldMask;
  const int fraction = static_cast<int>(code & ((1u << trailing) - 1));
  const int significand = field == 0 ? fraction : fraction + (1 << trailing);
  const float magnitude =
      field == fieldMask ? INFINITY : std::ldexp(static_cast<float>(significand), (field > 1 ? field : 1) - bias - trailing);
  return (code & 0x8000) != 0 ? -magnitude : magnitude;
}

// FP32 pattern → code, for every value of the format.
std::unordered_map<uint32_t, uint16_t> codes_by_value(int trailing) {
  std::unordered_map<uint32_t, uint16_t> codes;
  for (uint32_t code = 0; code < 0x10000; code++) {
    if ((code & 0x7fff) > (0x7fffu >> trailing << trailing)) continue;  // NaN
    const float value = value_of(code, trailing);
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    codes[bits] = static_cast<uint16_t>(code);
  }
  return codes;
}

uint16_t quiet_nan(uint32_t input, int trailing) {
  const uint32_t infinity = 0x7fffu >> trailing << trailing;
  const uint32_t payload = (input & 0x7fffff) >> (23 - trailing);
  return static_cast<uint16_t>(input >> 31 << 15 | infinity | 1u << (trailing - 1) | payload);
}

struct Walk {
  const std::vector<Run>& runs;
  const Instruction& instruction;
  std::vector<uint16_t> codes;  // of the runs
  size_t run = 0;
  uint64_t zeroed = 0, mismatches = 0;
  std::string shown;

  uint16_t expected(uint32_t input) {
    while (run + 1 < runs.size() && runs[run + 1].first <= input) run++;
    const uint32_t magnitude = input & ~kSign;
    if (magnitude > kInfinityBits) return quiet_nan(input, instruction.trailing);
    if (instruction.zeroesSubnormals && magnitude != 0 && magnitude < 0x00800000) {
      zeroed++;
      return static_cast<uint16_t>(input >> 31 << 15);
    }
    return codes[run];
  }

  void mismatch(uint32_t input, uint16_t actual, uint16_t wanted) {
    if (mismatches++ >= 5) return;
    char text[80];
    std::snprintf(text, sizeof text, "%s\"0x%08x gives 0x%04x, not 0x%04x\"", shown.empty() ? "" : ",", input, actual, wanted);
    shown += text;
  }
};

std::vector<Run> read_runs() {
  std::vector<Run> runs;
  for (Run run; std::fread(&run, sizeof run, 1, stdin) == 1;) runs.push_back(run);
  return runs;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 2;
  const Instruction instruction = find_instruction(arguments[1], arguments[2]);
  if (instruction.convert == nullptr) {
    std::puts("{\"available\":false}");
    return 0;
  }
  const std::vector<Run> runs = read_runs();
  if (runs.empty() || runs[0].first != 0) return 2;
  Walk walk{runs, instruction, {}, 0, 0, 0, {}};
  const auto codes = codes_by_value(instruction.trailing);
  for (const Run& run : runs) {
    const auto found = codes.find(run.result);
    walk.codes.push_back(found == codes.end() ? 0 : found->second);  // 0: NaN, which expected() answers
  }
  std::vector<uint32_t> inputs(kWindow);
  std::vector<uint16_t> actual(kWindow);
  for (uint64_t first = 0; first < uint64_t{1} << 32; first += kWindow) {
    for (int i = 0; i < kWindow; i++) inputs[i] = static_cast<uint32_t>(first) + static_cast<uint32_t>(i);
    instruction.convert(inputs.data(), actual.data());
    for (int i = 0; i < kWindow; i++) {
      const uint16_t wanted = walk.expected(inputs[i]);
      if (actual[i] != wanted) walk.mismatch(inputs[i], actual[i], wanted);
    }
  }
  std::printf("{\"available\":true,\"zeroed\":%llu,\"mismatches\":%llu,\"first\":[%s]}\n",
              static_cast<unsigned long long>(walk.zeroed), static_cast<unsigned long long>(walk.mismatches),
              walk.shown.c_str());
  return 0;
}
