// Packs columns into panels, converting storage to the products' operands on the way.
#include "gemm_panels.h"

#include <algorithm>
#include <cstring>

#include "block_io.h"
#include "gemm_chains.h"
#include "gemm_convert.h"
#include "gemm_transpose.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Channels are taken in blocks so that reads and writes of a transposing copy both stay in L1.
constexpr int64_t kChannelBlock = 16;

// Packs columns first … last−1 of channels channelFirst … channelLast−1 to
// dst[(channel / per)·panelColumns·per + column·per + channel % per]: `per` values to a step.
template <class Conversion>
void pack_values(const ColumnSource& source, const typename Conversion::From* from, int64_t first, int64_t last,
                 int64_t channelFirst, int64_t channelLast, int64_t panelColumns, typename Conversion::To* to) {
  constexpr int64_t per = 4 / sizeof(typename Conversion::To);
  if (source.columnPitch == 1 && per == 2) {
    // Whole pairs are written, so that the compiler can use vectors.
    for (int64_t c = channelFirst; c < channelLast; c += 2) {
      auto* row = reinterpret_cast<uint32_t*>(to) + c / 2 * panelColumns;
      const auto* low = from + c * source.channelPitch;
      const auto* high = low + source.channelPitch;
      const bool odd = c + 1 == channelLast;
      for (int64_t n = first; n < last; n++) {
        row[n] = Conversion::convert(low[n]) | (odd ? 0 : static_cast<uint32_t>(Conversion::convert(high[n])) << 16);
      }
    }
    return;
  }
  if (source.columnPitch == 1) {
    for (int64_t c = channelFirst; c < channelLast; c++) {
      auto* row = to + c / per * panelColumns * per + c % per;
      const auto* values = from + c * source.channelPitch;
      for (int64_t n = first; n < last; n++) row[n * per] = Conversion::convert(values[n]);
    }
    return;
  }
  for (int64_t c0 = channelFirst; c0 < channelLast; c0 += kChannelBlock) {
    const int64_t end = std::min(c0 + kChannelBlock, channelLast);
    for (int64_t n = first; n < last; n++) {
      const auto* values = from + n * source.columnPitch;
      for (int64_t c = c0; c < end; c++) {
        to[(c / per * panelColumns + n) * per + c % per] = Conversion::convert(values[c * source.channelPitch]);
      }
    }
  }
}

template <class Conversion>
void pack_tap(const ColumnSource& source, int64_t first, int64_t columns, int64_t tap, int64_t panelColumns,
              char* dst) {
  using From = typename Conversion::From;
  using To = typename Conversion::To;
  const auto* from = static_cast<const From*>(source.operand->data) + source.start + source.tap_offset(tap) +
                     first * source.columnPitch;
  auto* to = reinterpret_cast<To*>(dst);
  int64_t channel = 0;
  if (sizeof(From) == sizeof(To) && source.channelPitch == 1) {
    // Nothing to convert and steps are contiguous: squares of steps are transposed in registers.
    constexpr int64_t square = kLanes * 4 / sizeof(To);
    const int64_t whole = columns / kLanes * kLanes;
    for (; channel + square <= source.channels; channel += square) {
      char* rows = dst + channel / (4 / sizeof(To)) * panelColumns * 4;
      for (int64_t n = 0; n < whole; n += kLanes) {
        transpose_square(reinterpret_cast<const char*>(from + n * source.columnPitch + channel),
                         source.columnPitch * sizeof(From), rows + n * 4, panelColumns * 4);
      }
      pack_values<Conversion>(source, from, whole, columns, channel, channel + square, panelColumns, to);
    }
  }
  pack_values<Conversion>(source, from, 0, columns, channel, source.channels, panelColumns, to);
}

void panel_norms(const PanelLayout& layout, const char* packed, int64_t columns, float* norms) {
  for (int64_t tap = 0; tap < layout.taps; tap++) {
    for (int64_t step = 0; step < layout.stepsPerTap; step += kGranuleSteps) {
      const int64_t steps = std::min(kGranuleSteps, layout.stepsPerTap - step);
      *norms++ = column_norm(packed + (tap * layout.stepsPerTap + step) * columns * 4, steps, columns);
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
  const int64_t first = panel * layout.tiles.wide.columns;
  const bool full = used == columns && source.channels % values_per_step(layout.tiles.products) == 0;
  if (!full) memset(dst, 0, static_cast<size_t>(layout.taps * tapBytes));
  for (int64_t tap = 0; tap < layout.taps; tap++) {
    with_conversion(layout.tiles.products, source.operand->dtype, [&](auto conversion) {
      pack_tap<decltype(conversion)>(source, first, used, tap, columns, dst + tap * tapBytes);
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
