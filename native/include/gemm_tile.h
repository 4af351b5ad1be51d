// The micro-kernel interface: one register tile of a matrix product whose rows are read in place through pointers
// (pixels of a padded image, rows of a matrix) and whose columns come from packed panels. Knows nothing of shapes.
#pragma once

#include "command.h"

namespace roundoff::ROUNDOFF_TIER {

// How products are formed. A step is one FP32 value or a pair of 16-bit values; it always takes 4 bytes.
enum class Products : uint8_t { f32, bf16Pairs, i16Pairs };

inline int values_per_step(Products products) { return products == Products::f32 ? 1 : 2; }

// `count` consecutive steps, starting `offset` bytes behind each row pointer. Panels are read straight on.
// `spill` (i16 only): the integer sums are added to the FP32 sums after this run; true for the last run.
struct Run {
  int32_t offset, count;
  bool spill;
};

// out[m·outPitch + n] = Σ over runs of rows[m][…] · panel[…][n]. A panel is [steps][columns] of 4-byte steps.
struct TileCall {
  const char* const* rows;
  const Run* runs;
  int64_t runCount;
  const char* panel;
  float* out;
  int64_t outPitch;
};

using TileFunction = void (*)(const TileCall&);

struct Tile {
  TileFunction run;
  int rows, columns;
};

// `wide` for all panels but a last one of at most `narrow.columns` columns.
struct TileSet {
  Products products;
  Tile wide, narrow;
  // Called by the thread that runs tiles, before and after a stretch of them; null where registers need no care.
  void (*open)() = nullptr;
  void (*close)() = nullptr;
  const Tile& for_columns(int64_t columns) const { return columns > narrow.columns ? wide : narrow; }
};

// The best tiles for a carrier on this processor. BF16 falls back to FP32 products where pairs would be slower.
TileSet choose_tiles(Carrier carrier, const CpuFeatures& cpu);

}  // namespace roundoff::ROUNDOFF_TIER
