// The one form that convolutions and their input gradients take: every output position of a grid is a sum over
// taps, each tap a source pixel at a fixed distance times weights. A strided input gradient is several of these.
#pragma once

#include "gemm_panels.h"

namespace roundoff::ROUNDOFF_TIER {

// Taps along one axis: position p reads source pixels p·stride + first + i·distance for i < count.
struct TapAxis {
  int64_t first, distance, count;
  int64_t positions, stride;
  // Source pixels that n positions touch.
  int64_t extent(int64_t n) const { return count > 0 ? (n - 1) * stride + (count - 1) * distance + 1 : 0; }
};

// Where position (u, v) is stored: pixel (firstRow + u·rowStep, firstColumn + v·columnStep) of the output.
struct Placement {
  int64_t firstRow, rowStep, firstColumn, columnStep;
};

struct Stencil {
  const Operand& source;  // [images, height, width, groups·channels]
  const Operand& out;     // [images, height, width, groups·columns]
  int64_t groups;
  TapAxis rows, columns;
  // Weights of group 0, taps in order [row tap][column tap]; the next group's start groupPitch elements on.
  ColumnSource weights;
  int64_t groupPitch;
  Placement place;
  int exponent;  // i16: the sums are scaled by 2^exponent
};

void run_stencil(const Stencil& stencil, const TileSet& tiles, Context& ctx);

}  // namespace roundoff::ROUNDOFF_TIER
