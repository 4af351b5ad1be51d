// How bulk kernels cut their work: pieces that stay in L1, fixed chunks with a tally each, and one contiguous range of
// chunks for each thread, so that a thread meets the same memory again in the next call. No result depends on the threads.
#pragma once

#include <algorithm>
#include <new>

#include "bulk.h"
#include "parallel.h"
#include "scratch.h"
#include "stream_store.h"

namespace roundoff::ROUNDOFF_TIER {

// Elements from the beginning of the cache line that y lies in, to y.
inline int64_t past_line(const float* y) {
  return static_cast<int64_t>(reinterpret_cast<uintptr_t>(y) % 64 / sizeof(float));
}

// A piece and its result stay in L1.
constexpr int64_t kPiece = kBlock;
// Elements of a chunk.
constexpr int64_t kBulkChunk = 16 * kPiece;

// body(first, last, thread) for one range of [0, items) per thread.
template <class Body>
void parallel_ranges(Context& ctx, int64_t items, const Body& body) {
  const int64_t ranges = std::max<int64_t>(1, std::min<int64_t>(ctx.pool.threads(), items));
  ctx.pool.parallel_for(ranges, [&](int64_t range, int thread) {
    body(items * range / ranges, items * (range + 1) / ranges, thread);
  });
}

// A tally for each chunk, in the scratch memory that all threads share; sums them up in their order.
class ChunkTallies {
 public:
  ChunkTallies(Context& ctx, int64_t chunks, Tally* total) : chunks_(chunks), total_(total) {
    if (total == nullptr) return;
    tallies_ = static_cast<Tally*>(ctx.scratch.shared(static_cast<size_t>(chunks) * sizeof(Tally)));
    for (int64_t i = 0; i < chunks; i++) new (&tallies_[i]) Tally();
  }
  // Null if nothing is measured.
  Tally* of(int64_t chunk) const { return tallies_ == nullptr ? nullptr : &tallies_[chunk]; }
  void finish() const {
    for (int64_t i = 0; tallies_ != nullptr && i < chunks_; i++) total_->add(tallies_[i]);
  }

 private:
  int64_t chunks_;
  Tally* total_;
  Tally* tallies_ = nullptr;
};

// Where a piece of results is made, and how it gets to y: in y itself, or in a block of L1 that is then stored past the
// caches, or that keeps an input which is still measured.
struct PieceTarget {
  bool stream, keepsInput;

  explicit PieceTarget(const BulkJob& job) : stream(job.stream && job.x != job.y), keepsInput(job.tally && job.x == job.y) {}

  float* where(float* y, float* buffer) const { return stream || keepsInput ? buffer : y; }
  void store(const float* made, float* y, int64_t n) const {
    if (stream) return stream_block(made, y, n);
    if (made != y) std::memcpy(y, made, static_cast<size_t>(n) * sizeof(float));
  }
};

}  // namespace roundoff::ROUNDOFF_TIER
