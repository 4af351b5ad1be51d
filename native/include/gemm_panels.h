// Packing the columns of a product (weights, the right matrix) into panels that a register tile reads straight on:
// [panel][step][columns of the tile], every entry one 4-byte step. Columns that do not exist are zeros.
#pragma once

#include "gemm_tile.h"

namespace roundoff::ROUNDOFF_TIER {

// Where columns come from: the value of (tap, channel, column) is element
// start + tap_offset(tap) + channel·channelPitch + column·columnPitch. The reduction runs over taps, then channels.
// Taps are a grid of rows and columns at fixed distances.
struct ColumnSource {
  const Operand* operand;
  int64_t start;
  int64_t tapRows, tapRowPitch, tapColumns, tapColumnPitch;
  int64_t channels, channelPitch;
  int64_t columns, columnPitch;
  int64_t taps() const { return tapRows * tapColumns; }
  int64_t tap_offset(int64_t tap) const {
    return tap / tapColumns * tapRowPitch + tap % tapColumns * tapColumnPitch;
  }
};

// How many steps, panels and bytes the packed columns take.
struct PanelLayout {
  TileSet tiles;
  int64_t taps, stepsPerTap, columns;

  PanelLayout(const TileSet& tileSet, int64_t tapCount, int64_t channels, int64_t columnCount);
  int64_t steps() const { return taps * stepsPerTap; }
  int64_t panels() const;
  const Tile& tile(int64_t panel) const;
  int64_t columns_of(int64_t panel) const;
  // Byte offset of a panel; of `panels()`: the size of all.
  int64_t offset(int64_t panel) const;
  // Norms of granules per panel (i16 only, gemm_chains.h).
  int64_t norms_per_panel() const;
};

// Packs one panel; `norms` [norms_per_panel()] is written for i16 products only.
void pack_panel(const PanelLayout& layout, const ColumnSource& source, int64_t panel, char* panels, float* norms);

// Copies n elements from element `offset` on into the storage of steps: FP32 values, or 16-bit values one after
// another.
void copy_values(Products products, const Operand& x, int64_t offset, int64_t n, void* dst);

}  // namespace roundoff::ROUNDOFF_TIER
