// Connectionist temporal classification: forward and backward variables in the log domain, FP64. Sequences are independent
// tasks. Lengths and labels are data: impossible ones give NaN, never an access. Graves et al. 2006.
#include <algorithm>
#include <cmath>
#include <limits>

#include "column_sums.h"
#include "tiers.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

constexpr double kImpossible = -std::numeric_limits<double>::infinity();
enum class CtcReduction { none, mean, sum };

struct CtcBatch {
  const Operand &logProbs, &targets, &inputLengths, &targetLengths;
  int64_t steps, sequences, classes, blank;
  CtcReduction reduction;
  bool zeroInfinity;

  CtcBatch(const Command& c, size_t first)
      : logProbs(c.in[first]),
        targets(c.in[first + 1]),
        inputLengths(c.in[first + 2]),
        targetLengths(c.in[first + 3]),
        steps(logProbs.dims[0]),
        sequences(logProbs.dims[1]),
        classes(logProbs.dims[2]),
        blank(static_cast<int64_t>(c.attrs[0])),
        reduction(static_cast<CtcReduction>(static_cast<int>(c.attrs[1]))),
        zeroInfinity(c.attrs[2] != 0) {}

  int64_t longest() const { return targets.dims[targets.rank - 1]; }
  // What the loss of sequence n is divided by.
  double share(int64_t n) const {
    const double length = std::max(targetLengths.i32()[n], 1);
    return reduction == CtcReduction::mean ? length * static_cast<double>(sequences) : 1.0;
  }
};

// One sequence: its labels, and room for its variables in the thread's scratch.
struct CtcSequence {
  const CtcBatch& batch;
  int64_t n, steps, labels, states;
  const int32_t* target;
  bool valid;
  double* alpha;  // [steps][states]
  double *beta, *after, *occupancy;

  CtcSequence(const CtcBatch& batch_, int64_t n_, Context& ctx, int thread) : batch(batch_), n(n_) {
    steps = batch.inputLengths.i32()[n];
    labels = batch.targetLengths.i32()[n];
    int64_t first = n * batch.longest(), room = batch.longest();
    if (batch.targets.rank == 1) {
      first = 0;
      for (int64_t i = 0; i < n; i++) first += std::max(batch.targetLengths.i32()[i], 0);
      room = batch.targets.elements - first;
    }
    target = batch.targets.i32() + first;
    valid = steps >= 0 && steps <= batch.steps && labels >= 0 && labels <= room;
    for (int64_t i = 0; valid && i < labels; i++) valid = target[i] >= 0 && target[i] < batch.classes;
    if (!valid) labels = 0, steps = std::clamp<int64_t>(steps, 0, batch.steps);
    states = 2 * labels + 1;
    const int64_t doubles = steps * states + 2 * states + batch.classes;
    alpha = static_cast<double*>(ctx.scratch.get(thread, static_cast<size_t>(doubles) * sizeof(double)));
    beta = alpha + steps * states, after = beta + states, occupancy = after + states;
  }

  int64_t label(int64_t state) const { return state % 2 == 0 ? batch.blank : target[state / 2]; }
  bool may_skip(int64_t state) const {
    return state % 2 == 1 && state > 1 && target[state / 2] != target[state / 2 - 1];
  }
  double log_prob(int64_t step, int64_t c) const {
    float value;
    load_block(batch.logProbs, (step * batch.sequences + n) * batch.classes + c, 1, &value);
    return value;
  }
};

double log_sum(double a, double b, double c) {
  const double maximum = std::max({a, b, c});
  if (maximum == kImpossible) return maximum;
  return maximum + std::log(std::exp(a - maximum) + std::exp(b - maximum) + std::exp(c - maximum));
}

// Fills alpha; returns the log likelihood.
double forward_variables(const CtcSequence& q) {
  for (int64_t t = 0; t < q.steps; t++) {
    double* now = q.alpha + t * q.states;
    const double* before = now - q.states;
    for (int64_t s = 0; s < q.states; s++) {
      const double one = t > 0 && s > 0 ? before[s - 1] : kImpossible;
      const double two = t > 0 && q.may_skip(s) ? before[s - 2] : kImpossible;
      const double reached = t == 0 ? (s < 2 ? 0.0 : kImpossible) : log_sum(before[s], one, two);
      now[s] = reached + q.log_prob(t, q.label(s));
    }
  }
  // Without a step only the empty target has an alignment.
  if (q.steps == 0) return q.labels == 0 ? 0.0 : kImpossible;
  const double* last = q.alpha + q.steps * q.states - 1;
  return log_sum(last[0], q.states > 1 ? last[-1] : kImpossible, kImpossible);
}

void ctc_loss(const Command& c, Context& ctx) {
  const CtcBatch batch(c, 0);
  double* losses = static_cast<double*>(ctx.scratch.shared(static_cast<size_t>(batch.sequences) * sizeof(double)));
  ctx.pool.parallel_for(batch.sequences, [&](int64_t n, int thread) {
    const CtcSequence q(batch, n, ctx, thread);
    const double nll = q.valid ? -forward_variables(q) : std::numeric_limits<double>::quiet_NaN();
    losses[n] = (batch.zeroInfinity && nll == -kImpossible ? 0.0 : nll) / batch.share(n);
  });
  if (batch.reduction == CtcReduction::none) return store_doubles(c.out[0], 0, batch.sequences, losses, ctx.clock);
  double total = 0;
  for (int64_t n = 0; n < batch.sequences; n++) total += losses[n];
  store_doubles(c.out[0], 0, 1, &total, ctx.clock);
}

// beta of step t from that of step t + 1 (in `after`), which it replaces.
void backward_step(const CtcSequence& q, int64_t t) {
  for (int64_t s = 0; s < q.states; s++) {
    if (t == q.steps - 1) {
      q.beta[s] = s >= q.states - 2 ? 0.0 : kImpossible;
      continue;
    }
    const auto onwards = [&](int64_t to) { return q.after[to] + q.log_prob(t + 1, q.label(to)); };
    const double one = s + 1 < q.states ? onwards(s + 1) : kImpossible;
    const double two = s + 2 < q.states && q.may_skip(s + 2) ? onwards(s + 2) : kImpossible;
    q.beta[s] = log_sum(onwards(s), one, two);
  }
  std::copy_n(q.beta, q.states, q.after);
}

// exp(logProbs) − occupancy for every step of one sequence, times g.
void sequence_gradient(const CtcSequence& q, double total, double g, const Operand& y, const Clock& clock) {
  const CtcBatch& batch = q.batch;
  for (int64_t t = q.steps - 1; t >= 0; t--) {
    std::fill_n(q.occupancy, batch.classes, 0.0);
    if (q.valid) backward_step(q, t);
    for (int64_t s = 0; q.valid && s < q.states; s++) {
      q.occupancy[q.label(s)] += std::exp(q.alpha[t * q.states + s] + q.beta[s] - total);
    }
    for (int64_t k = 0; k < batch.classes; k++) q.occupancy[k] = g * (std::exp(q.log_prob(t, k)) - q.occupancy[k]);
    store_doubles(y, (t * batch.sequences + q.n) * batch.classes, batch.classes, q.occupancy, clock);
  }
}

void zero_steps(const CtcBatch& batch, int64_t n, int64_t first, const Operand& y, const Clock& clock) {
  alignas(64) float zeros[kBlock];
  for (int64_t t = first; t < batch.steps; t++) {
    for (int64_t k = 0; k < batch.classes; k += kBlock) {
      std::fill_n(zeros, kBlock, 0.0f);
      const int64_t at = (t * batch.sequences + n) * batch.classes + k;
      store_block(y, at, std::min(kBlock, batch.classes - k), zeros, clock);
    }
  }
}

void ctc_loss_grad(const Command& c, Context& ctx) {
  const CtcBatch batch(c, 1);
  const Operand &gLoss = c.in[0], &y = c.out[0];
  ctx.pool.parallel_for(batch.sequences, [&](int64_t n, int thread) {
    const CtcSequence q(batch, n, ctx, thread);
    float g;
    load_block(gLoss, batch.reduction == CtcReduction::none ? n : 0, 1, &g);
    const double total = q.valid ? forward_variables(q) : std::numeric_limits<double>::quiet_NaN();
    if (total == kImpossible && batch.zeroInfinity) return zero_steps(batch, n, 0, y, ctx.clock);
    const bool undefined = total != total || total == kImpossible;
    const double factor = undefined ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(g) / batch.share(n);
    sequence_gradient(q, total, factor, y, ctx.clock);
    zero_steps(batch, n, q.steps, y, ctx.clock);
  });
}

}  // namespace

void register_ctc(KernelTable& table) {
  table["ctcLoss"] = ctc_loss;
  table["ctcLossGrad"] = ctc_loss_grad;
}

}  // namespace roundoff::ROUNDOFF_TIER
