// A block of rows (pixels, matrix rows) times packed panels: the loop around the register tiles. Used by matrix
// products, convolutions and their input gradients; knows nothing of where rows come from or results go.
#pragma once

#include "gemm_chains.h"
#include "gemm_panels.h"

namespace roundoff::ROUNDOFF_TIER {

// `rows` holds `count` pointers and kRowSlack more (any valid row), for the last tile. `norms` bounds the granules
// of all rows (i16 only, gemm_chains.h).
struct RowBlock {
  const char** rows;
  const float* norms;
};

constexpr int64_t kRowSlack = 64;
// Rows that share a pass over the panels: enough to reuse a panel from L2, few enough for their results to stay
// there. Whole tiles of the first panel.
inline int64_t pass_rows(const PanelLayout& layout) { return 112 / layout.tile(0).rows * layout.tile(0).rows; }

struct PackedColumns {
  const PanelLayout& layout;
  const char* panels;
  const float* norms;
  const Tap* taps;  // offsets from a row pointer, in the order of the panels' steps
  int64_t firstPanel, lastPanel;
};

// out[(m − first)·pitch + n] for rows first … first+count of the block and the columns of panels firstPanel …
// lastPanel − 1. `runs`: room for runs_needed(layout). `tileSpace`: kTileSpace floats. INT16: bare sums, not yet
// scaled.
void multiply_rows(const RowBlock& block, int64_t first, int64_t count, const PackedColumns& columns, Run* runs,
                   float* tileSpace, float* out, int64_t pitch);

constexpr int64_t kTileSpace = 32 * 32;
int64_t runs_needed(const PanelLayout& layout);

// Writes NaN to all of `out`: what a product is when a shared exponent says its operand is not a number.
void fill_nan(const Operand& out, Context& ctx);

// x ← x · 2^exponent, rounded once.
void scale_by_power(float* x, int64_t n, int exponent);

}  // namespace roundoff::ROUNDOFF_TIER
