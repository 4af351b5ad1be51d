// What a kernel is handed: operands, attributes, a context. Mirrors src/kernels/contract.ts, where the meaning of
// every operation is written. Knows nothing of Node-API. Kernels own no memory and keep no globals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace roundoff {

enum class DType : uint8_t { f32, bf16, i16, i32, code8, code16 };
enum class Carrier : uint8_t { f32, bf16, i16 };
// Same order as ROUNDINGS and OVERFLOWS in src/formats/format.ts.
enum class Rounding : uint8_t {
  nearestEven, nearestAway, towardZero, towardPositive, towardNegative, toOdd, stochastic
};
enum class Overflow : uint8_t { saturate, infinity, nan };

inline int64_t bytes_of(DType dtype) {
  return dtype == DType::f32 || dtype == DType::i32 ? 4 : dtype == DType::code8 ? 1 : 2;
}
inline bool holds_codes(DType dtype) { return dtype == DType::code8 || dtype == DType::code16; }

// A float format as data, and how to round into it (src/formats/format.ts, StoreRounding in contract.ts).
struct StoreRounding {
  int precision;      // significand bits including the hidden one
  int emin;           // smallest normal exponent
  float maxFinite;
  bool hasInfinity, hasNaN, hasNegativeZero, hasSubnormals;
  Rounding rounding;
  Overflow overflow;
  uint32_t tensorId;  // part of the key of stochastic rounding
  uint32_t unusedRandom = 0;  // low bits of its words that are not used: 32 − the number of random bits
};

// The format whose codes a buffer of `code8` or `code16` holds: a float format with a sign and NaN.
struct CodeFormat {
  int bits;          // of a code, the sign included
  int precision;     // with the hidden bit
  int emin;          // smallest normal exponent
  float maxFinite;
  int32_t infinity;  // code of +Infinity, or −1
  int32_t nan;       // a code of NaN
};

constexpr int kMaxRank = 8;

struct EpilogueStep;
struct StoreSides;

struct Operand {
  void* data;
  DType dtype;
  int rank;
  int64_t dims[kMaxRank];
  int64_t elements;
  bool rounds;  // outputs only: apply `store` before storing
  StoreRounding store;
  CodeFormat codes = {};
  // The first output only: what happens to the result before it is rounded by `store` (Command::epilogue).
  const std::vector<EpilogueStep>* epilogue = nullptr;
  // Likewise: what else is written of it (Command::sides).
  const StoreSides* sides = nullptr;

  const float* f32() const { return static_cast<const float*>(data); }
  float* f32_out() const { return static_cast<float*>(data); }
  const int32_t* i32() const { return static_cast<const int32_t*>(data); }
  int32_t* i32_out() const { return static_cast<int32_t*>(data); }
  // Stored exactly as computed, so that a kernel may write it without store_block.
  bool plain() const { return dtype == DType::f32 && !rounds && epilogue == nullptr && sides == nullptr; }
};

// An element-wise operation on a command's result, as if it were the next command: EpilogueStep in contract.ts.
struct EpilogueStep {
  enum class Op : uint8_t { unary, unaryGrad, binary, affine } op;
  std::vector<double> attrs;
  // What the result is rounded to before the step.
  bool rounds;
  StoreRounding round;
  // unaryGrad: z. binary: the other operand, and whether the result is the left one.
  bool hasOperand, resultFirst;
  Operand operand;
};

// What store_block writes beside an output: StoreSide in contract.ts. `amax` is 0 before the command runs.
struct StoreSides {
  bool hasAmax = false, hasSigns = false;
  Operand amax = {}, signs = {};

  bool any() const { return hasAmax || hasSigns; }
};

// Key of the random bits of this run: [seedLow, seedHigh, step] of the plan's clock buffer.
struct Clock {
  uint32_t seedLow, seedHigh, step;
};

struct CpuFeatures {
  bool avx2Fma, f16c, avx512, avx512Vnni, avx512Bf16, amxBf16, amxInt8;
  // VDPBF16PS at twice the rate of FP32 FMA (AMD Zen 4 and later); on Intel it runs at half the rate.
  bool fastDpbf16;
};

class ThreadPool;  // thread_pool.h
class Scratch;     // scratch.h: one grow-only aligned buffer per thread

struct Context {
  ThreadPool& pool;
  Scratch& scratch;
  const CpuFeatures& cpu;
  Clock clock;
};

// A right matrix that several products of a plan read is packed by the first of them into memory of the program
// (runtime/prepack.cpp); the others find it there. Without `memory` a product packs into scratch.
struct Prepacked {
  void* memory = nullptr;
  bool packs = false;
};

struct Command;
using Kernel = void (*)(const Command&, Context&);

struct Command {
  Kernel kernel;
  std::string op;
  std::vector<Operand> in, out;
  std::vector<double> attrs;  // in the order of ATTR_ORDER in contract.ts
  Prepacked prepacked = {};   // matmul only
  std::vector<EpilogueStep> epilogue = {};  // of out[0], which points here
  StoreSides sides = {};                    // likewise
};

// Kernels of one instruction-set tier, by operation name.
using KernelTable = std::map<std::string, Kernel>;

}  // namespace roundoff
