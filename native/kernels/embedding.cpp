// Embedding: rows of a table by index, bags of rows, and both gradients. Bags are independent tasks; for the gradients the
// indices are sorted by row (counting, stable), so every row is summed by one task in the order of the indices, in FP64.
// Indices are data: one outside the table gives NaN forwards and nothing backwards.
#include <algorithm>
#include <limits>

#include "column_sums.h"
#include "tiers.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

enum class EmbeddingMode { lookup, sum, mean };

// How the indices of a command fall into bags.
struct Bags {
  const int32_t *indices, *offsets;
  int64_t total, count;
  EmbeddingMode mode;
  int64_t padding;

  Bags(const Command& c, int64_t bags)
      : indices(c.in[1].i32()),
        offsets(c.in.size() > 2 ? c.in[2].i32() : nullptr),
        total(c.in[1].elements),
        count(bags),
        mode(static_cast<EmbeddingMode>(static_cast<int>(c.attrs[0]))),
        padding(static_cast<int64_t>(c.attrs[1])) {}

  int64_t first(int64_t bag) const {
    if (offsets == nullptr) return bag * total / count;
    return bag < count ? std::clamp<int64_t>(offsets[bag], 0, total) : total;
  }
  bool counts(int64_t place) const { return mode == EmbeddingMode::lookup || indices[place] != padding; }
  // What the sum of a bag is divided by.
  double divisor(int64_t bag) const {
    if (mode != EmbeddingMode::mean) return 1;
    int64_t members = 0;
    for (int64_t i = first(bag); i < first(bag + 1); i++) members += counts(i) ? 1 : 0;
    return static_cast<double>(std::max<int64_t>(members, 1));
  }
};

void copy_row(const Operand& table, int64_t row, int64_t features, const Operand& y, int64_t at, const Clock& clock) {
  alignas(64) float buffer[kBlock];
  for (int64_t d = 0; d < features; d += kBlock) {
    const int64_t n = std::min(kBlock, features - d);
    float* to = write_block(y, at + d, buffer);
    if (row >= 0 && row < table.dims[0]) {
      load_block(table, row * features + d, n, to);
    } else {
      std::fill_n(to, n, std::numeric_limits<float>::quiet_NaN());
    }
    store_block(y, at + d, n, to, clock);
  }
}

void sum_bag(const Operand& table, const Bags& bags, int64_t bag, const Operand& y, const Clock& clock) {
  const int64_t features = table.dims[1];
  const double divisor = bags.divisor(bag);
  alignas(64) double sums[kBlock];
  alignas(64) float space[kBlock];
  for (int64_t d = 0; d < features; d += kBlock) {
    const int64_t n = std::min(kBlock, features - d);
    std::fill_n(sums, n, 0.0);
    for (int64_t i = bags.first(bag); i < bags.first(bag + 1); i++) {
      if (!bags.counts(i)) continue;
      const int64_t row = bags.indices[i];
      if (row < 0 || row >= table.dims[0]) {
        std::fill_n(sums, n, std::numeric_limits<double>::quiet_NaN());
        continue;
      }
      add_rows(read_block(table, row * features + d, n, space), 1, n, sums);
    }
    if (divisor != 1) {
      for (int64_t i = 0; i < n; i++) sums[i] /= divisor;
    }
    store_doubles(y, bag * features + d, n, sums, clock);
  }
}

void embedding(const Command& c, Context& ctx) {
  const Operand &table = c.in[0], &y = c.out[0];
  const int64_t features = table.dims[1], count = y.elements / features;
  const Bags bags(c, count);
  const int64_t together = std::max<int64_t>(1, 4 * kBlock / features);
  ctx.pool.parallel_for(chunks_of(count, together), [&](int64_t task, int) {
    for (int64_t bag = task * together; bag < std::min(count, (task + 1) * together); bag++) {
      if (bags.mode == EmbeddingMode::lookup) {
        copy_row(table, bags.indices[bag], features, y, bag * features, ctx.clock);
      } else {
        sum_bag(table, bags, bag, y, ctx.clock);
      }
    }
  });
}

// One index that gets a gradient: of which row, and from which bag.
struct Share {
  int32_t row, bag;
};

// The shares of a command in the order of the indices, in the shared scratch.
int64_t collect_shares(const Bags& bags, int64_t rows, Share* shares) {
  int64_t found = 0;
  for (int64_t bag = 0; bag < bags.count; bag++) {
    for (int64_t i = bags.first(bag); i < bags.first(bag + 1); i++) {
      const int32_t row = bags.indices[i];
      if (row >= 0 && row < rows && row != bags.padding) shares[found++] = {row, static_cast<int32_t>(bag)};
    }
  }
  return found;
}

// The gradient of one row from its shares, written as row `target` of y.
void sum_shares(const Operand& gy, const Bags& bags, const Share* first, const Share* end, const Operand& y,
                int64_t target, const Clock& clock) {
  const int64_t features = y.dims[1];
  alignas(64) double sums[kBlock];
  alignas(64) float space[kBlock];
  for (int64_t d = 0; d < features; d += kBlock) {
    const int64_t n = std::min(kBlock, features - d);
    std::fill_n(sums, n, 0.0);
    for (const Share* share = first; share < end; share++) {
      const float* g = read_block(gy, share->bag * features + d, n, space);
      const double divisor = bags.divisor(share->bag);
      ROUNDOFF_INDEPENDENT
      for (int64_t i = 0; i < n; i++) sums[i] += static_cast<double>(g[i]) / divisor;
    }
    store_doubles(y, target * features + d, n, sums, clock);
  }
}

// All shares in ascending order of rows, those of a row in the order of the indices.
void sort_shares(Share* shares, int64_t count) {
  std::stable_sort(shares, shares + count, [](const Share& a, const Share& b) { return a.row < b.row; });
}

void zero_rows(const Operand& y, int64_t first, int64_t end, const Clock& clock) {
  alignas(64) float zeros[kBlock];
  const int64_t features = y.dims[1];
  for (int64_t at = first * features; at < end * features; at += kBlock) {
    std::fill_n(zeros, kBlock, 0.0f);
    store_block(y, at, std::min(kBlock, end * features - at), zeros, clock);
  }
}

void embedding_grad(const Command& c, Context& ctx) {
  const Operand &gy = c.in[0], &y = c.out[0];
  const int64_t rows = y.dims[0], features = y.dims[1];
  const Bags bags(c, gy.elements / features);
  Share* shares = static_cast<Share*>(ctx.scratch.shared(static_cast<size_t>(bags.total) * sizeof(Share)));
  const int64_t count = collect_shares(bags, rows, shares);
  sort_shares(shares, count);
  const int64_t together = std::max<int64_t>(1, 16 * kBlock / features);
  ctx.pool.parallel_for(chunks_of(rows, together), [&](int64_t task, int) {
    const int64_t end = std::min(rows, (task + 1) * together);
    const auto before = [](const Share& share, int64_t row) { return share.row < row; };
    const Share* next = std::lower_bound(shares, shares + count, task * together, before);
    int64_t row = task * together;
    while (row < end) {
      const int64_t filled = next < shares + count ? std::min<int64_t>(end, next->row) : end;
      zero_rows(y, row, filled, ctx.clock);
      row = filled;
      if (row == end) break;
      const Share* first = next;
      while (next < shares + count && next->row == row) next++;
      sum_shares(gy, bags, first, next, y, row++, ctx.clock);
    }
  });
}

void embedding_grad_rows(const Command& c, Context& ctx) {
  const Operand &gy = c.in[0], &rows = c.out[0], &y = c.out[1];
  const Bags bags(c, gy.elements / y.dims[1]);
  // Behind the shares: where the shares of each distinct row begin.
  const size_t total = static_cast<size_t>(bags.total);
  Share* shares = static_cast<Share*>(ctx.scratch.shared(total * sizeof(Share) + (total + 1) * sizeof(int32_t)));
  int32_t* begins = reinterpret_cast<int32_t*>(shares + total);
  const int64_t count = collect_shares(bags, std::numeric_limits<int64_t>::max(), shares);
  sort_shares(shares, count);
  int64_t distinct = 0;
  for (int64_t i = 0; i < count; i++) {
    if (i == 0 || shares[i].row != shares[i - 1].row) {
      rows.i32_out()[distinct] = shares[i].row;
      begins[distinct++] = static_cast<int32_t>(i);
    }
  }
  begins[distinct] = static_cast<int32_t>(count);
  std::fill(rows.i32_out() + distinct, rows.i32_out() + rows.elements, -1);
  ctx.pool.parallel_for(bags.total, [&](int64_t row, int) {
    if (row >= distinct) return zero_rows(y, row, row + 1, ctx.clock);
    sum_shares(gy, bags, shares + begins[row], shares + begins[row + 1], y, row, ctx.clock);
  });
}

}  // namespace

void register_embedding(KernelTable& table) {
  table["embedding"] = embedding;
  table["embeddingGrad"] = embedding_grad;
  table["embeddingGradRows"] = embedding_grad_rows;
}

}  // namespace roundoff::ROUNDOFF_TIER
