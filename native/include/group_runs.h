// Walking a tensor whose elements share scales: contiguous runs of elements, and bands of runs whose groups lie in no
// other band. Knows nothing of values.
#pragma once

#include "bulk_chunks.h"

namespace roundoff::ROUNDOFF_TIER {

// n ≤ kPiece contiguous elements. Element i belongs to group `group` + ⌊i / width⌋; of runs with a period (then the width is
// 1) to group `group` + i mod period.
struct GroupRun {
  int64_t offset, n, group, width;
  int64_t period = 0;
};

// The layout with as few and as long rows as the same groups allow.
inline GroupLayout flattened(GroupLayout layout) {
  if (layout.slices || layout.inner != 1 || layout.blockRows != 1) return layout;
  layout.blockColumns = std::min(layout.blockColumns, std::max<int64_t>(layout.columns, 1));
  if (layout.columns % layout.blockColumns != 0) return layout;
  return {1, 1, layout.elements(), 1, 1, layout.blockColumns, false};
}

// Bands of a layout of tiles: tile row × a stretch of columns (inner 1), or tile × a stretch of inner indices.
class Bands {
 public:
  explicit Bands(const GroupLayout& layout) : l_(layout) {
    tileRows_ = l_.tile_rows();
    tileColumns_ = l_.tile_columns();
    blocks_ = std::max<int64_t>(1, kPiece / l_.blockColumns);
    stretch_ = l_.inner == 1 ? blocks_ * l_.blockColumns : kPiece;
    across_ = l_.inner == 1 ? 1 : tileColumns_;
    stretches_ = chunks_of(l_.inner == 1 ? l_.columns : l_.inner, stretch_);
  }

  int64_t count() const { return l_.elements() == 0 ? 0 : l_.outer * tileRows_ * across_ * stretches_; }
  // Elements of a group in a row.
  int64_t width() const { return l_.inner == 1 ? l_.blockColumns : 1; }

  struct Band {
    int64_t outer, tileRow, tileColumn, begin, n;  // `begin`, `n`: the stretch
    int64_t group, groups;                         // the groups of the band are contiguous
  };

  Band at(int64_t index) const {
    Band band{};
    // Most tensors are one row (flattened): no division then.
    const int64_t tile = index < stretches_ ? 0 : index / stretches_, stretch = index - tile * stretches_;
    band.begin = stretch * stretch_;
    band.n = std::min(stretch_, (l_.inner == 1 ? l_.columns : l_.inner) - band.begin);
    if (tile != 0) {
      band.tileColumn = tile % across_;
      band.tileRow = tile / across_ % tileRows_;
      band.outer = tile / across_ / tileRows_;
    }
    const int64_t tileIndex = (band.outer * tileRows_ + band.tileRow) * tileColumns_;
    if (l_.inner == 1) {
      band.group = tileIndex + stretch * blocks_;
      band.groups = band.n == stretch_ ? blocks_ : chunks_of(band.n, l_.blockColumns);
    } else {
      band.group = (tileIndex + band.tileColumn) * l_.inner + band.begin;
      band.groups = band.n;
    }
    return band;
  }

  // As `runs`, in fewer and longer ones with a period where a tile is contiguous.
  template <class Body>
  void long_runs(const Band& band, const Body& body) const {
    if (l_.inner == 1 || band.n != l_.inner || l_.inner > kPiece / 2) return runs(band, body);
    const int64_t lastRow = std::min(l_.rows, (band.tileRow + 1) * l_.blockRows);
    const int64_t firstColumn = band.tileColumn * l_.blockColumns;
    const int64_t n = std::min(l_.columns - firstColumn, l_.blockColumns) * l_.inner;
    const int64_t most = kPiece / l_.inner * l_.inner;
    for (int64_t row = band.tileRow * l_.blockRows; row < lastRow; row++) {
      const int64_t start = ((band.outer * l_.rows + row) * l_.columns + firstColumn) * l_.inner;
      for (int64_t i = 0; i < n; i += most) body(GroupRun{start + i, std::min(most, n - i), 0, 1, l_.inner});
    }
  }

  // body(run) for every run of a band; groups count from the band's first.
  template <class Body>
  void runs(const Band& band, const Body& body) const {
    const int64_t lastRow = std::min(l_.rows, (band.tileRow + 1) * l_.blockRows);
    for (int64_t row = band.tileRow * l_.blockRows; row < lastRow; row++) {
      const int64_t start = (band.outer * l_.rows + row) * l_.columns;
      if (l_.inner == 1) {
        for (int64_t i = 0; i < band.n; i += kPiece) {
          const int64_t n = std::min(kPiece, band.n - i);
          body(GroupRun{start + band.begin + i, n, 0, l_.blockColumns});
        }
        continue;
      }
      const int64_t lastColumn = std::min(l_.columns, (band.tileColumn + 1) * l_.blockColumns);
      for (int64_t column = band.tileColumn * l_.blockColumns; column < lastColumn; column++) {
        body(GroupRun{(start + column) * l_.inner + band.begin, band.n, 0, 1});
      }
    }
  }

 private:
  GroupLayout l_;
  int64_t tileRows_, tileColumns_, blocks_, stretch_, across_, stretches_;
};

// Runs of slices: pieces of the rows [columns, inner] of each outer index. Numbered so that any range can be walked. The
// first piece of a row is shorter by `past` elements, so that the others begin at cache lines.
class SliceRuns {
 public:
  explicit SliceRuns(const GroupLayout& layout, int64_t past = 0)
      : l_(layout), past_(past), length_(l_.inner == 1 ? l_.columns : l_.inner) {
    pieces_ = chunks_of(length_ + past_, kPiece);
    perOuter_ = l_.inner == 1 ? pieces_ : l_.columns * pieces_;
  }
  int64_t count() const { return l_.elements() == 0 ? 0 : l_.outer * perOuter_; }
  GroupRun at(int64_t index) const {
    const int64_t outer = index / perOuter_, rest = index % perOuter_;
    const int64_t place = rest % pieces_ * kPiece - past_, start = outer * l_.columns * l_.inner;
    const int64_t begin = std::max<int64_t>(place, 0), n = std::min(place + kPiece, length_) - begin;
    if (l_.inner == 1) return {start + begin, n, begin, 1};
    const int64_t column = rest / pieces_;
    return {start + column * l_.inner + begin, n, column, n};
  }

 private:
  GroupLayout l_;
  int64_t past_, length_, pieces_, perOuter_;
};

}  // namespace roundoff::ROUNDOFF_TIER
