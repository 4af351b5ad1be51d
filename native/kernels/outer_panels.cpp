// Packs panels of outer products. Filters go pixel by pixel into many panels at once, columns into one panel that then
// stays in L1.
#include "outer_panels.h"

#include <algorithm>
#include <cstring>

#include "gemm_chains.h"
#include "gemm_steps.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Steps ahead of the one being packed whose rows are asked for: rows lie far apart, which no hardware foresees.
constexpr int64_t kAhead = 12;
constexpr int64_t kCacheLine = 64;

void prefetch(const char* row, int64_t bytes) {
  for (int64_t i = 0; i < bytes; i += kCacheLine) __builtin_prefetch(row + i);
}

// One vector of steps: values from `first` on of one pixel or of a pair.
template <Products kProducts>
[[gnu::always_inline]] inline VecI whole_vector(const char* const* rows, int64_t first) {
  return kProducts == Products::f32 ? load_vec(rows[0] + 4 * first)
                                    : pair_values(rows[0] + 2 * first, rows[1] + 2 * first);
}

template <Products kProducts>
[[gnu::always_inline]] inline VecI part_vector(const char* const* rows, int64_t first, int64_t used) {
  return kProducts == Products::f32
             ? part_values(rows[0] + 4 * first, static_cast<int>(used))
             : pair_values(rows[0] + 2 * first, rows[1] + 2 * first, static_cast<int>(used));
}

[[gnu::always_inline]] inline void store_steps(VecI steps, char* dst) {
  store_vec(reinterpret_cast<float*>(dst), as_float(steps));
}

template <Products kProducts, int Whole>
void pack_columns(const PixelRows& pixels, int64_t first, int64_t rest, char* dst) {
  constexpr int64_t per = kProducts == Products::f32 ? 1 : 2, bytes = 4 / per;
  for (int64_t step = 0; step < pixels.steps; step++) {
    const char* const* rows = pixels.rows + step * per;
    for (int64_t i = 0; step + kAhead < pixels.steps && i < per; i++) {
      prefetch(rows[kAhead * per + i] + first * bytes, (Whole * kLanes + rest) * bytes);
    }
#pragma GCC unroll 4
    for (int v = 0; v < Whole; v++, dst += sizeof(VecI)) {
      store_steps(whole_vector<kProducts>(rows, first + v * kLanes), dst);
    }
    if (rest == 0) continue;
    store_steps(part_vector<kProducts>(rows, first + Whole * kLanes, rest), dst);
    dst += sizeof(VecI);
  }
}

template <Products kProducts>
void pack_columns(const PixelRows& pixels, int64_t first, int64_t used, char* dst) {
  using Packing = void (*)(const PixelRows&, int64_t, int64_t, char*);
  constexpr Packing packings[] = {pack_columns<kProducts, 0>, pack_columns<kProducts, 1>, pack_columns<kProducts, 2>,
                                  pack_columns<kProducts, 3>};
  packings[used / kLanes](pixels, first, used % kLanes, dst);
}

// A vector holds the same step of several panels.
constexpr int kVectorPanels = kLanes / kOuterRows;

[[gnu::always_inline]] inline void store_parts(VecI steps, int64_t panels, int64_t panelBytes, char* dst) {
#pragma GCC unroll 2
  for (int i = 0; i < kVectorPanels; i++) {
    const char* part = reinterpret_cast<const char*>(&steps) + 4 * kOuterRows * i;
    if (i < panels) memcpy(dst + i * panelBytes, part, 4 * kOuterRows);
  }
}

template <Products kProducts>
void pack_filters(const PixelRows& pixels, int64_t first, int64_t filters, int64_t panelBytes, char* dst) {
  constexpr int64_t per = kProducts == Products::f32 ? 1 : 2, bytes = 4 / per;
  const int64_t whole = filters / kLanes, rest = filters % kLanes;
  const int64_t restPanels = (rest + kOuterRows - 1) / kOuterRows;
  for (int64_t step = 0; step < pixels.steps; step++, dst += 4 * kOuterRows) {
    const char* const* rows = pixels.rows + step * per;
    for (int64_t i = 0; step + kAhead < pixels.steps && i < per; i++) {
      prefetch(rows[kAhead * per + i] + first * bytes, filters * bytes);
    }
    char* to = dst;
    for (int64_t v = 0; v < whole; v++, to += kVectorPanels * panelBytes) {
      store_parts(whole_vector<kProducts>(rows, first + v * kLanes), kVectorPanels, panelBytes, to);
    }
    if (rest > 0) store_parts(part_vector<kProducts>(rows, first + whole * kLanes, rest), restPanels, panelBytes, to);
  }
}

// One panel of BF16 filters as [row][step], in blocks that stay in L1.
void transpose_filters(const OuterTiles& tiles, const PixelRows& pixels, int64_t first, int64_t filters, char* dst) {
  constexpr int64_t kBlockSteps = 16;
  const int64_t rowBytes = filter_pitch(tiles, pixels.steps);
  for (int64_t m = filters; m < tiles.rows; m++) memset(dst + m * rowBytes, 0, static_cast<size_t>(rowBytes));
  for (int64_t block = 0; block < pixels.steps; block += kBlockSteps) {
    const int64_t end = std::min(block + kBlockSteps, pixels.steps);
    for (int64_t m = 0; m < filters; m++) {
      for (int64_t step = block; step < end; step++) {
        char* pair = dst + m * rowBytes + 4 * step;
        memcpy(pair, pixels.rows[2 * step] + 2 * (first + m), 2);
        memcpy(pair + 2, pixels.rows[2 * step + 1] + 2 * (first + m), 2);
      }
    }
  }
}

}  // namespace

ColumnCut::ColumnCut(const OuterTiles& tiles, int64_t columnCount)
    : columns(columnCount),
      vectors((columnCount + kLanes - 1) / kLanes),
      panels((vectors + tiles.widths - 1) / tiles.widths) {}

void pack_outer_columns(Products products, const PixelRows& pixels, int64_t first, int64_t used, char* dst) {
  if (products == Products::f32) {
    pack_columns<Products::f32>(pixels, first, used, dst);
  } else {
    pack_columns<Products::bf16Pairs>(pixels, first, used, dst);
  }
}

int64_t filter_pitch(const OuterTiles& tiles, int64_t steps) {
  // Whole cache lines, an odd number of them so that rows do not share cache sets.
  return tiles.transposed ? ((4 * steps + 63) / 64 | 1) * 64 : 4;
}

int64_t filter_panel_bytes(const OuterTiles& tiles, int64_t steps) {
  if (tiles.transposed) return tiles.rows * filter_pitch(tiles, steps);
  return ((4 * kOuterRows * steps + 63) / 64 | 1) * 64;
}

void pack_outer_filters(const OuterTiles& tiles, Products products, const PixelRows& pixels, int64_t first,
                        int64_t filters, char* dst) {
  const int64_t panelBytes = filter_panel_bytes(tiles, pixels.steps);
  if (tiles.transposed) {
    for (int64_t m = 0; m < filters; m += tiles.rows, dst += panelBytes) {
      transpose_filters(tiles, pixels, first + m, std::min<int64_t>(tiles.rows, filters - m), dst);
    }
  } else if (products == Products::f32) {
    pack_filters<Products::f32>(pixels, first, filters, panelBytes, dst);
  } else {
    pack_filters<Products::bf16Pairs>(pixels, first, filters, panelBytes, dst);
  }
}

void outer_norms(const char* panel, int64_t steps, int64_t columns, bool raise, float* norms) {
  for (int64_t step = 0; step < steps; step += kGranuleSteps, panel += kGranuleSteps * columns * 4, norms++) {
    const float norm = column_norm(panel, kGranuleSteps, columns);
    *norms = raise ? std::max(*norms, norm) : norm;
  }
}

int64_t outer_chains(const float* aNorms, const float* bNorms, const PanelSteps& panels, OuterRun* runs) {
  int64_t count = 0;
  float chain = 0;
  const auto append = [&](int64_t step, int64_t steps) {
    runs[count++] = {static_cast<int32_t>(step * panels.aStep), static_cast<int32_t>(step * panels.bStep),
                     static_cast<int32_t>(steps), true};
  };
  bool open = false;  // the last run may grow
  for (int64_t g = 0; g < granules(panels.steps); g++) {
    const int64_t first = g * kGranuleSteps;
    const float bound = chain_bound(aNorms[g], bNorms[g]);
    if (bound >= kChainLimit) {
      // Too large for any chain: one step at a time never overflows, |a₀b₀ + a₁b₁| ≤ 2·32767² < 2^31.
      for (int64_t k = 0; k < kGranuleSteps; k++) append(first + k, 1);
      open = false;
    } else if (open && chain + bound < kChainLimit) {
      runs[count - 1].count += kGranuleSteps;
      chain += bound;
    } else {
      append(first, kGranuleSteps);
      open = true, chain = bound;
    }
  }
  return count;
}

}  // namespace roundoff::ROUNDOFF_TIER
