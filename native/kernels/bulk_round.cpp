// Whole arrays to formats without scales, and the plain copy that they are measured against.
#include "bulk_chunks.h"
#include "bulk_statistics.h"
#include "bulk_tier.h"
#include "element_rounder.h"
#include "peak_rates.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Below it a result is subnormal, as FP32 rounded up: no FP32 number lies between.
float smallest_normal(const Element& element) {
  return std::ldexp(1.0f, element.kind == ElementKind::posit ? -4 * (element.bits - 2) : element.store.emin);
}

}  // namespace

void bulk_round(const BulkJob& job, Context& ctx) {
  const bool saturates = job.element.kind == ElementKind::posit || job.element.store.overflow == Overflow::saturate;
  const ElementRounder round(job.element, job.clock, job.tally != nullptr);
  const PieceTarget target(job);
  const float smallest = smallest_normal(job.element);
  const int64_t chunks = chunks_of(job.n, kBulkChunk);
  const ChunkTallies tallies(ctx, chunks, job.tally);
  parallel_ranges(ctx, chunks, [&](int64_t first, int64_t last, int) {
    alignas(64) float buffer[kPiece];
    const int64_t end = std::min(job.n, last * kBulkChunk);
    int64_t n = 0;
    for (int64_t offset = first * kBulkChunk; offset < end; offset += n) {
      n = std::min(kPiece, end - offset);
      // Arrays of JavaScript seldom begin at a cache line. Statistics keep to their pieces: their sums have an order.
      if (job.tally == nullptr) n = std::min(n, kPiece - past_line(job.y + offset));
      float* made = target.where(job.y + offset, buffer);
      const uint32_t overflows = round(job.x + offset, made, n, offset);
      if (Tally* tally = tallies.of(offset / kBulkChunk)) {
        if (saturates) tally->saturated += overflows;
        measure_block(job.x + offset, made, n, &smallest, n, *tally);
      }
      target.store(made, job.y + offset, n);
    }
    if (target.stream) stream_fence();
  });
  tallies.finish();
}

void bulk_copy(const float* x, float* y, int64_t n, bool stream, Context& ctx) {
  // An empty array may have no address, which memcpy must not be given.
  if (n == 0) return;
  parallel_ranges(ctx, chunks_of(n, kBulkChunk), [&](int64_t first, int64_t last, int) {
    const int64_t begin = first * kBulkChunk, count = std::min(n, last * kBulkChunk) - begin;
    if (!stream) return static_cast<void>(std::memcpy(y + begin, x + begin, static_cast<size_t>(count) * sizeof(float)));
    stream_block(x + begin, y + begin, count);
    stream_fence();
  });
}

BulkKernels bulk_kernels() {
  return {bulk_round, bulk_quantize, bulk_encode, bulk_decode, bulk_dequantize, bulk_copy, peak_operations};
}

}  // namespace roundoff::ROUNDOFF_TIER
