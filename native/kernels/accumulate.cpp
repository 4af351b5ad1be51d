// The loop around the lanes: blocks of outputs are tasks; within one, positions are packed a slice at a time, and slices end
// where chunks do.
#include "accumulate.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "accumulate_lanes.h"
#include "gemm_block.h"
#include "gemm_carve.h"
#include "scratch.h"
#include "thread_pool.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

constexpr int64_t kRowMultiple = 4, kColumnMultiple = 16;

int64_t rounded_up(int64_t n, int64_t multiple) { return (n + multiple - 1) / multiple * multiple; }

struct AccumulateMemory {
  float *a, *b, *out;
  char *sums, *totals;
};

struct AccumulateJob {
  const FactorSource& source;
  const ProductSize& size;
  const Accumulator& accumulator;
  const AccumulatedOutput& out;
  Context& ctx;
  LaneLoops lanes;
};

AccumulateMemory accumulate_memory(const AccumulateJob& job, int thread) {
  AccumulateMemory local{};
  constexpr int64_t outputs = kBlockRows * kBlockColumns;
  carve(
      [&](Carver& c) {
        c.take(local.a, kBlockRows * kSlice);
        c.take(local.b, kSlice * kBlockColumns);
        c.take(local.out, kBlockColumns);
        c.take(local.sums, outputs * job.lanes.sumBytes);
        c.take(local.totals, outputs * job.lanes.sumBytes);
      },
      [&](size_t bytes) { return job.ctx.scratch.get(thread, bytes); });
  return local;
}

// A NaN with payload could carry out of its significand where a format is cut from FP32.
void make_nans_canonical(float* x, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const uint32_t bits = std::bit_cast<uint32_t>(x[i]);
    x[i] = std::bit_cast<float>((bits & 0x7fffffffu) > 0x7f800000u ? 0x7fc00000u : bits);
  }
}

void store_rows(const AccumulateJob& job, const AccumulateMemory& local, int64_t row, int64_t rows, int64_t column,
                int64_t columns) {
  for (int64_t m = 0; m < rows; m++) {
    const char* totals = local.totals + m * kBlockColumns * job.lanes.sumBytes;
    for (int64_t n = 0; n < columns; n++) {
      local.out[n] = job.lanes.sumBytes == sizeof(double)
                         ? static_cast<float>(reinterpret_cast<const double*>(totals)[n])
                         : reinterpret_cast<const float*>(totals)[n];
    }
    if (job.out.exponent != 0) scale_by_power(local.out, columns, job.out.exponent);
    store_block(job.out.operand, job.out.start + (row + m) * job.out.rowPitch + column, columns, local.out,
                job.ctx.clock);
  }
}

void accumulate_block(const AccumulateJob& job, int64_t row, int64_t column, int thread) {
  const AccumulateMemory local = accumulate_memory(job, thread);
  const int64_t rows = std::min(kBlockRows, job.size.rows - row);
  const int64_t columns = std::min(kBlockColumns, job.size.columns - column);
  const int64_t sumBytes = kBlockRows * kBlockColumns * job.lanes.sumBytes;
  memset(local.a, 0, kBlockRows * kSlice * sizeof(float));
  memset(local.b, 0, kSlice * kBlockColumns * sizeof(float));
  memset(local.sums, 0, static_cast<size_t>(sumBytes));
  memset(local.totals, 0, static_cast<size_t>(sumBytes));
  const int64_t wholeRows = rounded_up(rows, kRowMultiple), wholeColumns = rounded_up(columns, kColumnMultiple);
  const int64_t positions = job.size.positions, chunk = std::min(job.accumulator.chunk, positions);
  int64_t left = chunk;
  for (int64_t from = 0; from < positions;) {
    const int64_t steps = std::min({kSlice, left, positions - from});
    job.source.pack_rows(row, rows, from, steps, local.a);
    job.source.pack_columns(from, steps, column, columns, local.b);
    make_nans_canonical(local.a, rows * kSlice);
    make_nans_canonical(local.b, steps * kBlockColumns);
    job.lanes.slice({local.a, local.b, wholeRows, wholeColumns, steps, local.sums}, job.accumulator.format);
    from += steps;
    left -= steps;
    if (left > 0 && from < positions) continue;
    job.lanes.fold(local.totals, local.sums, wholeRows * kBlockColumns, job.accumulator.format);
    left = chunk;
  }
  store_rows(job, local, row, rows, column, columns);
}

}  // namespace

void load_strided(const Operand& x, int64_t start, int64_t pitch, int64_t n, float* dst, int64_t dstPitch) {
  if (pitch == 1 && dstPitch == 1) return load_block(x, start, n, dst);
  if (x.dtype == DType::f32) {
    const float* from = x.f32() + start;
    for (int64_t i = 0; i < n; i++) dst[i * dstPitch] = from[i * pitch];
  } else {
    for (int64_t i = 0; i < n; i++) load_block(x, start + i * pitch, 1, dst + i * dstPitch);
  }
}

void accumulate_product(const FactorSource& source, const ProductSize& size, const Accumulator& accumulator,
                        const AccumulatedOutput& out, Context& ctx) {
  const AccumulateJob job{source, size, accumulator, out, ctx, lanes_for(accumulator)};
  const int64_t across = (size.columns + kBlockColumns - 1) / kBlockColumns;
  const int64_t down = (size.rows + kBlockRows - 1) / kBlockRows;
  ctx.pool.parallel_for(down * across, [&](int64_t task, int thread) {
    accumulate_block(job, task / across * kBlockRows, task % across * kBlockColumns, thread);
  });
}

}  // namespace roundoff::ROUNDOFF_TIER
