// The operands of weight gradients as steps along pixels: for a band of output rows of one image, gradOutput and
// the padded input so that one step is one pixel (FP32) or a pair of neighbouring output pixels (16-bit products).
#pragma once

#include "conv_attrs.h"
#include "conv_window.h"
#include "gemm_outer.h"

namespace roundoff::ROUNDOFF_TIER {

constexpr int64_t kPieceSteps = 8;
constexpr int64_t kTransposedSlackRows = 32;
// Room behind a and b that whole tiles may read.
constexpr int64_t kOuterSlack = 512;

// Sizes in bytes of one band. `a` is gradOutput, `b` the input. Pairs: element q of a row of b holds input pixels q
// and q + strideW, so that the channels of all kernel columns of an output pair are contiguous; an odd last output
// pixel is paired with zeros, in a place of its own at the row's end, so that no pixel is multiplied that should
// not be.
struct OuterShape {
  Products products;
  int64_t outRows, outColumns, strideW;
  WindowShape input;       // dense rows of the padded input
  int64_t regular, odd;    // steps of a row; 1 if an odd pixel is left
  bool transposed;         // a is [filter][row][step] instead of [row][step][filter]
  int64_t aStep, aPitch, aRow, aBytes;  // bytes from step to step, filter to filter, row to row; all
  int64_t bStep, bRow, bOdd;  // bOdd: offset in a row of the odd pixel's input
  int64_t pieces;          // stretches of a row that have norms (i16)

  OuterShape(const ConvShape& conv, Products products, bool transposed, int64_t outRows);
  int64_t b_bytes() const { return input.rows * bRow; }
};

// One band in memory. Norms [rows][pieces] bound every channel of a piece.
struct OuterWindow {
  char *a, *b;
  float *aNorms, *bNorms;
};

// Fills the window with output rows row … row+rows of `image`. `rowSpace` holds one row of 16-bit values of either
// operand.
void fill_outer_window(const OuterShape& shape, const ConvShape& conv, const Operand& gy, const Operand& x,
                       int64_t image, int64_t row, int64_t rows, const OuterWindow& window, uint16_t* rowSpace);
int64_t row_space(const OuterShape& shape, const ConvShape& conv);

// Appends the runs of kernel row `kernelRow` over `rows` output rows; byte offsets are relative to `aBase` and
// `bBase`. `chain` carries the bound of the open INT32 chain from call to call; the last run of all must be made to
// spill.
struct OuterRuns {
  OuterRun* runs;
  int64_t count;
  float chain;
};
void append_outer_runs(const OuterShape& shape, const ConvShape& conv, const OuterWindow& window, int64_t rows,
                       int64_t kernelRow, const OuterWindow& base, OuterRuns& out);
// Runs of one window at most.
int64_t outer_runs_needed(const OuterShape& shape);

}  // namespace roundoff::ROUNDOFF_TIER
