// The softmax of attention with scale and masks, and its gradient: a row at a time in one pass over memory, the maximum
// subtracted, exponentials in FP64 rounded to FP32, sums in FP64. Rows are independent; a task is some of them.
#include <algorithm>
#include <cmath>

#include "parallel.h"
#include "scratch.h"
#include "strided_view.h"
#include "tiers.h"
#include "vector_math.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

constexpr float kExcluded = -INFINITY;

// Two rows of scratch and the row's own buffer.
struct SoftmaxRow {
  float *in, *other, *out;
  SoftmaxRow(Context& ctx, int thread, int64_t places) {
    in = static_cast<float*>(ctx.scratch.get(thread, static_cast<size_t>(3 * places) * sizeof(float)));
    other = in + places, out = other + places;
  }
};

// body(row, space) for all rows, in parallel.
template <class Body>
void for_softmax_rows(Context& ctx, const Operand& x, const Body& body) {
  const int64_t places = x.dims[x.rank - 1], rows = x.elements / places;
  const int64_t together = std::max<int64_t>(1, 4 * kBlock / places);
  ctx.pool.parallel_for(chunks_of(rows, together), [&](int64_t task, int thread) {
    const SoftmaxRow space(ctx, thread, places);
    for (int64_t row = task * together; row < std::min(rows, (task + 1) * together); row++) body(row, space);
  });
}

// Where the mask's row for row `row` of the scores begins, and the step along it.
struct MaskRow {
  int64_t offset, step;
  MaskRow(const Operand& mask, const Operand& scores, int64_t row) : offset(0), step(0) {
    int64_t stride = 1;
    for (int axis = mask.rank - 1; axis >= 0; axis--) {
      const int64_t size = scores.dims[scores.rank - mask.rank + axis], own = mask.dims[axis];
      if (axis == mask.rank - 1) {
        step = own == 1 ? 0 : 1;
      } else {
        offset += own == 1 ? 0 : row % size * stride;
        row /= size;
      }
      stride *= own;
    }
  }
};

// Adds what the mask says to the logits; −Inf excludes.
void apply_mask(const Operand& mask, const Operand& scores, int64_t row, int64_t places, float* logits, float* space) {
  const MaskRow at(mask, scores, row);
  if (mask.dtype == DType::i32) {
    const int32_t* keep = mask.i32() + at.offset;
    for (int64_t s = 0; s < places; s++) logits[s] = keep[s * at.step] == 0 ? kExcluded : logits[s];
    return;
  }
  const float* add = read_block(mask, at.offset, at.step == 0 ? 1 : places, space);
  for (int64_t s = 0; s < places; s++) {
    const float term = add[s * at.step];
    logits[s] = term == kExcluded || logits[s] == kExcluded ? kExcluded : logits[s] + term;
  }
}

// Turns logits into probabilities. All −Inf: all 0.
void softmax_row(float* logits, int64_t places) {
  float maximum = kExcluded;
  bool nan = false;
  for (int64_t s = 0; s < places; s++) {
    maximum = logits[s] > maximum ? logits[s] : maximum;
    nan = nan || logits[s] != logits[s];
  }
  if (nan || maximum == kExcluded) {
    for (int64_t s = 0; s < places; s++) logits[s] = nan && logits[s] != kExcluded ? NAN : 0.0f;
    return;
  }
  const double shift = maximum;
  for (int64_t s = 0; s < places; s++) logits[s] = static_cast<float>(vector_exp(static_cast<double>(logits[s]) - shift));
  double sum = 0;
  for (int64_t s = 0; s < places; s++) sum += static_cast<double>(logits[s]);
  for (int64_t s = 0; s < places; s++) logits[s] = static_cast<float>(static_cast<double>(logits[s]) / sum);
}

void masked_softmax(const Command& c, Context& ctx) {
  const Operand &scores = c.in[0], &p = c.out[0];
  const int64_t places = scores.dims[scores.rank - 1], steps = scores.dims[scores.rank - 2];
  const float scale = static_cast<float>(c.attrs[0]);
  const bool causal = c.attrs[1] != 0;
  for_softmax_rows(ctx, scores, [&](int64_t row, const SoftmaxRow& space) {
    const int64_t visible = causal ? std::min(places, row % steps + 1) : places;
    const float* x = read_block(scores, row * places, places, space.in);
    float* y = write_block(p, row * places, space.out);
    ROUNDOFF_INDEPENDENT
    for (int64_t s = 0; s < visible; s++) y[s] = scale * x[s];
    for (size_t m = 1; m < c.in.size(); m++) apply_mask(c.in[m], scores, row, visible, y, space.other);
    softmax_row(y, visible);
    // A place that causality excludes has probability 0 even in a row with NaN elsewhere.
    std::fill(y + visible, y + places, 0.0f);
    store_block(p, row * places, places, y, ctx.clock);
  });
}

void masked_softmax_grad(const Command& c, Context& ctx) {
  const Operand &gp = c.in[0], &p = c.in[1], &gScores = c.out[0];
  const int64_t places = p.dims[p.rank - 1];
  const double scale = c.attrs[0];
  for_softmax_rows(ctx, p, [&](int64_t row, const SoftmaxRow& space) {
    const float* g = read_block(gp, row * places, places, space.in);
    const float* probability = read_block(p, row * places, places, space.other);
    float* y = write_block(gScores, row * places, space.out);
    double dot = 0;
    for (int64_t s = 0; s < places; s++) dot += static_cast<double>(g[s]) * static_cast<double>(probability[s]);
    ROUNDOFF_INDEPENDENT
    for (int64_t s = 0; s < places; s++) {
      y[s] = static_cast<float>(scale * static_cast<double>(probability[s]) * (static_cast<double>(g[s]) - dot));
    }
    store_block(gScores, row * places, places, y, ctx.clock);
  });
}

}  // namespace

void register_masked_softmax(KernelTable& table) {
  table["maskedSoftmax"] = masked_softmax;
  table["maskedSoftmaxGrad"] = masked_softmax_grad;
}

}  // namespace roundoff::ROUNDOFF_TIER
