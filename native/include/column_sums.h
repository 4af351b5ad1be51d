// Sums over the rows of a matrix, per column, the same for any number of threads: rows are cut into fixed chunks, every
// chunk is summed in FP64, chunks are added in order. Batch normalisation and reduceSum both stand on this.
#pragma once

#include "parallel.h"
#include "scratch.h"

namespace roundoff::ROUNDOFF_TIER {

// Rows of one chunk: about kChunk elements, and at most kMaxChunks chunks so that the partial sums stay small.
inline int64_t rows_per_chunk(int64_t rows, int64_t columns) {
  constexpr int64_t kMaxChunks = 256;
  const int64_t wanted = std::max<int64_t>(1, kChunk / std::max<int64_t>(columns, 1));
  return std::max(wanted, chunks_of(rows, kMaxChunks));
}

// Visits rows [first, last) of a matrix of `columns` columns in pieces that fit a block:
// body(row, rows, column, width): `rows` whole rows if they are short, else part of one row.
template <class Body>
void for_row_blocks(int64_t first, int64_t last, int64_t columns, const Body& body) {
  const int64_t together = std::max<int64_t>(1, kBlock / columns);
  for (int64_t row = first; row < last; row += together) {
    const int64_t rows = std::min(together, last - row);
    for (int64_t column = 0; column < columns; column += kBlock) {
      body(row, rows, column, std::min(kBlock, columns - column));
    }
  }
}

// sums[0..width) += the columns of x[rows][width], in FP64. Four rows at a time: the sums are read and written less.
inline void add_rows(const float* x, int64_t rows, int64_t width, double* sums) {
  int64_t row = 0;
  for (; row + 4 <= rows; row += 4, x += 4 * width) {
    ROUNDOFF_INDEPENDENT
    for (int64_t c = 0; c < width; c++) {
      const double low = static_cast<double>(x[c]) + static_cast<double>(x[width + c]);
      const double high = static_cast<double>(x[2 * width + c]) + static_cast<double>(x[3 * width + c]);
      sums[c] += low + high;
    }
  }
  for (; row < rows; row++, x += width) {
    ROUNDOFF_INDEPENDENT
    for (int64_t c = 0; c < width; c++) sums[c] += static_cast<double>(x[c]);
  }
}

// y[offset .. offset+n) = values, rounded to FP32 and stored.
inline void store_doubles(const Operand& y, int64_t offset, int64_t n, const double* values, const Clock& clock) {
  alignas(64) float buffer[kBlock];
  for (int64_t done = 0; done < n; done += kBlock) {
    const int64_t count = std::min(kBlock, n - done);
    for (int64_t i = 0; i < count; i++) buffer[i] = static_cast<float>(values[done + i]);
    store_block(y, offset + done, count, buffer, clock);
  }
}

}  // namespace roundoff::ROUNDOFF_TIER
