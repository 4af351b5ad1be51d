// Reading and writing any storage type as FP32, a block at a time. A kernel computes on FP32 rows that stay in the
// L1 cache; rounding to a format and narrowing to 16 bits happen here, on the way out, so that no kernel knows formats.
// Compiled once per instruction-set tier: the functions live in that tier's namespace.
#pragma once

#include "command.h"

// For loops that may run in place (source and target equal, never shifted): iterations are independent.
#if defined(__clang__)
#define ROUNDOFF_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define ROUNDOFF_INDEPENDENT _Pragma("GCC ivdep")
#endif

namespace roundoff::ROUNDOFF_TIER {

// Rows this long keep source, result and temporaries in L1.
constexpr int64_t kBlock = 1024;

// dst[0..n) = x[offset .. offset+n) as FP32 (i16: the bare integers; i32 is not a number here).
void load_block(const Operand& x, int64_t offset, int64_t n, float* dst);

// The same values, without a copy where the storage is FP32 already: returns x's own memory or the filled `buffer`.
inline const float* read_block(const Operand& x, int64_t offset, int64_t n, float* buffer) {
  if (x.dtype == DType::f32) return x.f32() + offset;
  load_block(x, offset, n, buffer);
  return buffer;
}

// y[offset .. offset+n) = src after y.epilogue, rounded by y.store when y.rounds, narrowed to y.dtype. May overwrite src.
// bf16 and codes without `rounds`: src must hold values of the format; they are stored exactly.
// `offset` is also the element index in the key of stochastic rounding.
void store_block(const Operand& y, int64_t offset, int64_t n, float* src, const Clock& clock);

// Where a kernel may put the values that it then hands to `store_block`: y's own memory if that is FP32 (nothing is
// copied then), else `buffer`.
inline float* write_block(const Operand& y, int64_t offset, float* buffer) {
  return y.dtype == DType::f32 ? y.f32_out() + offset : buffer;
}

// Takes results offset … offset+n−1 through y.epilogue, in place (epilogue.cpp).
void run_epilogue(const Operand& y, int64_t offset, int64_t n, float* x, const Clock& clock);

// Writes what y.sides says of results offset … offset+n−1, which are x as they are stored (store_sides.cpp).
void store_sides(const Operand& y, int64_t offset, int64_t n, const float* x, const Clock& clock);

// Rounds n values in place to `store`; element i has key index `offset + i`.
void round_block(float* x, int64_t n, const StoreRounding& store, int64_t offset, const Clock& clock);

}  // namespace roundoff::ROUNDOFF_TIER
