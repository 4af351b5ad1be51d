// Grow-only working memory. Growing drops the old contents, so nothing is copied.
#include "scratch.h"

#include <algorithm>
#include <new>

namespace roundoff {
namespace {

constexpr std::align_val_t kSlotAlignment{64};

}  // namespace

Scratch::~Scratch() {
  for (Slot& slot : slots_) ::operator delete(slot.data, kSlotAlignment);
}

void* Scratch::grow(Slot& slot, size_t bytes) {
  if (bytes <= slot.bytes) return slot.data;
  // Half as much again: shapes that creep up (length buckets) do not allocate at every step.
  const size_t wanted = std::max(bytes, slot.bytes + slot.bytes / 2);
  ::operator delete(slot.data, kSlotAlignment);
  slot = {};
  slot.data = ::operator new(wanted, kSlotAlignment);
  slot.bytes = wanted;
  return slot.data;
}

}  // namespace roundoff
