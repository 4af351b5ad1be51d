// Packing the operands of sums of outer products: values of pixels, wherever they lie, into panels that a register tile
// reads straight on. Pairs of neighbouring pixels are formed here, once for all tiles. Knows nothing of images.
#pragma once

#include "gemm_outer.h"

namespace roundoff::ROUNDOFF_TIER {

// One pointer per pixel to its values, already in the products' operands; steps · values_per_step of them.
struct PixelRows {
  const char* const* rows;
  int64_t steps;
};

// Vectors of panel p, when `columns` columns are cut into panels of nearly equal width, none wider than the tiles.
struct ColumnCut {
  int64_t columns, vectors, panels;
  ColumnCut(const OuterTiles& tiles, int64_t columnCount);
  int64_t first_vector(int64_t panel) const { return panel * vectors / panels; }
  int64_t vectors_of(int64_t panel) const { return first_vector(panel + 1) - first_vector(panel); }
  int64_t first(int64_t panel) const { return first_vector(panel) * kLanes; }
  int64_t used(int64_t panel) const {
    const int64_t whole = vectors_of(panel) * kLanes, left = columns - first(panel);
    return left < whole ? left : whole;
  }
};

// dst[step][whole vectors] from values first … first + used − 1 of every pixel; columns behind them are zeros.
void pack_outer_columns(Products products, const PixelRows& pixels, int64_t first, int64_t used, char* dst);

// Bytes from step to step of packed filters, from filter to filter, and from one panel of them to the next.
inline int64_t filter_step_bytes(const OuterTiles& tiles) { return tiles.transposed ? 4 : 4 * kOuterRows; }
int64_t filter_pitch(const OuterTiles& tiles, int64_t steps);
int64_t filter_panel_bytes(const OuterTiles& tiles, int64_t steps);
// Panels of tiles.rows filters each, from values first … first + filters − 1 of every pixel; missing filters are zeros.
void pack_outer_filters(const OuterTiles& tiles, Products products, const PixelRows& pixels, int64_t first,
                        int64_t filters, char* dst);

// norms[g] bounds granule g (kGranuleSteps steps) of any column of [steps][columns]; `columns` is a multiple of kLanes,
// or kLanes one of it. With `raise`, norms only grow.
void outer_norms(const char* panel, int64_t steps, int64_t columns, bool raise, float* norms);

// The runs of one panel of each operand, so that INT32 sums cannot overflow (gemm_chains.h); returns how many, at most
// `steps`.
struct PanelSteps {
  int64_t aStep, bStep, steps;
};
int64_t outer_chains(const float* aNorms, const float* bNorms, const PanelSteps& panels, OuterRun* runs);

}  // namespace roundoff::ROUNDOFF_TIER
