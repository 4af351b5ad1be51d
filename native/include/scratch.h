// Working memory of kernels: for every thread one 64-byte aligned buffer that only grows, so a steady step allocates
// nothing. `get` invalidates what the same thread got before. One more slot, `shared`, belongs to the calling thread.
#pragma once

#include <cstddef>
#include <vector>

namespace roundoff {

class Scratch {
 public:
  explicit Scratch(int threads) : slots_(static_cast<size_t>(threads) + 1) {}
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  // At least `bytes` bytes, 64-byte aligned, contents undefined.
  void* get(int thread, size_t bytes) { return grow(slots_[static_cast<size_t>(thread)], bytes); }
  // A buffer for what all threads of one kernel read (packed weights) or reduce into. Grow it before parallel_for.
  void* shared(size_t bytes) { return grow(slots_.back(), bytes); }

 private:
  struct Slot {
    void* data = nullptr;
    size_t bytes = 0;
  };
  void* grow(Slot& slot, size_t bytes);
  std::vector<Slot> slots_;
};

}  // namespace roundoff
