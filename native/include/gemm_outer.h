// The micro-kernel interface of weight gradients: a register tile of a sum of outer products, reduced over pixels.
// Both operands are read in place, one step (a pixel, or a pair of pixels) after another. Knows nothing of shapes.
#pragma once

#include "gemm_tile.h"

namespace roundoff::ROUNDOFF_TIER {

// `count` steps from byte offsets a and b on. `spill` (i16 only): the integer sums go to FP32 after this run.
struct OuterRun {
  int32_t a, b, count;
  bool spill;
};

// out[m][n] = Σ over runs and steps i of a[run.a + i·aStep + m·aPitch] · b[run.b + i·bStep + 4·n]; out is [tile
// rows][tile columns]. aPitch is 4 but for tiles that take a transposed: there aStep is 4. Every step reads whole
// tiles of both operands.
struct OuterCall {
  const char *a, *b;
  int64_t aStep, aPitch, bStep;
  const OuterRun* runs;
  int64_t runCount;
  float* out;
};

using OuterFunction = void (*)(const OuterCall&);

// Tiles of one to `widths` vectors of `vectorColumns` columns; run[w] has w + 1 vectors.
constexpr int kOuterWidths = 3;
struct OuterTiles {
  OuterFunction run[kOuterWidths];
  int widths, rows, vectorColumns;
  bool transposed;  // how a is wanted
  // As in TileSet.
  void (*open)() = nullptr;
  void (*close)() = nullptr;
};

// Tiles for the products that `choose_tiles` chose, and for this many filters (rows of the result).
OuterTiles choose_outer_tiles(Products products, int64_t filters, const CpuFeatures& cpu);

}  // namespace roundoff::ROUNDOFF_TIER
