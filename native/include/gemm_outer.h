// The micro-kernel interface of weight gradients: a register tile of a sum of outer products, reduced over pixels,
// one step (a pixel, or a pair of pixels) after another. Knows nothing of shapes, nor who packed what.
#pragma once

#include "gemm_tile.h"
#include "gemm_vector.h"

namespace roundoff::ROUNDOFF_TIER {

// `count` steps from byte offsets a and b on. `spill` (i16 only): the integer sums go to FP32 after this run; true for
// the last run.
struct OuterRun {
  int32_t a, b, count;
  bool spill;
};

// sums[m][n] += Σ over runs and steps i of a[run.a + i·aStep + m·aPitch] · b[run.b + i·bStep + 4·n]; sums is [tile
// rows][tile columns]. aPitch is 4 but for tiles that take a transposed: there aStep is 4. Every step reads whole
// tiles of both operands.
struct OuterCall {
  const char *a, *b;
  int64_t aStep, aPitch, bStep;
  const OuterRun* runs;
  int64_t runCount;
  float* sums;
};

using OuterFunction = void (*)(const OuterCall&);

// 8 × 3 accumulators, 3 vectors and a broadcast fill 32 registers best; 4 × 3 fill 16.
constexpr int kOuterRows = kLanes == 16 ? 8 : 4;
// Tiles of one to `widths` vectors of kLanes columns; run[w] has w + 1 vectors.
constexpr int kOuterWidths = 3;
struct OuterTiles {
  OuterFunction run[kOuterWidths];
  int widths, rows;
  bool transposed;  // how a is wanted
  // As in TileSet.
  void (*open)() = nullptr;
  void (*close)() = nullptr;
};

// Tiles for the products that `choose_tiles` chose, and for this many filters (rows of the result).
OuterTiles choose_outer_tiles(Products products, int64_t filters, const CpuFeatures& cpu);

}  // namespace roundoff::ROUNDOFF_TIER
