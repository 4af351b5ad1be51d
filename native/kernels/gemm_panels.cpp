// Packs columns into panels, converting storage to the products' operands on the way.
#include "gemm_panels.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "block_io.h"
#include "gemm_chains.h"
#include "gemm_convert.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Channels are taken in blocks so that reads and writes of a transposing copy both stay in L1.
constexpr int64_t kChannelBlock = 16;

// dst[(channel / per)·columns·per + column·per + channel % per]: `per` values to a step.
template <class Conversion>
void pack_tap(const ColumnSource& source, int64_t first, int64_t columns, int64_t tap, int64_t panelColumns,
              void* destination) {
  constexpr int64_t per = 4 / sizeof(typename Conversion::To);
  const auto* from = static_cast<const typename Conversion::From*>(source.operand->data) + source.start +
                     source.tap_offset(tap) + first * source.columnPitch;
  auto* to = static_cast<typename Conversion::To*>(destination);
  if (source.columnPitch == 1) {
    for (int64_t c = 0; c < source.channels; c++) {
      auto* row = to + c / per * panelColumns * per + c % per;
      const auto* values = from + c * source.channelPitch;
      for (int64_t n = 0; n < columns; n++) row[n * per] = Conversion::convert(values[n]);
    }
    return;
  }
  for (int64_t c0 = 0; c0 < source.channels; c0 += kChannelBlock) {
    const int64_t end = std::min(c0 + kChannelBlock, source.channels);
    for (int64_t n = 0; n < columns; n++) {
      const auto* values = from + n * source.columnPitch;
      for (int64_t c = c0; c < end; c++) {
        to[(c / per * panelColumns + n) * per + c % per] = Conversion::convert(values[c * source.channelPitch]);
      }
    }
  }
}

void panel_norms(const PanelLayout& layout, const char* packed, int64_t columns, float* norms) {
  const auto* x = reinterpret_cast<const int16_t*>(packed);
  for (int64_t tap = 0; tap < layout.taps; tap++) {
    for (int64_t step = 0; step < layout.stepsPerTap; step += kGranuleSteps) {
      const int64_t steps = std::min(kGranuleSteps, layout.stepsPerTap - step);
      const int16_t* granule = x + (tap * layout.stepsPerTap + step) * columns * 2;
      float norm = 0;
      for (int64_t n = 0; n < columns; n++) {
        // The two halves of a pair have the same stride: bound both and combine.
        const float even = granule_norm(granule + 2 * n, steps, 2 * columns);
        const float odd = granule_norm(granule + 2 * n + 1, steps, 2 * columns);
        norm = std::max(norm, even * even + odd * odd);
      }
      *norms++ = std::sqrt(norm) * (1.0f + 1e-6f);
    }
  }
}

}  // namespace

PanelLayout::PanelLayout(const TileSet& tileSet, int64_t tapCount, int64_t channels, int64_t columnCount)
    : tiles(tileSet), taps(tapCount), columns(columnCount) {
  const int64_t per = values_per_step(tileSet.products);
  stepsPerTap = (channels + per - 1) / per;
}

int64_t PanelLayout::panels() const { return (columns + tiles.wide.columns - 1) / tiles.wide.columns; }

int64_t PanelLayout::columns_of(int64_t panel) const {
  return std::min<int64_t>(tiles.wide.columns, columns - panel * tiles.wide.columns);
}

const Tile& PanelLayout::tile(int64_t panel) const { return tiles.for_columns(columns_of(panel)); }

int64_t PanelLayout::offset(int64_t panel) const {
  if (panel == panels() && panel > 0) {
    return offset(panel - 1) + steps() * 4 * tile(panel - 1).columns;
  }
  return panel * steps() * 4 * tiles.wide.columns;
}

int64_t PanelLayout::norms_per_panel() const {
  return tiles.products == Products::i16Pairs ? taps * granules(stepsPerTap) : 0;
}

void pack_panel(const PanelLayout& layout, const ColumnSource& source, int64_t panel, char* panels, float* norms) {
  const int64_t columns = layout.tile(panel).columns;
  const int64_t used = layout.columns_of(panel);
  const int64_t tapBytes = layout.stepsPerTap * columns * 4;
  char* dst = panels + layout.offset(panel);
  const bool full = used == columns && source.channels % values_per_step(layout.tiles.products) == 0;
  if (!full) memset(dst, 0, static_cast<size_t>(layout.taps * tapBytes));
  for (int64_t tap = 0; tap < layout.taps; tap++) {
    with_conversion(layout.tiles.products, source.operand->dtype, [&](auto conversion) {
      pack_tap<decltype(conversion)>(source, panel * layout.tiles.wide.columns, used, tap, columns, dst + tap * tapBytes);
    });
  }
  if (layout.tiles.products == Products::i16Pairs) {
    panel_norms(layout, dst, columns, norms + panel * layout.norms_per_panel());
  }
}

void copy_values(Products products, const Operand& x, int64_t offset, int64_t n, void* dst) {
  if (products == Products::f32) {
    load_block(x, offset, n, static_cast<float*>(dst));
  } else if (bytes_of(x.dtype) == 2) {
    memcpy(dst, static_cast<const uint16_t*>(x.data) + offset, static_cast<size_t>(2 * n));
  } else {
    const auto* from = static_cast<const uint32_t*>(x.data) + offset;
    auto* to = static_cast<uint16_t*>(dst);
    for (int64_t i = 0; i < n; i++) to[i] = UpperHalf::convert(from[i]);
  }
}

}  // namespace roundoff::ROUNDOFF_TIER
