// An engine: the kernels of one tier, a thread pool and scratch memory. A program: a checked plan with its arena, ready to
// run on the engine it was made for. Neither knows Node-API.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "arena.h"
#include "bulk_kernels.h"
#include "command.h"
#include "float_environment.h"
#include "plan.h"
#include "scratch.h"
#include "thread_pool.h"

namespace roundoff {

// The tiers that were compiled, slowest first. A build for one machine leaves out those that it would not choose.
std::vector<std::string> built_tiers();

class Engine {
 public:
  // `tier` is one of supported_tiers() and of built_tiers(); `threads` ≥ 1.
  Engine(const CpuFeatures& cpu, const std::string& tier, int threads);

  const KernelTable& kernels() const { return kernels_; }
  // Bytes that the packed right matrix of a matmul takes on this engine.
  size_t packed_bytes(const Command& matmul) const { return packed_bytes_(matmul, cpu_); }

  // Runs the commands from number `first` on, in order, with the default floating-point environment. One caller at a time: the pool and the
  // scratch memory are shared by all programs of the engine, later callers wait. `seconds`, if not null, has as many elements
  // as there are commands and receives what each took.
  void run(const std::vector<Command>& commands, size_t first, Clock clock, std::vector<double>* seconds);

  // Whether a conversion of n elements is better stored past the caches.
  bool exceeds_caches(int64_t elements) const { return elements > cachedElements_; }

  // body(kernels, context): work outside any plan, under the same rules as `run`.
  template <class Body>
  auto bulk(const Clock& clock, const Body& body) {
    const std::lock_guard lock(running_);
    const FloatEnvironment environment;
    Context context{pool_, scratch_, cpu_, clock};
    return body(bulk_, context);
  }

 private:
  using PackedBytes = size_t (*)(const Command&, const CpuFeatures&);

  CpuFeatures cpu_;
  KernelTable kernels_;
  BulkKernels bulk_;
  int64_t cachedElements_;
  PackedBytes packed_bytes_;
  std::mutex running_;
  ThreadPool pool_;
  Scratch scratch_;
};

class Program {
 public:
  // Throws PlanError. `externals` are in the order of the external buffers of the plan.
  Program(const Engine& engine, const PlanSpec& plan, const std::vector<ExternalMemory>& externals);

  // Points the operands at where the externals are now. Throws PlanError if one is not what it was.
  void rebind(const std::vector<ExternalMemory>& externals);

  const std::vector<Command>& commands() const { return commands_; }
  Clock clock() const;

 private:
  // An operand that lies in external memory.
  struct Place {
    Operand* operand;
    size_t external;
  };

  void add_command(const Engine& engine, const PlanSpec& plan, const CommandSpec& spec);
  Operand place(const PlanSpec& plan, const OperandSpec& spec) const;

  // Which products share a packed right matrix, and the memory for it (prepack.cpp).
  void share_packed(const Engine& engine);

  Arena arena_;
  std::vector<Arena> packed_;
  std::vector<Command> commands_;
  std::vector<ExternalMemory> externals_;
  std::vector<int64_t> externalOf_;  // by buffer: index into externals_, or −1
  std::vector<Place> places_;
  int64_t clockExternal_ = -1;
};

}  // namespace roundoff
