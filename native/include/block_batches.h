// The common case of block formats on AVX-512: one row of whole blocks of 16 or 32 elements, sixteen blocks at a time. The
// maxima of a batch are taken in one register and its steps made there while the batch before is rounded. What a step is
// and how elements are rounded under it is the rounder's business (block_rounders.h).
//
// Registers fill cache lines of the target, wherever the array begins: stores that touch two lines cost twice, and arrays
// of JavaScript begin 16 bytes into one. A register then holds elements of two blocks.
#pragma once

#include <immintrin.h>

#include "bulk_chunks.h"

namespace roundoff::ROUNDOFF_TIER {

constexpr __mmask16 kAllLanes = 0xffff;
constexpr int64_t kBatch = 16;

inline __m512i all_lanes(uint32_t bits) { return _mm512_set1_epi32(static_cast<int>(bits)); }

// Where the lanes of a register lie. `at`: its first element; `block`: the block of that, counted in the batch; `next`: the
// lanes that belong to the block after it.
struct WholeRegister {
  static constexpr __mmask16 next = 0;
  int64_t at, block;
  __m512i load(const void* x) const { return _mm512_loadu_si512(static_cast<const uint32_t*>(x) + at); }
  __m512i spread(const uint32_t* ofBlocks) const { return all_lanes(ofBlocks[block]); }
};

struct SharedRegister {
  int64_t at, block;
  __mmask16 next;
  __m512i load(const void* x) const { return _mm512_loadu_si512(static_cast<const uint32_t*>(x) + at); }
  __m512i spread(const uint32_t* ofBlocks) const {
    return _mm512_mask_set1_epi32(all_lanes(ofBlocks[block]), next, static_cast<int>(ofBlocks[block + 1]));
  }
};

// At an end of the row: `lanes` only, the first ones.
struct PartOfRegister {
  static constexpr __mmask16 next = 0;
  int64_t at, block;
  __mmask16 lanes;
  __m512i load(const void* x) const { return _mm512_maskz_loadu_epi32(lanes, static_cast<const uint32_t*>(x) + at); }
  __m512i spread(const uint32_t* ofBlocks) const { return all_lanes(ofBlocks[block]); }
};

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
//   __m512i round(place, bits)          under the steps of the lower half and the first of the upper one
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

  // Batches from one that is prepared, to the first that is not for the rounder, or the end. Returns where that is.
  int64_t run_from(int64_t batch) {
    if (ahead_ != 0) {
      rounder_.draw(batch * kElements, ahead_);
      round(PartOfRegister{batch * kElements, 0, static_cast<__mmask16>((1 << ahead_) - 1)});
    }
    while (true) {
      const bool goesOn = prepare(batch + 1, 1);
      round_batch(batch++, goesOn);
      if (!goesOn) return batch;
      rounder_.advance();
    }
  }

  // The registers that begin in a batch.
  void round_batch(int64_t batch, bool goesOn) {
    const int64_t begin = batch * kElements + ahead_;
    rounder_.draw(begin, kElements);
    if (ahead_ == 0) {
      for (int64_t block = 0; block < kBatch; block++) {
        for (int64_t i = 0; i < width; i += 16) round(WholeRegister{begin + block * width + i, block});
      }
      return;
    }
    const __mmask16 next = static_cast<__mmask16>(0xffff << (16 - ahead_));
    constexpr int64_t kLast = kBatch - 1;
    for (int64_t block = 0; block < kLast; block++) round_block(begin, block, SharedRegister{0, 0, next});
    if (goesOn) return round_block(begin, kLast, SharedRegister{0, 0, next});
    round_block(begin, kLast, PartOfRegister{0, 0, static_cast<__mmask16>(~next)});
  }

  // The registers that begin in a block; `last` says what the last of them is like.
  template <class Last>
  void round_block(int64_t begin, int64_t block, Last last) {
    if constexpr (width == 32) round(WholeRegister{begin + block * width, block});
    last.at = begin + (block + 1) * width - 16;
    last.block = block;
    round(last);
  }

  template <class Place>
  void round(const Place& place) {
    // Taking maxima outruns the hardware's own prefetching, which begins anew in every page.
    if constexpr (stream) __builtin_prefetch(x_ + place.at + 4 * kElements);
    store(place, rounder_.round(place, place.load(x_)));
  }

  void store(const PartOfRegister& place, __m512i values) { _mm512_mask_storeu_epi32(y_ + place.at, place.lanes, values); }
  template <class Place>
  void store(const Place& place, __m512i values) {
    if constexpr (stream) {
      _mm512_stream_si512(reinterpret_cast<__m512i*>(y_ + place.at), values);
    } else {
      _mm512_storeu_si512(y_ + place.at, values);
    }
  }

  const float* x_;
  float* y_;
  float* scales_;
  int64_t batches_, ahead_;
  Rounder& rounder_;
};

}  // namespace roundoff::ROUNDOFF_TIER
