// Packs rows of matrices. Transposing goes in square blocks so that reads and writes both stay in L1.
#include "gemm_rows.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "gemm_convert.h"
#include "gemm_panels.h"
#include "gemm_transpose.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

constexpr int64_t kSquare = 16;

// FP32 in squares of registers; returns how many values of how many rows (multiples of kLanes) that covered.
struct Covered {
  int64_t values, rows;
};
Covered transpose_squares(const RowSource& source, int64_t first, int64_t count, char* dst, int64_t rowBytes) {
  const Covered covered{source.values / kLanes * kLanes, count / kLanes * kLanes};
  const char* from = static_cast<const char*>(source.operand->data) + (source.start + first) * 4;
  for (int64_t k = 0; k < covered.values; k += kLanes) {
    for (int64_t m = 0; m < covered.rows; m += kLanes) {
      transpose_square(from + (k * source.valuePitch + m) * 4, source.valuePitch * 4, dst + m * rowBytes + k * 4,
                       rowBytes);
    }
  }
  return covered;
}

template <class Conversion>
void transpose_rows(const RowSource& source, int64_t first, int64_t count, char* dst, int64_t rowBytes) {
  Covered covered{0, 0};
  if (std::is_same_v<Conversion, SameWord> && source.rowPitch == 1) {
    covered = transpose_squares(source, first, count, dst, rowBytes);
  }
  const auto* from = static_cast<const typename Conversion::From*>(source.operand->data) + source.start;
  for (int64_t k0 = 0; k0 < source.values; k0 += kSquare) {
    const int64_t k1 = std::min(k0 + kSquare, source.values);
    for (int64_t m0 = 0; m0 < count; m0 += kSquare) {
      const int64_t m1 = std::min(m0 + kSquare, count);
      for (int64_t m = m0; m < m1; m++) {
        const int64_t done = m < covered.rows ? covered.values : 0;
        auto* row = reinterpret_cast<typename Conversion::To*>(dst + m * rowBytes);
        const auto* values = from + (first + m) * source.rowPitch;
        for (int64_t k = std::max(k0, done); k < k1; k++) row[k] = Conversion::convert(values[k * source.valuePitch]);
      }
    }
  }
}

}  // namespace

int64_t packed_row_bytes(Products products, int64_t values) {
  const int64_t per = values_per_step(products);
  const int64_t bytes = ((values + per - 1) / per * 4 + 63) / 64 * 64;
  return bytes % 1024 == 0 ? bytes + 64 : bytes;
}

void pack_rows(Products products, const RowSource& source, int64_t first, int64_t count, char* dst) {
  const int64_t rowBytes = packed_row_bytes(products, source.values);
  if (source.values % values_per_step(products) != 0) {
    // The zero that completes the last pair.
    for (int64_t m = 0; m < count; m++) memset(dst + m * rowBytes + source.values * 2, 0, 2);
  }
  if (source.valuePitch == 1) {
    for (int64_t m = 0; m < count; m++) {
      copy_values(products, *source.operand, source.start + (first + m) * source.rowPitch, source.values,
                  dst + m * rowBytes);
    }
    return;
  }
  with_conversion(products, source.operand->dtype, [&](auto conversion) {
    transpose_rows<decltype(conversion)>(source, first, count, dst, rowBytes);
  });
}

}  // namespace roundoff::ROUNDOFF_TIER
