// Extremes, products, norms, logarithms of sums and variances over any axes, and their gradients. All are folds in FP64: of
// a chunk at a time, whose number depends on the shape alone, then of the chunks in order. Those that need a maximum or a
// mean first fold twice.
#include <cmath>

#include "column_sums.h"
#include "kinds.h"
#include "reduction_view.h"
#include "row_extremes.h"
#include "vector_math.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Elements of the innermost axis are taken one after the other into the running states of as many lanes.
constexpr int kFoldLanes = 8;

// Where a fold starts, what an element counts as (`shift`: what an earlier fold gave for this output), how two states join.
template <class Term, class Join>
struct Fold {
  double start;
  Term term;
  Join join;
  int extreme = 0;  // 1, −1: the fold is the maximum, the minimum of the elements themselves
};
template <class Term, class Join>
Fold(double, Term, Join) -> Fold<Term, Join>;
template <class Term, class Join>
Fold(double, Term, Join, int) -> Fold<Term, Join>;

// What a reduction of x has room for: `outputs` results and the states of the chunks of each.
struct FoldShape {
  const Operand& x;
  const ReductionView view;
  int64_t outer, width, outputs, length, step, chunks;

  FoldShape(const Operand& operand, const double* axes, int count)
      : x(operand), view(reduction_view(operand, axes, count)) {
    outer = view.kept.elements();
    width = view.innerKept ? view.inner : 1;
    outputs = outer * width;
    length = view.innerKept ? view.reduced.elements() : view.reduced.elements() * view.inner;
    step = rows_per_chunk(length, width);
    chunks = std::max<int64_t>(1, chunks_of(length, step));
  }
  // FP64 numbers of the states of one fold.
  int64_t states() const { return outputs * chunks; }
};

// states[0..width): rows [first, last) of the reduced axes.
template <class F>
void fold_rows(const FoldShape& s, int64_t outer, int64_t first, int64_t last, const double* shift, double* states,
               const F& fold) {
  alignas(64) float buffer[kBlock];
  const ReductionView& r = s.view;
  const int64_t base = r.kept.offset_of(outer);
  std::fill_n(states, r.inner, fold.start);
  for (int64_t row = first; row < last; row++) {
    const int64_t at = base + r.reduced.offset_of(row);
    for (int64_t column = 0; column < r.inner; column += kBlock) {
      const int64_t n = std::min(kBlock, r.inner - column);
      const float* from = read_block(s.x, at + column, n, buffer);
      double* to = states + column;
      const double* with = shift + column;
      ROUNDOFF_INDEPENDENT
      for (int64_t c = 0; c < n; c++) to[c] = fold.join(to[c], fold.term(static_cast<double>(from[c]), with[c]));
    }
  }
}

// One state: elements [first, last) of the reduced axes and the innermost one.
template <class F>
double fold_along(const FoldShape& s, int64_t outer, int64_t first, int64_t last, double shift, const F& fold) {
  alignas(64) float buffer[kBlock];
  const ReductionView& r = s.view;
  alignas(64) double terms[kBlock];
  const int64_t base = r.kept.offset_of(outer);
  double lanes[kFoldLanes];
  std::fill_n(lanes, kFoldLanes, fold.start);
  for (int64_t t = first; t < last;) {
    const int64_t row = t / r.inner, within = t % r.inner, n = std::min({kBlock, r.inner - within, last - t});
    const float* from = read_block(s.x, base + r.reduced.offset_of(row) + within, n, buffer);
    t += n;
    if (fold.extreme != 0) {
      lanes[0] = fold.join(lanes[0], static_cast<double>(row_extreme(from, n, fold.extreme)));
      continue;
    }
    for (int64_t i = 0; i < n; i++) terms[i] = fold.term(static_cast<double>(from[i]), shift);
    int64_t i = 0;
    for (; i + kFoldLanes <= n; i += kFoldLanes) {
      for (int lane = 0; lane < kFoldLanes; lane++) lanes[lane] = fold.join(lanes[lane], terms[i + lane]);
    }
    for (; i < n; i++) lanes[0] = fold.join(lanes[0], terms[i]);
  }
  double state = lanes[0];
  for (int lane = 1; lane < kFoldLanes; lane++) state = fold.join(state, lanes[lane]);
  return state;
}

// results[0..outputs) of one fold; `states` has room for s.states() numbers, `shift` one number per output.
template <class F>
void run_fold(const FoldShape& s, const double* shift, double* states, double* results, Context& ctx, const F& fold) {
  const int64_t together = std::max<int64_t>(1, kChunk / std::max<int64_t>(1, std::min(s.step, s.length) * s.width));
  const int64_t items = s.outer * s.chunks;
  ctx.pool.parallel_for(chunks_of(items, together), [&](int64_t task, int) {
    for (int64_t item = task * together; item < std::min(items, (task + 1) * together); item++) {
      const int64_t outer = item / s.chunks, first = item % s.chunks * s.step, last = std::min(s.length, first + s.step);
      if (s.view.innerKept) {
        fold_rows(s, outer, first, last, shift + outer * s.width, states + item * s.width, fold);
      } else {
        states[item] = fold_along(s, outer, first, last, shift[outer], fold);
      }
    }
  });
  parallel_blocks(ctx, s.outputs, [&](int64_t offset, int64_t n, int) {
    for (int64_t i = offset; i < offset + n; i++) {
      const double* chunk = states + i / s.width * s.chunks * s.width + i % s.width;
      double state = chunk[0];
      for (int64_t k = 1; k < s.chunks; k++) state = fold.join(state, chunk[k * s.width]);
      results[i] = state;
    }
  });
}

constexpr auto kAdd = [](double a, double b) { return a + b; };

constexpr auto kMultiply = [](double a, double b) { return a * b; };
// A NaN wins, and stays: no number is larger.
constexpr auto kLarger = [](double a, double b) { return (b > a) | (b != b) ? b : a; };
constexpr auto kSmaller = [](double a, double b) { return (b < a) | (b != b) ? b : a; };
constexpr auto kItself = [](double x, double) { return x; };

// Per output: `first` and `second` are what the gradient of a kind needs, the result of the reduction is in `result`.
struct Statistics {
  double *result, *first, *states;
};

Statistics statistics_space(const FoldShape& s, Context& ctx) {
  const size_t numbers = static_cast<size_t>(2 * s.outputs + s.states());
  double* memory = static_cast<double*>(ctx.scratch.shared(numbers * sizeof(double)));
  return {memory, memory + s.outputs, memory + 2 * s.outputs};
}

// Fills `result`, and `first` with what came before it: the mean for variance, the maximum for logSumExp.
void compute(ReduceKind kind, double correction, const FoldShape& s, const Statistics& to, Context& ctx) {
  const double count = static_cast<double>(s.length);
  const auto run = [&](const auto& fold, double* into) { run_fold(s, to.first, to.states, into, ctx, fold); };
  const auto each = [&](const auto& f) {
    for (int64_t i = 0; i < s.outputs; i++) f(to.result[i], to.first[i]);
  };
  std::fill_n(to.first, s.outputs, 0.0);
  switch (kind) {
    case ReduceKind::max:
      return run(Fold{-INFINITY, kItself, kLarger, 1}, to.result);
    case ReduceKind::min:
      return run(Fold{INFINITY, kItself, kSmaller, -1}, to.result);
    case ReduceKind::prod:
      return run(Fold{1.0, kItself, kMultiply}, to.result);
    case ReduceKind::norm1:
      return run(Fold{0.0, [](double x, double) { return std::abs(x); }, kAdd}, to.result);
    case ReduceKind::norm2:
      run(Fold{0.0, [](double x, double) { return x * x; }, kAdd}, to.result);
      return each([](double& result, double) { result = std::sqrt(result); });
    case ReduceKind::variance:
      run(Fold{0.0, kItself, kAdd}, to.result);
      each([&](double& result, double& mean) { mean = result / count; });
      run(Fold{0.0, [](double x, double mean) { return (x - mean) * (x - mean); }, kAdd}, to.result);
      return each([&](double& result, double) { result /= count - correction; });
    case ReduceKind::logSumExp:
      run(Fold{-INFINITY, kItself, kLarger, 1}, to.result);
      each([](double largest, double& shift) { shift = largest; });
      // Subtracting an infinite maximum would give NaN where the result is that infinity.
      run(Fold{0.0, [](double x, double shift) { return vector_exp(x - (std::abs(shift) < INFINITY ? shift : 0.0)); }, kAdd},
          to.result);
      return each([](double& sum, double shift) {
        const double finite = shift + std::log(sum);
        sum = std::abs(shift) < INFINITY || sum != sum ? finite : shift;
      });
  }
}

// For the extremes how many elements equal the result; for products, which have a zero among them, what the others give.
void compute_for_gradient(ReduceKind kind, const FoldShape& s, const Statistics& to, Context& ctx) {
  if (kind == ReduceKind::max || kind == ReduceKind::min) {
    const Fold equals{0.0, [](double x, double best) { return x == best ? 1.0 : 0.0; }, kAdd};
    return run_fold(s, to.result, to.states, to.first, ctx, equals);
  }
  if (kind != ReduceKind::prod) return;
  // One zero leaves the product of the others to it, two leave nothing to anyone.
  const Fold zeros{0.0, [](double x, double) { return x == 0 ? 1.0 : 0.0; }, kAdd};
  run_fold(s, to.first, to.states, to.first, ctx, zeros);
  const Fold others{1.0, [](double x, double) { return x == 0 ? 1.0 : x; }, kMultiply};
  run_fold(s, to.first, to.states, to.result, ctx, others);
}

}  // namespace

void reduce(const Command& command, Context& ctx) {
  const Operand& y = command.out[0];
  const FoldShape s(command.in[0], command.attrs.data() + 2, static_cast<int>(command.attrs.size()) - 2);
  const Statistics found = statistics_space(s, ctx);
  compute(static_cast<ReduceKind>(static_cast<int>(command.attrs[0])), command.attrs[1], s, found, ctx);
  parallel_blocks(ctx, s.outputs, [&](int64_t offset, int64_t n, int) {
    store_doubles(y, offset, n, found.result + offset, ctx.clock);
  });
}

// Every element's slope from the two numbers of its output.
template <class F>
void map_slopes(const Command& command, const Statistics& found, Context& ctx, const F& slope) {
  const Operand &gy = command.in[0], &x = command.in[1], &gx = command.out[0];
  const StridedView view = broadcast_view(gy, x);
  parallel_blocks(ctx, x.elements, [&](int64_t offset, int64_t n, int) {
    alignas(64) float spaceX[kBlock], g[kBlock], space[kBlock];
    alignas(64) double result[kBlock], first[kBlock];
    const float* at = read_block(x, offset, n, spaceX);
    load_view(gy, view, offset, n, g);
    load_view(found.result, view, offset, n, result);
    load_view(found.first, view, offset, n, first);
    float* to = write_block(gx, offset, space);
    ROUNDOFF_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
      const double value = slope(static_cast<double>(at[i]), result[i], first[i]);
      to[i] = static_cast<float>(static_cast<double>(g[i]) * value);
    }
    store_block(gx, offset, n, to, ctx.clock);
  });
}

void reduce_grad(const Command& command, Context& ctx) {
  const ReduceKind kind = static_cast<ReduceKind>(static_cast<int>(command.attrs[0]));
  const FoldShape s(command.in[1], command.attrs.data() + 2, static_cast<int>(command.attrs.size()) - 2);
  const Statistics found = statistics_space(s, ctx);
  compute(kind, command.attrs[1], s, found, ctx);
  compute_for_gradient(kind, s, found, ctx);
  const double divisor = static_cast<double>(s.length) - command.attrs[1];
  const auto run = [&](const auto& slope) { map_slopes(command, found, ctx, slope); };
  switch (kind) {
    case ReduceKind::max:
    case ReduceKind::min:
      return run([](double x, double best, double equals) { return x == best ? 1.0 / equals : 0.0; });
    case ReduceKind::prod:
      return run([](double x, double others, double zeros) {
        const double withZero = x == 0 && zeros == 1 ? others : 0.0;
        return zeros == 0 ? others / x : withZero;
      });
    case ReduceKind::logSumExp:
      return run([](double x, double y, double) { return vector_exp(x - y); });
    case ReduceKind::norm1:
      return run([](double x, double, double) { return x > 0 ? 1.0 : x < 0 ? -1.0 : x; });
    case ReduceKind::norm2:
      return run([](double x, double y, double) { return y == 0 ? 0.0 : x / y; });
    case ReduceKind::variance:
      return run([=](double x, double, double mean) { return 2.0 * (x - mean) / divisor; });
  }
}

}  // namespace roundoff::ROUNDOFF_TIER
