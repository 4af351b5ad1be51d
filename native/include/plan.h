// A plan as the binding hands it over: plain numbers, nothing checked yet but their types. `Program` checks it and makes
// it runnable. Mirrors Plan in src/kernels/contract.ts.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "command.h"

namespace roundoff {

struct BufferSpec {
  bool external;
  int64_t offset;  // arena only: bytes from its start
  DType dtype;
  int64_t elements;
  CodeFormat codes;  // of code8 and code16
};

struct OperandSpec {
  int64_t buffer;
  DType dtype;
  std::vector<int64_t> dims;
  bool rounds;
  StoreRounding store;
};

struct EpilogueStepSpec {
  EpilogueStep::Op op;
  std::vector<double> attrs;
  bool rounds;
  StoreRounding round;
  bool hasOperand, resultFirst;
  OperandSpec operand;
};

struct CommandSpec {
  std::string op;
  std::vector<OperandSpec> in, out;
  std::vector<double> attrs;
  std::vector<EpilogueStepSpec> epilogue = {};
  // None or one of each.
  std::vector<OperandSpec> amax = {}, signs = {};
};

struct PlanSpec {
  std::vector<BufferSpec> buffers;
  int64_t arenaBytes;
  std::vector<CommandSpec> commands;
  int64_t clockBuffer;  // −1: nothing rounds stochastically
};

// Memory that the caller bound to an external buffer: its address may change between runs, its size may not.
struct ExternalMemory {
  void* data;
  DType dtype;
  int64_t elements;
};

// What is wrong with a plan. Caught at the binding and thrown there as a JavaScript error.
struct PlanError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Throws PlanError with `message` unless the condition holds.
inline void check(bool condition, const std::string& message) {
  if (!condition) throw PlanError(message);
}
// The same without making a string that is not needed.
inline void check(bool condition, const char* message) {
  if (!condition) throw PlanError(message);
}
inline void check(bool condition, const char* subject, const char* problem) {
  if (!condition) throw PlanError(std::string(subject) + problem);
}

// Throws PlanError unless the command has the operands, shapes, types and attributes that its operation needs, so that
// a kernel can rely on them (runtime/op_rules.cpp).
void check_command(const Command& command);

// Throws PlanError unless values can be rounded to this format and stored as `dtype`, in these codes if it holds codes.
void check_store(const StoreRounding& store, DType dtype, const CodeFormat& codes = {});

// Throws PlanError unless these are codes that kernels can read.
void check_codes(const CodeFormat& codes, DType dtype);

}  // namespace roundoff
