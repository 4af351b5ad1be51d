// How element-wise kernels cut their work: fixed chunks of whole blocks, whatever the number of threads.
#pragma once

#include <algorithm>

#include "block_io.h"
#include "thread_pool.h"

namespace roundoff::ROUNDOFF_TIER {

// Elements of one task: long enough to hide the hand-out, short enough to balance.
constexpr int64_t kChunk = 16 * kBlock;

inline int64_t chunks_of(int64_t items, int64_t size) { return (items + size - 1) / size; }

// body(offset, n, thread) for consecutive blocks of at most kBlock elements of [0, elements).
template <class Body>
void parallel_blocks(Context& ctx, int64_t elements, const Body& body) {
  ctx.pool.parallel_for(chunks_of(elements, kChunk), [&](int64_t task, int thread) {
    const int64_t end = std::min(elements, (task + 1) * kChunk);
    for (int64_t offset = task * kChunk; offset < end; offset += kBlock) {
      body(offset, std::min(kBlock, end - offset), thread);
    }
  });
}

}  // namespace roundoff::ROUNDOFF_TIER
