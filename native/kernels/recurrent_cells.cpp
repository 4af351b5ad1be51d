// The cells of LSTM and GRU and their gradients: one pass over the hidden units of every sequence, in FP64 with one
// rounding per result (vector_math.h). A task is some rows of the batch; hidden units are taken a block at a time.
#include <algorithm>

#include "parallel.h"
#include "tiers.h"
#include "vector_math.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Units handled together: every array of a cell stays in L1.
constexpr int64_t kUnits = 256;

// An operand's column range [column, column + n) of one row, as FP32.
struct CellReader {
  alignas(64) float space[kUnits];
  const float* read(const Operand& x, int64_t row, int64_t column, int64_t n) {
    return read_block(x, row * x.dims[x.rank - 1] + column, n, space);
  }
};

struct CellWriter {
  alignas(64) float space[kUnits];
  float* open(const Operand& y, int64_t row, int64_t column) {
    return write_block(y, row * y.dims[y.rank - 1] + column, space);
  }
  void close(const Operand& y, int64_t row, int64_t column, int64_t n, float* values, const Clock& clock) {
    store_block(y, row * y.dims[y.rank - 1] + column, n, values, clock);
  }
};

// body(row, column, n) for all rows and blocks of units of `state`, in parallel.
template <class Body>
void for_units(Context& ctx, const Operand& state, const Body& body) {
  const int64_t rows = state.dims[0], hidden = state.dims[1], blocks = chunks_of(hidden, kUnits);
  const int64_t together = std::max<int64_t>(1, 8 * kUnits / std::min(hidden, kUnits));
  const int64_t tasks = chunks_of(rows * blocks, together);
  ctx.pool.parallel_for(tasks, [&](int64_t task, int) {
    for (int64_t i = task * together; i < std::min(rows * blocks, (task + 1) * together); i++) {
      const int64_t column = i % blocks * kUnits;
      body(i / blocks, column, std::min(kUnits, hidden - column));
    }
  });
}

// zx + zh + both biases of one gate, in FP64.
struct GateSums {
  CellReader zx, zh, first, second;
  alignas(64) double sum[kUnits];

  void add(const Command& c, int64_t row, int64_t column, int64_t n) {
    const float *a = zx.read(c.in[0], row, column, n), *b = zh.read(c.in[1], row, column, n);
    ROUNDOFF_INDEPENDENT
    for (int64_t i = 0; i < n; i++) sum[i] = static_cast<double>(a[i]) + static_cast<double>(b[i]);
    if (c.in.size() == 3) return;
    const float *p = first.read(c.in[3], 0, column, n), *q = second.read(c.in[4], 0, column, n);
    ROUNDOFF_INDEPENDENT
    for (int64_t i = 0; i < n; i++) sum[i] += static_cast<double>(p[i]) + static_cast<double>(q[i]);
  }
};

void lstm_cell(const Command& c, Context& ctx) {
  const Operand &state = c.in[2], &h = c.out[0], &next = c.out[1], &gates = c.out[2];
  const int64_t hidden = state.dims[1];
  for_units(ctx, state, [&](int64_t row, int64_t column, int64_t n) {
    GateSums sums;
    CellReader before;
    CellWriter writer;
    alignas(64) double gate[4][kUnits];
    for (int64_t g = 0; g < 4; g++) {
      sums.add(c, row, g * hidden + column, n);
      double* to = gate[g];
      if (g == 2) {
        ROUNDOFF_INDEPENDENT
        for (int64_t i = 0; i < n; i++) to[i] = vector_tanh(sums.sum[i]);
      } else {
        ROUNDOFF_INDEPENDENT
        for (int64_t i = 0; i < n; i++) to[i] = vector_sigmoid(sums.sum[i]);
      }
      float* out = writer.open(gates, row, g * hidden + column);
      ROUNDOFF_INDEPENDENT
      for (int64_t i = 0; i < n; i++) out[i] = static_cast<float>(to[i]);
      writer.close(gates, row, g * hidden + column, n, out, ctx.clock);
    }
    const float* old = before.read(state, row, column, n);
    alignas(64) double fresh[kUnits];
    ROUNDOFF_INDEPENDENT
    for (int64_t i = 0; i < n; i++) fresh[i] = gate[1][i] * static_cast<double>(old[i]) + gate[0][i] * gate[2][i];
    float* to = writer.open(next, row, column);
    ROUNDOFF_INDEPENDENT
    for (int64_t i = 0; i < n; i++) to[i] = static_cast<float>(fresh[i]);
    writer.close(next, row, column, n, to, ctx.clock);
    to = writer.open(h, row, column);
    ROUNDOFF_INDEPENDENT
    for (int64_t i = 0; i < n; i++) to[i] = static_cast<float>(gate[3][i] * vector_tanh(fresh[i]));
    writer.close(h, row, column, n, to, ctx.clock);
  });
}

void lstm_cell_grad(const Command& c, Context& ctx) {
  const Operand &gates = c.in[3], &gz = c.out[0], &gc = c.out[1];
  const int64_t hidden = gc.dims[1];
  for_units(ctx, gc, [&](int64_t row, int64_t column, int64_t n) {
    CellReader readers[9];
    CellWriter writer;
    const auto unit = [&](int input) { return readers[input].read(c.in[static_cast<size_t>(input)], row, column, n); };
    const auto gate = [&](int g) { return readers[g == 0 ? 3 : 5 + g].read(gates, row, g * hidden + column, n); };
    const float *gy = unit(0), *gh = unit(1), *gNext = unit(2), *old = unit(4), *next = unit(5);
    const float *in = gate(0), *forget = gate(1), *cell = gate(2), *out = gate(3);
    alignas(64) float errors[4][kUnits], passed[kUnits];
    ROUNDOFF_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
      const double t = vector_tanh(next[i]), g = static_cast<double>(gy[i]) + static_cast<double>(gh[i]);
      const double a = in[i], f = forget[i], u = cell[i], o = out[i];
      const double s = static_cast<double>(gNext[i]) + g * o * (1 - t) * (1 + t);
      errors[0][i] = static_cast<float>(s * u * a * (1 - a));
      errors[1][i] = static_cast<float>(s * static_cast<double>(old[i]) * f * (1 - f));
      errors[2][i] = static_cast<float>(s * a * (1 - u) * (1 + u));
      errors[3][i] = static_cast<float>(g * t * o * (1 - o));
      passed[i] = static_cast<float>(s * f);
    }
    for (int64_t g = 0; g < 4; g++) writer.close(gz, row, g * hidden + column, n, errors[g], ctx.clock);
    writer.close(gc, row, column, n, passed, ctx.clock);
  });
}

void gru_cell(const Command& c, Context& ctx) {
  const Operand &state = c.in[2], &next = c.out[0], &gates = c.out[1];
  const int64_t hidden = state.dims[1];
  for_units(ctx, state, [&](int64_t row, int64_t column, int64_t n) {
    GateSums sums;
    CellReader zx, zh, first, second, before;
    CellWriter writer;
    alignas(64) double gate[4][kUnits];
    for (int64_t g = 0; g < 2; g++) {
      sums.add(c, row, g * hidden + column, n);
      ROUNDOFF_INDEPENDENT
      for (int64_t i = 0; i < n; i++) gate[g][i] = vector_sigmoid(sums.sum[i]);
    }
    const float *a = zx.read(c.in[0], row, 2 * hidden + column, n), *b = zh.read(c.in[1], row, 2 * hidden + column, n);
    const bool biased = c.in.size() > 3;
    const float* p = biased ? first.read(c.in[3], 0, 2 * hidden + column, n) : nullptr;
    const float* q = biased ? second.read(c.in[4], 0, 2 * hidden + column, n) : nullptr;
    ROUNDOFF_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
      gate[3][i] = static_cast<double>(b[i]) + (biased ? static_cast<double>(q[i]) : 0.0);
      const double x = static_cast<double>(a[i]) + (biased ? static_cast<double>(p[i]) : 0.0);
      gate[2][i] = vector_tanh(x + gate[0][i] * gate[3][i]);
    }
    for (int64_t g = 0; g < 4; g++) {
      float* out = writer.open(gates, row, g * hidden + column);
      ROUNDOFF_INDEPENDENT
      for (int64_t i = 0; i < n; i++) out[i] = static_cast<float>(gate[g][i]);
      writer.close(gates, row, g * hidden + column, n, out, ctx.clock);
    }
    const float* old = before.read(state, row, column, n);
    float* to = writer.open(next, row, column);
    ROUNDOFF_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
      to[i] = static_cast<float>((1 - gate[1][i]) * gate[2][i] + gate[1][i] * static_cast<double>(old[i]));
    }
    writer.close(next, row, column, n, to, ctx.clock);
  });
}

void gru_cell_grad(const Command& c, Context& ctx) {
  const Operand &gates = c.in[3], &gzx = c.out[0], &gzh = c.out[1], &passed = c.out[2];
  const int64_t hidden = passed.dims[1];
  for_units(ctx, passed, [&](int64_t row, int64_t column, int64_t n) {
    CellReader readers[8];
    CellWriter writer;
    const auto unit = [&](int input) { return readers[input].read(c.in[static_cast<size_t>(input)], row, column, n); };
    const auto gate = [&](int g) { return readers[g == 0 ? 3 : 4 + g].read(gates, row, g * hidden + column, n); };
    const float *gy = unit(0), *gh = unit(1), *gd = unit(2), *old = unit(4);
    const float *reset = gate(0), *update = gate(1), *fresh = gate(2), *recurrent = gate(3);
    alignas(64) float errors[3][kUnits], last[kUnits], through[kUnits];
    ROUNDOFF_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
      const double g = static_cast<double>(gy[i]) + static_cast<double>(gh[i]) + static_cast<double>(gd[i]);
      const double r = reset[i], z = update[i], f = fresh[i];
      const double gFresh = g * (1 - z) * (1 - f) * (1 + f);
      errors[0][i] = static_cast<float>(gFresh * static_cast<double>(recurrent[i]) * r * (1 - r));
      errors[1][i] = static_cast<float>(g * (static_cast<double>(old[i]) - f) * z * (1 - z));
      errors[2][i] = static_cast<float>(gFresh);
      last[i] = static_cast<float>(gFresh * r);
      through[i] = static_cast<float>(g * z);
    }
    for (int64_t k = 0; k < 2; k++) {
      // Storing rounds in place, and each output rounds for itself.
      alignas(64) float copy[kUnits];
      std::copy_n(errors[k], n, copy);
      writer.close(gzh, row, k * hidden + column, n, copy, ctx.clock);
      writer.close(gzx, row, k * hidden + column, n, errors[k], ctx.clock);
    }
    writer.close(gzx, row, 2 * hidden + column, n, errors[2], ctx.clock);
    writer.close(gzh, row, 2 * hidden + column, n, last, ctx.clock);
    writer.close(passed, row, column, n, through, ctx.clock);
  });
}

}  // namespace

void register_recurrent_cells(KernelTable& table) {
  table["lstmCell"] = lstm_cell;
  table["lstmCellGrad"] = lstm_cell_grad;
  table["gruCell"] = gru_cell;
  table["gruCellGrad"] = gru_cell_grad;
}

}  // namespace roundoff::ROUNDOFF_TIER
