// Whole arrays to and from number formats: what the bulk kernels are handed. Mirrors src/kernels/bulk.ts, where the meaning
// is written; src/kernels/native-bulk/ makes these records. Knows nothing of Node-API.
#pragma once

#include <cstdint>

#include "command.h"

namespace roundoff {

enum class ElementKind : uint8_t { real, posit, integer };

// The format of one element, under a step of 1 where elements have a step, and how to round into it.
// Integers of N bits have precision N − 1 and emin N − 2 in `store`: as floats they are the same values.
struct Element {
  ElementKind kind;
  int bits;
  int bias;
  bool hasSign, hasZero;
  StoreRounding store;
};

// What the elements of a group share. `slices`: groups are the indices of one axis.
enum class ScaleKind : uint8_t { e8m0, sharedExponent, twoLevel, symmetric, affine };
// Same order as SCALE_RULES in src/formats/format.ts.
enum class ScaleRule : uint8_t { floor, ceil, even, roundUp, nearest };

// A tensor seen as [outer, rows, columns, inner]. Groups are tiles of blockRows × blockColumns; of slices there is one for
// each column, whatever the outer and inner index (rows and blockColumns are 1).
struct GroupLayout {
  int64_t outer, rows, columns, inner, blockRows, blockColumns;
  bool slices;

  int64_t tile_rows() const { return (rows + blockRows - 1) / blockRows; }
  int64_t tile_columns() const { return (columns + blockColumns - 1) / blockColumns; }
  int64_t groups() const { return slices ? columns : outer * tile_rows() * tile_columns() * inner; }
  int64_t elements() const { return outer * rows * columns * inner; }
};

struct ScaleSpec {
  ScaleKind kind;
  ScaleRule rule;
  GroupLayout layout;
  // twoLevel: the float format of the lower level.
  int scalePrecision, scaleEmin;
  double scaleMax;
};

// The numbers kept beside codes. `values` has one for each group, as EncodedArray.scales says; `zeroPoints` of affine
// integers, else null.
struct ScaleArrays {
  float* values;
  int32_t* zeroPoints;
  float tensorScale;
};

// What rounding did (src/formats/rounding-statistics.ts). Sums are over fixed chunks, added in their order.
struct Tally {
  int64_t saturated = 0, underflowed = 0, flushed = 0, subnormal = 0, nonFinite = 0;
  double maxAbsError = 0, signal = 0, noise = 0;

  void add(const Tally& other) {
    saturated += other.saturated;
    underflowed += other.underflowed;
    flushed += other.flushed;
    subnormal += other.subnormal;
    nonFinite += other.nonFinite;
    maxAbsError = maxAbsError > other.maxAbsError ? maxAbsError : other.maxAbsError;
    signal += other.signal;
    noise += other.noise;
  }
};

// One conversion. `y` may be `x`. `tally`, if not null, receives the statistics.
struct BulkJob {
  const float* x;
  float* y;
  int64_t n;
  Element element;
  Clock clock;
  Tally* tally;
  // Give the elements under a step of 1 (affine: the codes) instead of the values: what encode_elements takes.
  bool elementsWanted;
  // Write around the caches: the arrays are larger than they are. Only where x and y differ.
  bool stream;
};

}  // namespace roundoff
