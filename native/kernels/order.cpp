// Kernels that give positions: topK (and so sorting) and argReduce along an axis.
#include <algorithm>
#include <bit>

#include "block_io.h"
#include "lines.h"
#include "parallel.h"
#include "row_extremes.h"
#include "scratch.h"
#include "tiers.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Unsigned keys in the order of the numbers: −Inf … Inf, NaN last, zeros of both signs equal.
uint32_t order_key(float x) {
  if (x != x) return UINT32_MAX;
  const uint32_t bits = std::bit_cast<uint32_t>(x == 0 ? 0.0f : x);
  return (bits >> 31) != 0 ? ~bits : bits | 0x80000000u;
}

// The key above the position: sorting such pairs keeps the order of equals. For the largest first the key is turned.
uint64_t ranked(float x, int64_t position, bool largest) {
  const uint32_t key = order_key(x);
  return static_cast<uint64_t>(largest ? ~key : key) << 32 | static_cast<uint32_t>(position);
}

// The k smallest pairs in order at the front. A few are kept sorted while the others pass: most lose against the last.
void sort_first(uint64_t* pairs, int64_t n, int64_t k) {
  constexpr int64_t kFew = 32;
  if (k > kFew || k * 4 > n) {
    if (k < n) std::nth_element(pairs, pairs + k, pairs + n);
    return std::sort(pairs, pairs + k);
  }
  std::sort(pairs, pairs + k);
  for (int64_t i = k; i < n; i++) {
    const uint64_t candidate = pairs[i];
    if (candidate >= pairs[k - 1]) continue;
    int64_t place = k - 1;
    for (; place > 0 && pairs[place - 1] > candidate; place--) pairs[place] = pairs[place - 1];
    pairs[place] = candidate;
  }
}

void top_k(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &values = command.out[0], &indices = command.out[1];
  const int axis = static_cast<int>(command.attrs[0]);
  const bool largest = command.attrs[1] != 0;
  const Lines lines(x, axis);
  const int64_t n = lines.length, k = values.dims[axis], count = lines.outer * lines.inner;
  const int64_t together = std::max<int64_t>(1, kBlock / std::max<int64_t>(n, 1));
  ctx.pool.parallel_for(k == 0 ? 0 : chunks_of(count, together), [&](int64_t task, int thread) {
    uint64_t* pairs = static_cast<uint64_t*>(ctx.scratch.get(thread, static_cast<size_t>(n) * sizeof(uint64_t)));
    for (int64_t line = task * together; line < std::min(count, (task + 1) * together); line++) {
      const int64_t outer = line / lines.inner, inner = line % lines.inner;
      const int64_t from = outer * n * lines.inner + inner, to = outer * k * lines.inner + inner;
      const auto element = [&](int64_t i) {
        float value;
        load_block(x, from + i * lines.inner, 1, &value);
        return value;
      };
      for (int64_t i = 0; i < n; i++) pairs[i] = ranked(element(i), i, largest);
      sort_first(pairs, n, k);
      for (int64_t rank = 0; rank < k; rank++) {
        const int64_t position = static_cast<uint32_t>(pairs[rank]);
        float value = element(position);
        store_block(values, to + rank * lines.inner, 1, &value, ctx.clock);
        indices.i32_out()[to + rank * lines.inner] = static_cast<int32_t>(position);
      }
    }
  });
}

// Where the best of each column is so far; a NaN wins over numbers and loses to none.
void take_better(const float* row, int64_t position, int64_t width, bool largest, float* best, int32_t* index) {
  const int32_t place = static_cast<int32_t>(position);
  for (int64_t c = 0; c < width; c++) {
    const float value = row[c], known = best[c];
    const bool better = (largest ? value > known : value < known) | ((value != value) & (known == known));
    best[c] = better ? value : known;
    index[c] = better ? place : index[c];
  }
}

// The first place of the extreme of x[at … at+n), the first NaN if there is one: its value first, then where it stands.
int64_t first_extreme(const Operand& x, int64_t at, int64_t n, bool largest, float* buffer) {
  const int sign = largest ? 1 : -1;
  float best = row_extreme(read_block(x, at, std::min(kBlock, n), buffer), std::min(kBlock, n), sign);
  int64_t block = 0;
  for (int64_t i = kBlock; i < n && best == best; i += kBlock) {
    const int64_t count = std::min(kBlock, n - i);
    const float found = row_extreme(read_block(x, at + i, count, buffer), count, sign);
    if (found == found && !(largest ? found > best : found < best)) continue;
    best = found;
    block = i;
  }
  const float* row = read_block(x, at + block, std::min(kBlock, n - block), buffer);
  int64_t place = 0;
  while (best == best ? row[place] != best : row[place] == row[place]) place++;
  return block + place;
}

void arg_reduce(const Command& command, Context& ctx) {
  const Operand &x = command.in[0], &y = command.out[0];
  const bool largest = command.attrs[1] != 0;
  const Lines lines(x, static_cast<int>(command.attrs[0]));
  const int64_t together = std::min(columns_together(lines), kBlock), across = chunks_of(lines.inner, together);
  ctx.pool.parallel_for(lines.outer * across, [&](int64_t task, int) {
    alignas(64) float best[kBlock], buffer[kBlock];
    const int64_t outer = task / across, column = task % across * together;
    const int64_t width = std::min(together, lines.inner - column), from = outer * lines.length * lines.inner + column;
    int32_t* index = y.i32_out() + outer * lines.inner + column;
    if (lines.inner > 1) {
      std::fill_n(index, width, 0);
      load_block(x, from, width, best);
      for (int64_t i = 1; i < lines.length; i++) {
        take_better(read_block(x, from + i * lines.inner, width, buffer), i, width, largest, best, index);
      }
      return;
    }
    index[0] = static_cast<int32_t>(first_extreme(x, from, lines.length, largest, buffer));
  });
}

}  // namespace

void register_order(KernelTable& table) {
  table["topK"] = top_k;
  table["argReduce"] = arg_reduce;
}

}  // namespace roundoff::ROUNDOFF_TIER
