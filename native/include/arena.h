// Memory of plans: large, aligned, zeroed at the start. Kernels never allocate it; they are handed places in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace roundoff {

struct FreeArena {
  size_t mapped = 0;  // bytes to unmap; 0: memory of aligned_alloc
  void operator()(void* arena) const;
};
using Arena = std::unique_ptr<void, FreeArena>;

// At least `bytes` bytes, aligned to a cache line. Zeroed, so that a plan that reads before it writes is at least
// repeatable. Throws PlanError if there is no memory.
Arena new_arena(int64_t bytes);

}  // namespace roundoff
