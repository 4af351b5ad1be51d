// The common case of block formats on AVX-512: one row of whole blocks of 16 or 32 elements, sixteen blocks at a time. The
// maxima of a batch are taken in one register and its steps made there while the batch before is rounded. What a step is
// and how elements are rounded under it is the rounder's business (block_rounders.h).
//
// Registers fill cache lines of the target, wherever the array begins: stores that touch two lines cost twice, and arrays
// of JavaScript begin 16 bytes into one. A register then holds elements of two blocks.
#pragma once

#include "avx512_lanes.h"
#include "bulk_chunks.h"

namespace roundoff::ROUNDOFF_TIER {

constexpr int64_t kBatch = 16;

// The largest magnitudes, in bits, of 16 blocks from x on, one in each lane.
template <int width>
inline __m512i batch_maxima(const float* x) {
  // The masked forms are the same instructions; g++ 12 warns about its own header in the plain ones.
  const auto larger = [](__m512i a, __m512i b) { return _mm512_maskz_max_epu32(kAllLanes, a, b); };
  const auto magnitudes = [&](int64_t at) {
    return _mm512_and_si512(all_lanes(0x7fffffff), _mm512_loadu_si512(x + at));
  };
  const auto row = [&](int64_t block) {
    const __m512i first = magnitudes(block * width);
    return width == 16 ? first : larger(first, magnitudes(block * width + 16));
  };
  // Pairs of rows become rows of half as many lanes each, until every lane is a row of its own.
  const auto narrow32 = [&](__m512i a, __m512i b) {
    return larger(_mm512_maskz_unpacklo_epi32(kAllLanes, a, b), _mm512_maskz_unpackhi_epi32(kAllLanes, a, b));
  };
  const auto narrow64 = [&](__m512i a, __m512i b) {
    return larger(_mm512_maskz_unpacklo_epi64(0xff, a, b), _mm512_maskz_unpackhi_epi64(0xff, a, b));
  };
  const auto narrow128 = [&](__m512i a, __m512i b) {
    return larger(_mm512_maskz_shuffle_i32x4(kAllLanes, a, b, 0x88), _mm512_maskz_shuffle_i32x4(kAllLanes, a, b, 0xdd));
  };
  const auto quad = [&](int64_t i) { return narrow64(narrow32(row(i), row(i + 1)), narrow32(row(i + 2), row(i + 3))); };
  return narrow128(narrow128(quad(0), quad(4)), narrow128(quad(8), quad(12)));
}

// Rounds the blocks of x to y, 16 · `batches` of them, in whole cache lines. A rounder has
//   bool prepare(maxima, half, scales)  the steps of a batch, kept in its lower or upper half (0, 1), and its scales if
//                                       that is not null; false, and nothing, if the batch is not for this rounder
//   void advance()                      the upper half becomes the lower one
//   void draw(at, n)                    n elements from `at` on are next
//   Step step(block)                    that of a block of the lower half, or of the first of the upper one (16)
//   Step join(step, after, lanes)       the step of a block, and in `lanes` that of the block after it
//   __m512i round(step, bits, at)       the elements from `at` on
// and `general(batch)` does the batches that are not for it.
template <int width, bool stream, class Rounder>
class BatchLoop {
 public:
  BatchLoop(const float* x, float* y, int64_t batches, float* scales, Rounder& rounder)
      : x_(x), y_(y), scales_(scales), batches_(batches), ahead_((16 - past_line(y)) % 16), rounder_(rounder) {}

  template <class General>
  void run(const General& general) {
    for (int64_t batch = 0; batch < batches_;) {
      batch = prepare(batch, 0) ? run_from(batch) : (general(batch), batch + 1);
    }
  }

 private:
  static constexpr int64_t kElements = kBatch * width;

  bool prepare(int64_t batch, int half) {
    return batch < batches_ && rounder_.prepare(batch_maxima<width>(x_ + batch * kElements), half,
                                                scales_ == nullptr ? nullptr : scales_ + batch * kBatch);
  }

  using Step = typename Rounder::Step;

  // Batches from one that is prepared, to the first that is not for the rounder, or the end. Returns where that is.
  int64_t run_from(int64_t batch) {
    if (ahead_ != 0) {
      rounder_.draw(batch * kElements, ahead_);
      round_part(rounder_.step(0), batch * kElements, static_cast<__mmask16>((1 << ahead_) - 1));
    }
    while (true) {
      const bool goesOn = prepare(batch + 1, 1);
      rounder_.draw(batch * kElements + ahead_, kElements);
      if (ahead_ == 0) {
        round_blocks(batch * kElements);
      } else {
        round_between(batch * kElements + ahead_, goesOn);
      }
      batch++;
      if (!goesOn) return batch;
      rounder_.advance();
    }
  }

  // A batch whose blocks begin at cache lines.
  void round_blocks(int64_t at) {
    for (int64_t block = 0; block < kBatch; block++, at += width) {
      const Step step = rounder_.step(block);
      for (int64_t i = 0; i < width; i += 16) round(step, at + i);
    }
  }

  // The registers that begin in a batch, the last of a block with the beginning of the next.
  void round_between(int64_t at, bool goesOn) {
    const __mmask16 next = static_cast<__mmask16>(0xffff << (16 - ahead_));
    Step step = rounder_.step(0);
    for (int64_t block = 1; block <= kBatch; block++, at += width) {
      if constexpr (width == 32) round(step, at);
      if (block == kBatch && !goesOn) return round_part(step, at + width - 16, static_cast<__mmask16>(~next));
      const Step after = rounder_.step(block);
      round(rounder_.join(step, after, next), at + width - 16);
      step = after;
    }
  }

  void round(const Step& step, int64_t at) {
    // Taking maxima outruns the hardware's own prefetching, which begins anew in every page.
    if constexpr (stream) __builtin_prefetch(x_ + at + 4 * kElements);
    __m512i bits = _mm512_loadu_si512(x_ + at);
    // g++ would rather load them again for each of their uses.
    asm("" : "+v"(bits));
    const __m512i values = rounder_.round(step, bits, at);
    if constexpr (stream) {
      _mm512_stream_si512(reinterpret_cast<__m512i*>(y_ + at), values);
    } else {
      _mm512_storeu_si512(y_ + at, values);
    }
  }

  // At an end of the row: the first `lanes` only.
  void round_part(const Step& step, int64_t at, __mmask16 lanes) {
    const __m512i values = rounder_.round(step, _mm512_maskz_loadu_epi32(lanes, x_ + at), at);
    _mm512_mask_storeu_epi32(y_ + at, lanes, values);
  }

  const float* x_;
  float* y_;
  float* scales_;
  int64_t batches_, ahead_;
  Rounder& rounder_;
};

}  // namespace roundoff::ROUNDOFF_TIER
