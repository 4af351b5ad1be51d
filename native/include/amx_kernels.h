// Register tiles of BF16 products on AMX, behind the same interfaces as those on vector registers. Written against
// a Tiles class (amx_tiles.h, tile_model.h). A chunk is the 16 steps that one instruction multiplies; where a chunk
// does not lie in memory as tiles want it (rows at odd distances, the end of a run), it is gathered, and missing
// steps are zeros on both sides: nothing outside of the reduction is ever multiplied.
#pragma once

#include <cstring>

#include "gemm_outer.h"
#include "gemm_tile.h"

namespace roundoff::ROUNDOFF_TIER {

constexpr int kChunkSteps = 16;
constexpr int kTileRows = 16;
constexpr int kTileBytes = 64;

// One chunk: A tiles (two of 16 rows) and B tiles (up to two of 16 columns).
struct Chunk {
  const char* a[2];
  const char* b[2];
  int64_t aPitch, bPitch;
};

struct ChunkSpace {
  alignas(64) char a[2 * kTileRows * kTileBytes];
  alignas(64) char b[2 * kTileRows * kTileBytes];
};

// The chunks of a TileCall: rows through pointers, panels of `Columns` columns straight on.
template <int Columns>
class TileChunks {
 public:
  TileChunks(const TileCall& call, ChunkSpace& space) : call_(call), space_(space), panel_(call.panel) {
    pitch_ = call.rows[1] - call.rows[0];
    for (int m = 2; m < 2 * kTileRows; m++) {
      // The second half may start anywhere, but one chunk has one pitch.
      if (m != kTileRows && call.rows[m] - call.rows[m - 1] != pitch_) pitch_ = 0;
    }
    for (int64_t r = 0; r < call.runCount; r++) steps_ += call.runs[r].count;
  }

  bool next(Chunk& chunk) {
    if (steps_ == 0) return false;
    const int64_t take = steps_ < kChunkSteps ? steps_ : kChunkSteps;
    while (call_.runs[run_].count == done_) run_++, done_ = 0;
    if (take == kChunkSteps && pitch_ != 0 && call_.runs[run_].count - done_ >= kChunkSteps) {
      const int64_t offset = call_.runs[run_].offset + 4 * done_;
      chunk = {{call_.rows[0] + offset, call_.rows[kTileRows] + offset}, {}, pitch_, 0};
      done_ += kChunkSteps;
    } else {
      gather_rows(take);
      chunk = {{space_.a, space_.a + kTileRows * kTileBytes}, {}, kTileBytes, 0};
    }
    constexpr int64_t rowBytes = Columns * 4;
    chunk.bPitch = rowBytes;
    chunk.b[0] = panel_;
    if (take < kChunkSteps) {
      memset(space_.b, 0, sizeof space_.b);
      memcpy(space_.b, panel_, static_cast<size_t>(take * rowBytes));
      chunk.b[0] = space_.b;
    }
    chunk.b[1] = chunk.b[0] + kTileBytes;
    panel_ += take * rowBytes;
    steps_ -= take;
    return true;
  }

 private:
  // `take` steps from the current run on and as many runs behind it as that needs.
  void gather_rows(int64_t take) {
    if (take < kChunkSteps) memset(space_.a, 0, sizeof space_.a);
    for (int64_t filled = 0; filled < take;) {
      while (call_.runs[run_].count == done_) run_++, done_ = 0;
      const int64_t left = call_.runs[run_].count - done_;
      const int64_t n = left < take - filled ? left : take - filled;
      const int64_t offset = call_.runs[run_].offset + 4 * done_;
      for (int m = 0; m < 2 * kTileRows; m++) {
        memcpy(space_.a + m * kTileBytes + 4 * filled, call_.rows[m] + offset, static_cast<size_t>(4 * n));
      }
      filled += n;
      done_ += n;
    }
  }

  const TileCall& call_;
  ChunkSpace& space_;
  const char* panel_;
  int64_t pitch_, steps_ = 0, run_ = 0, done_ = 0;
};

// The chunks of an OuterCall whose a is transposed: value m of step i at a + run.a + 4·i + m·aPitch.
class OuterChunks {
 public:
  OuterChunks(const OuterCall& call, int rows, int columns, ChunkSpace& space)
      : call_(call), space_(space), rows_(rows), columns_(columns) {
    for (int64_t r = 0; r < call.runCount; r++) steps_ += call.runs[r].count;
  }

  bool next(Chunk& chunk) {
    if (steps_ == 0) return false;
    while (call_.runs[run_].count == done_) run_++, done_ = 0;
    const OuterRun& run = call_.runs[run_];
    const int64_t take = steps_ < kChunkSteps ? steps_ : kChunkSteps;
    if (run.count - done_ >= kChunkSteps) {
      const char* a = call_.a + run.a + done_ * 4;
      const char* b = call_.b + run.b + done_ * call_.bStep;
      chunk = {{a, a + kTileRows * call_.aPitch}, {b, b + kTileBytes}, call_.aPitch, call_.bStep};
      done_ += kChunkSteps;
    } else {
      gather(take);
      const int64_t rowBytes = columns_ * 4;
      chunk = {{space_.a, space_.a + kTileRows * kTileBytes}, {space_.b, space_.b + kTileBytes}, kTileBytes, rowBytes};
    }
    steps_ -= take;
    return true;
  }

 private:
  void gather(int64_t take) {
    if (take < kChunkSteps) {
      memset(space_.a, 0, sizeof space_.a);
      memset(space_.b, 0, sizeof space_.b);
    }
    const int64_t rowBytes = columns_ * 4;
    for (int64_t filled = 0; filled < take;) {
      while (call_.runs[run_].count == done_) run_++, done_ = 0;
      const OuterRun& run = call_.runs[run_];
      const int64_t n = run.count - done_ < take - filled ? run.count - done_ : take - filled;
      for (int m = 0; m < rows_; m++) {
        memcpy(space_.a + m * kTileBytes + 4 * filled, call_.a + run.a + done_ * 4 + m * call_.aPitch,
               static_cast<size_t>(4 * n));
      }
      for (int64_t i = 0; i < n; i++) {
        memcpy(space_.b + (filled + i) * rowBytes, call_.b + run.b + (done_ + i) * call_.bStep,
               static_cast<size_t>(rowBytes));
      }
      filled += n;
      done_ += n;
    }
  }

  const OuterCall& call_;
  ChunkSpace& space_;
  int64_t rows_, columns_, steps_ = 0, run_ = 0, done_ = 0;
};

// Two by two tiles (C 0–3, A 4–5, B 6–7), or fewer; their sums begin at zero or at what `out` holds. The next tiles are loaded right after the last use of the old
// ones, which measured 19–27 % faster than in the usual order.
template <bool TwoRows, bool TwoColumns, bool Adds, class Tiles, class Chunks>
void multiply_chunks(Tiles& tiles, Chunks& chunks, float* out, int64_t pitchBytes) {
  Chunk c;
  char* to = reinterpret_cast<char*>(out);
  char* below = to + kTileRows * pitchBytes;
  if (Adds) {
    tiles.template load<0>(to, pitchBytes);
    if (TwoColumns) tiles.template load<1>(to + kTileBytes, pitchBytes);
    if (TwoRows) tiles.template load<2>(below, pitchBytes);
    if (TwoRows && TwoColumns) tiles.template load<3>(below + kTileBytes, pitchBytes);
  } else {
    tiles.template zero<0>();
    if (TwoColumns) tiles.template zero<1>();
    if (TwoRows) tiles.template zero<2>();
    if (TwoRows && TwoColumns) tiles.template zero<3>();
  }
  bool more = chunks.next(c);
  if (more) {
    tiles.template load<4>(c.a[0], c.aPitch);
    tiles.template load<6>(c.b[0], c.bPitch);
    if (TwoColumns) tiles.template load<7>(c.b[1], c.bPitch);
    if (TwoRows) tiles.template load<5>(c.a[1], c.aPitch);
  }
  while (more) {
    more = chunks.next(c);
    tiles.template dot<0, 4, 6>();
    if (TwoColumns) tiles.template dot<1, 4, 7>();
    if (more) tiles.template load<4>(c.a[0], c.aPitch);
    if (TwoRows) tiles.template dot<2, 5, 6>();
    if (more) tiles.template load<6>(c.b[0], c.bPitch);
    if (TwoRows && TwoColumns) tiles.template dot<3, 5, 7>();
    if (more && TwoColumns) tiles.template load<7>(c.b[1], c.bPitch);
    if (more && TwoRows) tiles.template load<5>(c.a[1], c.aPitch);
  }
  tiles.template store<0>(to, pitchBytes);
  if (TwoColumns) tiles.template store<1>(to + kTileBytes, pitchBytes);
  if (TwoRows) tiles.template store<2>(below, pitchBytes);
  if (TwoRows && TwoColumns) tiles.template store<3>(below + kTileBytes, pitchBytes);
}

template <class Tiles, bool TwoColumns>
void amx_tile(const TileCall& call) {
  Tiles tiles;
  ChunkSpace space;
  TileChunks<TwoColumns ? 32 : 16> chunks(call, space);
  multiply_chunks<true, TwoColumns, false>(tiles, chunks, call.out, call.outPitch * 4);
}

template <class Tiles, bool TwoRows, bool TwoColumns>
void amx_outer(const OuterCall& call) {
  Tiles tiles;
  ChunkSpace space;
  constexpr int columns = TwoColumns ? 32 : 16;
  OuterChunks chunks(call, TwoRows ? 32 : 16, columns, space);
  multiply_chunks<TwoRows, TwoColumns, true>(tiles, chunks, call.sums, columns * 4);
}

template <class Tiles>
TileSet amx_tiles() {
  return {Products::bf16Pairs, {amx_tile<Tiles, true>, 32, 32}, {amx_tile<Tiles, false>, 32, 16}, Tiles::configure,
          Tiles::release};
}

template <class Tiles>
OuterTiles amx_outer_tiles(int64_t filters) {
  if (filters <= kTileRows) {
    return {{amx_outer<Tiles, false, false>, amx_outer<Tiles, false, true>, nullptr}, 2, 16, true, Tiles::configure,
            Tiles::release};
  }
  return {{amx_outer<Tiles, true, false>, amx_outer<Tiles, true, true>, nullptr}, 2, 32, true, Tiles::configure,
          Tiles::release};
}

}  // namespace roundoff::ROUNDOFF_TIER
