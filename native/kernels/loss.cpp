// Softmax cross entropy over the rows of logits[N, C] and its gradient, in FP64 with the row maximum subtracted. Rows are
// independent tasks; their losses are added in order. Labels are data: one outside [0, C) gives NaN, never an access.
#include <cmath>
#include <limits>

#include "column_sums.h"
#include "tiers.h"
#include "vector_math.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct RowStatistics {
  double logSum;  // log Σ exp(x)
  double sum;     // Σ x
  int64_t best;   // first maximum; −1 if the row holds NaN
};

struct Loss {
  double value;
  double correct;
};

RowStatistics row_statistics(const float* row, int64_t classes) {
  int64_t best = 0;
  double sum = 0;
  for (int64_t c = 0; c < classes; c++) {
    if (row[c] > row[best]) best = c;
    sum += static_cast<double>(row[c]);
  }
  const double maximum = row[best];
  // A block of exponentials at a time: they vectorise, their sum in order does not.
  double exponentials = 0, block[64];
  bool nan = false;
  for (int64_t first = 0; first < classes; first += 64) {
    const int64_t n = std::min<int64_t>(64, classes - first);
    for (int64_t c = 0; c < n; c++) block[c] = vector_exp(static_cast<double>(row[first + c]) - maximum);
    for (int64_t c = 0; c < n; c++) exponentials += block[c];
    for (int64_t c = 0; c < n; c++) nan = nan || row[first + c] != row[first + c];
  }
  return {maximum + std::log(exponentials), sum, nan ? -1 : best};
}

// Room for one row of logits as FP32 and one row of results, in the thread's scratch.
struct RowSpace {
  float *in, *out;
  RowSpace(Context& ctx, int thread, int64_t classes) {
    in = static_cast<float*>(ctx.scratch.get(thread, static_cast<size_t>(2 * classes) * sizeof(float)));
    out = in + classes;
  }
};

// Rows of one task.
int64_t rows_together(int64_t classes) { return std::max<int64_t>(1, kBlock / classes); }

template <class Body>
void for_logit_rows(Context& ctx, const Operand& logits, const Body& body) {
  const int64_t rows = logits.dims[0], classes = logits.dims[1], together = rows_together(classes);
  ctx.pool.parallel_for(chunks_of(rows, together), [&](int64_t task, int thread) {
    const RowSpace space(ctx, thread, classes);
    for (int64_t n = task * together; n < std::min(rows, (task + 1) * together); n++) {
      body(n, read_block(logits, n * classes, classes, space.in), space.out);
    }
  });
}

Loss row_loss(const float* row, int64_t classes, int64_t label, double smoothing) {
  const RowStatistics s = row_statistics(row, classes);
  const bool known = label >= 0 && label < classes;
  double loss = (1 - smoothing) * (s.logSum - (known ? static_cast<double>(row[label]) : kNaN));
  // Without smoothing a logit of −Inf elsewhere in the row must not make 0 · Inf.
  if (smoothing != 0) loss += smoothing * (s.logSum - s.sum / static_cast<double>(classes));
  return {loss, s.best == label ? 1.0 : 0.0};
}

int64_t counted_rows(const Operand& labels, int64_t ignored) {
  int64_t counted = 0;
  for (int64_t n = 0; n < labels.elements; n++) counted += labels.i32()[n] != ignored ? 1 : 0;
  return counted;
}

void store_scalar(const Operand& y, double value, const Clock& clock) { store_doubles(y, 0, 1, &value, clock); }

void cross_entropy(const Command& command, Context& ctx) {
  const Operand &logits = command.in[0], &labels = command.in[1];
  const int64_t rows = logits.dims[0], classes = logits.dims[1];
  const double smoothing = command.attrs[0];
  const int64_t ignored = static_cast<int64_t>(command.attrs[1]);
  Loss* losses = static_cast<Loss*>(ctx.scratch.shared(static_cast<size_t>(rows) * sizeof(Loss)));
  for_logit_rows(ctx, logits, [&](int64_t n, const float* row, float*) {
    const int64_t label = labels.i32()[n];
    losses[n] = label == ignored ? Loss{0, 0} : row_loss(row, classes, label, smoothing);
  });
  Loss total{0, 0};
  for (int64_t n = 0; n < rows; n++) {
    total.value += losses[n].value;
    total.correct += losses[n].correct;
  }
  store_scalar(command.out[0], total.value / static_cast<double>(counted_rows(labels, ignored)), ctx.clock);
  store_scalar(command.out[1], total.correct, ctx.clock);
}

void cross_entropy_grad(const Command& command, Context& ctx) {
  const Operand &gLoss = command.in[0], &logits = command.in[1], &labels = command.in[2], &y = command.out[0];
  const int64_t classes = logits.dims[1];
  const double smoothing = command.attrs[0];
  const int64_t ignored = static_cast<int64_t>(command.attrs[1]);
  float loss;
  load_block(gLoss, 0, 1, &loss);
  const double factor = static_cast<double>(loss) / static_cast<double>(counted_rows(labels, ignored));
  for_logit_rows(ctx, logits, [&](int64_t n, const float* row, float* out) {
    const int64_t label = labels.i32()[n];
    const bool known = label >= 0 && label < classes;
    const double logSum = label == ignored ? 0 : row_statistics(row, classes).logSum;
    if (label == ignored || !known) {
      std::fill_n(out, classes, label == ignored ? 0.0f : std::numeric_limits<float>::quiet_NaN());
    } else {
      const double spread = smoothing / static_cast<double>(classes);
      const auto gradient = [&](int64_t c, double target) {
        return static_cast<float>(factor * (vector_exp(static_cast<double>(row[c]) - logSum) - target));
      };
      ROUNDOFF_INDEPENDENT
      for (int64_t c = 0; c < classes; c++) out[c] = gradient(c, spread);
      out[label] = gradient(label, 1 - smoothing + spread);
    }
    store_block(y, n * classes, classes, out, ctx.clock);
  });
}

}  // namespace

void register_loss(KernelTable& table) {
  table["softmaxCrossEntropy"] = cross_entropy;
  table["softmaxCrossEntropyGrad"] = cross_entropy_grad;
}

}  // namespace roundoff::ROUNDOFF_TIER
