// Products under an accumulator profile (src/kernels/contract/accumulators.ts): every output is one chain of sums in the
// order of positions, and lanes are the columns of a block. Knows nothing of where rows and columns come from.
#pragma once

#include "accumulator.h"
#include "block_io.h"

namespace roundoff::ROUNDOFF_TIER {

// A block of outputs, and the positions that are packed for it at a time.
constexpr int64_t kBlockRows = 64, kBlockColumns = 64, kSlice = 128;

// The two factors of every output: [rows][positions] and [positions][columns].
class FactorSource {
 public:
  // dst[i · kSlice + p] = factor of row first + i at position from + p.
  virtual void pack_rows(int64_t first, int64_t count, int64_t from, int64_t steps, float* dst) const = 0;
  // dst[p · kBlockColumns + j] = factor of column first + j at position from + p.
  virtual void pack_columns(int64_t from, int64_t steps, int64_t first, int64_t count, float* dst) const = 0;

 protected:
  ~FactorSource() = default;
};

// Output (row, column) is element start + row · rowPitch + column of `operand`; sums are multiplied by 2^exponent.
struct AccumulatedOutput {
  const Operand& operand;
  int64_t start, rowPitch;
  int32_t exponent;
};

struct ProductSize {
  int64_t rows, columns, positions;
};

// Accumulators fp64 and rounded.
void accumulate_product(const FactorSource& source, const ProductSize& size, const Accumulator& accumulator,
                        const AccumulatedOutput& out, Context& ctx);

// Values x[start], x[start + pitch], … as FP32 to dst[0], dst[dstPitch], …
void load_strided(const Operand& x, int64_t start, int64_t pitch, int64_t n, float* dst, int64_t dstPitch);

void accumulated_matmul(const Command& cmd, Context& ctx);
void accumulated_conv2d(const Command& cmd, Context& ctx);
void accumulated_conv2d_grad_input(const Command& cmd, Context& ctx);
void accumulated_conv2d_grad_weight(const Command& cmd, Context& ctx);

}  // namespace roundoff::ROUNDOFF_TIER
