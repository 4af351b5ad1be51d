// Panels outside, tiles inside, so that a panel is read from L2 for every tile of a pass; partial tiles are
// computed whole into a side buffer and only what exists is copied.
#include "gemm_block.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "block_io.h"
#include "thread_pool.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

void copy_part(const float* tile, int64_t tilePitch, int64_t rows, int64_t columns, float* out, int64_t pitch) {
  for (int64_t m = 0; m < rows; m++) {
    memcpy(out + m * pitch, tile + m * tilePitch, static_cast<size_t>(columns) * sizeof(float));
  }
}

}  // namespace

int64_t runs_needed(const PanelLayout& layout) {
  return layout.tiles.products == Products::i16Pairs ? layout.steps() : layout.taps;
}

void multiply_rows(const RowBlock& block, int64_t first, int64_t count, const PackedColumns& columns, Run* runs,
                   float* tileSpace, float* out, int64_t pitch) {
  const PanelLayout& layout = columns.layout;
  const bool integer = layout.tiles.products == Products::i16Pairs;
  if (layout.tiles.open != nullptr) layout.tiles.open();
  int64_t runCount = integer ? 0 : plain_runs(columns.taps, layout.taps, runs);
  for (int64_t p = columns.firstPanel; p < columns.lastPanel; p++) {
    const Tile& tile = layout.tile(p);
    const int64_t used = layout.columns_of(p);
    if (integer) {
      const float* panelNorms = columns.norms + p * layout.norms_per_panel();
      runCount = chained_runs(columns.taps, layout.taps, block.norms, panelNorms, runs);
    }
    for (int64_t m = 0; m < count; m += tile.rows) {
      const int64_t rows = std::min<int64_t>(tile.rows, count - m);
      const int64_t row = first + m;
      float* target = out + m * pitch + (p - columns.firstPanel) * layout.tiles.wide.columns;
      const char* panel = columns.panels + layout.offset(p);
      if (rows == tile.rows && used == tile.columns) {
        tile.run({block.rows + row, runs, runCount, panel, target, pitch});
      } else {
        tile.run({block.rows + row, runs, runCount, panel, tileSpace, tile.columns});
        copy_part(tileSpace, tile.columns, rows, used, target, pitch);
      }
    }
  }
  if (layout.tiles.close != nullptr) layout.tiles.close();
}

void fill_nan(const Operand& out, Context& ctx) {
  ctx.pool.parallel_for((out.elements + kBlock - 1) / kBlock, [&](int64_t task, int) {
    float values[kBlock];
    const int64_t n = std::min(kBlock, out.elements - task * kBlock);
    std::fill_n(values, n, std::numeric_limits<float>::quiet_NaN());
    store_block(out, task * kBlock, n, values, ctx.clock);
  });
}

void scale_by_power(float* x, int64_t n, int exponent) {
  if (exponent >= -126 && exponent <= 127) {
    const float scale = std::ldexp(1.0f, exponent);
    for (int64_t i = 0; i < n; i++) x[i] *= scale;
  } else {
    // Beyond FP32's own range: FP64 holds the product exactly, so subnormal results are rounded once.
    const double scale = std::ldexp(1.0, exponent);
    for (int64_t i = 0; i < n; i++) x[i] = static_cast<float>(x[i] * scale);
  }
}

}  // namespace roundoff::ROUNDOFF_TIER
