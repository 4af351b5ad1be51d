// A dense tensor along one of its axes: outer × length × inner, so that element (o, i, k) is (o·length + i)·inner + k.
#pragma once

#include "command.h"

namespace roundoff::ROUNDOFF_TIER {

struct Lines {
  int64_t outer = 1, length, inner = 1;

  Lines(const Operand& x, int axis) : length(x.dims[axis]) {
    for (int a = 0; a < axis; a++) outer *= x.dims[a];
    for (int a = axis + 1; a < x.rank; a++) inner *= x.dims[a];
  }
};

// Columns of the axes behind that are worked on together: a cache line or more, few enough that `length` rows of them
// stay in the cache.
inline int64_t columns_together(const Lines& lines) {
  constexpr int64_t kFewest = 16, kMost = 256, kElements = 1 << 14;
  const int64_t fitting = kElements / (lines.length > 0 ? lines.length : 1);
  const int64_t wanted = fitting < kFewest ? kFewest : fitting > kMost ? kMost : fitting;
  return wanted < lines.inner ? wanted : lines.inner > 0 ? lines.inner : 1;
}

}  // namespace roundoff::ROUNDOFF_TIER
