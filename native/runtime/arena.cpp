// Clearing gigabytes would take longer than compiling the plan that uses them, so large arenas are mapped: the system
// zeroes a page when it is first touched. They ask for huge pages.
#include "arena.h"

#include <cstdlib>
#include <cstring>

#include "plan.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace roundoff {
namespace {

constexpr size_t kCacheLine = 64;
constexpr size_t kHugePage = size_t{2} << 20;

size_t arena_room(int64_t bytes, size_t unit) { return (static_cast<size_t>(bytes) + unit - 1) / unit * unit; }

#if defined(__linux__)
// `bytes` of zeroed pages from a huge page's boundary on, or null. What alignment cuts off at both ends is given back.
void* map_zeroed(size_t bytes) {
  const size_t room = bytes + kHugePage;
  void* mapped = mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  char* begin = static_cast<char*>(mapped);
  const size_t misfit = reinterpret_cast<uintptr_t>(begin) % kHugePage, head = misfit == 0 ? 0 : kHugePage - misfit;
  if (head > 0) munmap(begin, head);
  munmap(begin + head + bytes, room - head - bytes);
  madvise(begin + head, bytes, MADV_HUGEPAGE);
  return begin + head;
}
#endif

}  // namespace

void FreeArena::operator()(void* arena) const {
#if defined(__linux__)
  if (mapped > 0) {
    munmap(arena, mapped);
    return;
  }
#endif
  std::free(arena);
}

Arena new_arena(int64_t bytes) {
  const std::string failure = "the arena of " + std::to_string(bytes) + " bytes cannot be allocated";
#if defined(__linux__)
  if (bytes >= static_cast<int64_t>(kHugePage)) {
    const size_t size = arena_room(bytes, kHugePage);
    Arena arena(map_zeroed(size), FreeArena{size});
    check(arena != nullptr, failure);
    return arena;
  }
#endif
  const size_t size = arena_room(bytes, kCacheLine);
  Arena arena(std::aligned_alloc(kCacheLine, size));
  check(arena != nullptr, failure);
  std::memset(arena.get(), 0, size);
  return arena;
}

}  // namespace roundoff
