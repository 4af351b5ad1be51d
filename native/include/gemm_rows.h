// Packing the rows of a matrix product: converted to the products' operands, one row after another, transposed if
// need be. Convolutions do not need it: their rows are pixels of a window.
#pragma once

#include "gemm_tile.h"

namespace roundoff::ROUNDOFF_TIER {

// Rows of a matrix: value k of row m is element start + m·rowPitch + k·valuePitch.
struct RowSource {
  const Operand* operand;
  int64_t start, rowPitch, valuePitch, values;
};

// Bytes from one packed row to the next: not a multiple of 4 KiB, or the rows of a tile would share few cache sets.
int64_t packed_row_bytes(Products products, int64_t values);

// Packs rows first … first+count to dst; an odd value count of pair products gets a zero.
void pack_rows(Products products, const RowSource& source, int64_t first, int64_t count, char* dst);

}  // namespace roundoff::ROUNDOFF_TIER
