// Two passes over a row of blocks under two levels of scales; what a register does is in two_level_registers.h.
#include "two_level_row.h"

#include "group_rounder.h"
#include "threshold_loops.h"

#if defined(__AVX512F__)
#include "two_level_registers.h"
#endif

namespace roundoff::ROUNDOFF_TIER {

#if defined(__AVX512F__)

namespace {

constexpr int64_t kBlock16 = 16;
// Batches of a piece, which stays in L1.
constexpr int64_t kPieceBatches = kPiece / TwoLevelRow::kElements;
// Pieces rounded in their order where the row is gone through from its end: a megabyte, so that memory is read ahead.
constexpr int64_t kPiecesBack = 256;

}  // namespace

bool TwoLevelRow::serves(const BulkJob& job, const ScaleSpec& spec, const GroupLayout& l) {
  const bool oneRow = !l.slices && l.outer == 1 && l.rows == 1 && l.inner == 1 && l.blockColumns == kBlock16;
  return oneRow && spec.kind == ScaleKind::twoLevel && TwoLevelRegisters::is_scale_format(spec) && is_e2m1(job.element) &&
         job.element.store.rounding == Rounding::nearestEven && job.tally == nullptr && !job.elementsWanted && job.n >= kElements;
}

TwoLevelRow::TwoLevelRow(const BulkJob& job, const GroupScales& scales, Context& ctx)
    : job_(job), scales_(scales), ctx_(ctx), target_(job), batches_(job.n / kElements),
      maxima_(static_cast<uint32_t*>(ctx.scratch.shared(static_cast<size_t>(batches_ * kBatch) * sizeof(uint32_t)))) {}

uint32_t TwoLevelRow::find_maxima() {
  std::vector<uint32_t> own(static_cast<size_t>(ctx_.pool.threads()));
  parallel_ranges(ctx_, batches_, [&](int64_t first, int64_t last, int thread) {
    __m512i most = _mm512_setzero_si512();
    for (int64_t batch = first; batch < last; batch++) {
      const __m512i maxima = batch_maxima<kBlock16>(job_.x + batch * kElements);
      _mm512_storeu_si512(maxima_ + batch * kBatch, maxima);
      most = _mm512_maskz_max_epu32(kAllLanes, most, maxima);
    }
    alignas(64) uint32_t lanes[kBatch];
    _mm512_store_si512(lanes, most);
    // A thread may do several ranges.
    uint32_t& mine = own[static_cast<size_t>(thread)];
    mine = std::max(mine, *std::max_element(lanes, lanes + kBatch));
  });
  const int64_t done = batches_ * kElements;
  return std::max(*std::max_element(own.begin(), own.end()), largest_magnitude(job_.x + done, job_.n - done));
}

void TwoLevelRow::round_batches(const TwoLevelRegisters& registers, int64_t first, int64_t last, float* kept) const {
  alignas(64) float buffer[kPiece];
  alignas(64) uint32_t tables[2][kBatch];
  const auto prepare = [&](int64_t batch) {
    registers.prepare(maxima_ + batch * kBatch, tables[batch % 2], kept == nullptr ? nullptr : kept + batch * kBatch);
  };
  prepare(first);
  for (int64_t piece = first; piece < last; piece += kPieceBatches) {
    const int64_t end = std::min(last, piece + kPieceBatches), at = piece * kElements;
    float* y = job_.y + at;
    float* made = target_.where(y, buffer);
    for (int64_t batch = piece; batch < end; batch++) {
      if (batch + 1 < last) prepare(batch + 1);
      const float* x = job_.x + batch * kElements;
      float* to = made + (batch - piece) * kElements;
      for (int64_t block = 0; block < kBatch; block++) {
        __m512i bits = _mm512_loadu_si512(x + block * kBlock16);
        // g++ would rather load them again for each of their uses.
        asm("" : "+v"(bits));
        _mm512_storeu_si512(to + block * kBlock16, registers.round(bits, tables[batch % 2][block]));
      }
    }
    target_.store(made, y, (end - piece) * kElements);
  }
}

bool TwoLevelRow::round(float* kept) {
  if (!TwoLevelRegisters::serves(scales_.tensor_scale())) return false;
  const TwoLevelRegisters registers(scales_);
  parallel_ranges(ctx_, batches_, [&](int64_t first, int64_t last, int) {
    // From the end: what was read last is still in the caches.
    constexpr int64_t kStretch = kPiecesBack * kPieceBatches;
    for (int64_t end = last; end > first; end -= kStretch) round_batches(registers, std::max(first, end - kStretch), end, kept);
    if (target_.stream) stream_fence();
  });
  return true;
}

#else

bool TwoLevelRow::serves(const BulkJob&, const ScaleSpec&, const GroupLayout&) { return false; }

TwoLevelRow::TwoLevelRow(const BulkJob& job, const GroupScales& scales, Context& ctx)
    : job_(job), scales_(scales), ctx_(ctx), target_(job), batches_(0), maxima_(nullptr) {}

uint32_t TwoLevelRow::find_maxima() { return 0; }
bool TwoLevelRow::round(float*) { return false; }

#endif

}  // namespace roundoff::ROUNDOFF_TIER
