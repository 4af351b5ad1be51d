// matmul: the right matrix is packed once into panels, then blocks of rows of the left one are packed and
// multiplied. What it computes is written in src/kernels/contract.ts.
#include <algorithm>

#include "accumulate.h"
#include "block_io.h"
#include "conv_attrs.h"
#include "gemm_block.h"
#include "gemm_carve.h"
#include "gemm_rows.h"
#include "profile_tiles.h"
#include "scratch.h"
#include "thread_pool.h"
#include "tiers.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Tasks to share among threads, at least, when there are panels enough.
constexpr int64_t kMatmulTasks = 16;
// Rows of the left matrix that one task packs when all tasks share them.
constexpr int64_t kLeftPiece = 16;

struct MatmulJob {
  const Operand &a, &b, &c;
  Context& ctx;
  bool transA, transB;
  int64_t batches, m, n, k;
  int32_t exponent;
  PanelLayout layout;
  bool sharedA, sharedB;     // rank 2: the same for all batches
  int64_t blockRows, blocks;  // of rows, per batch
  int64_t splitPanels, splits;
  char* panels;
  float* panelNorms;
  char* left;  // all rows of the left matrices, packed once because several tasks read them; null: each task packs its own

  int64_t panel_bytes() const { return layout.offset(layout.panels()); }
  int64_t panel_norms() const { return layout.panels() * layout.norms_per_panel(); }
  bool integer() const { return layout.tiles.products == Products::i16Pairs; }
  bool direct() const { return c.plain(); }
};

struct MatmulMemory {
  char* packed;
  float* norms;
  const char** rows;
  Run* runs;
  float* tileSpace;
  float* staging;
};

MatmulJob plan(const Command& cmd, Context& ctx) {
  const Operand &a = cmd.in[0], &b = cmd.in[1], &c = cmd.out[0];
  const bool transA = cmd.attrs[0] != 0, transB = cmd.attrs[1] != 0;
  const auto carrier = static_cast<Carrier>(static_cast<int>(cmd.attrs[2]));
  const int64_t m = c.dims[c.rank - 2], n = c.dims[c.rank - 1], k = a.dims[transA ? a.rank - 2 : a.rank - 1];
  const PanelLayout layout(matmul_tiles(cmd, ctx.cpu), 1, k, n);
  MatmulJob job{a, b, c, ctx, transA, transB, 1, m, n, k, product_exponent(cmd, carrier),
                layout, a.rank == 2, b.rank == 2, 1, 1, 1, 1, nullptr, nullptr, nullptr};
  for (int i = 0; i < c.rank - 2; i++) job.batches *= c.dims[i];
  if (job.sharedB && !job.sharedA && !transA) {
    // One right matrix for all batches: their rows are one tall matrix.
    job.m *= job.batches;
    job.batches = 1;
  }
  job.blockRows = std::min(pass_rows(job.layout), std::max<int64_t>(1, job.m));
  job.blocks = (job.m + job.blockRows - 1) / job.blockRows;
  const int64_t have = std::max<int64_t>(1, job.batches * job.blocks), panels = job.layout.panels();
  const int64_t splits = std::clamp<int64_t>((kMatmulTasks + have - 1) / have, 1, std::max<int64_t>(1, panels));
  job.splitPanels = std::max<int64_t>(1, (panels + splits - 1) / splits);
  job.splits = (panels + job.splitPanels - 1) / job.splitPanels;
  return job;
}

RowSource left_rows(const MatmulJob& job, int64_t batch) {
  return {&job.a, job.sharedA ? 0 : batch * job.m * job.k, job.transA ? 1 : job.k, job.transA ? job.m : 1, job.k};
}

// Memory for what all tasks read: the packed panels (unless the program keeps them) and, for splits, the packed rows.
void open_shared(MatmulJob& job, const Prepacked& prepacked) {
  const int64_t matrices = job.sharedB ? 1 : job.batches, leftMatrices = job.sharedA ? 1 : job.batches;
  const auto takePanels = [&](Carver& c) {
    c.take(job.panels, matrices * job.panel_bytes());
    c.take(job.panelNorms, matrices * job.panel_norms());
  };
  const auto takeRows = [&](Carver& c) {
    const int64_t rowBytes = packed_row_bytes(job.layout.tiles.products, job.k);
    if (job.splits > 1) c.take(job.left, leftMatrices * job.m * rowBytes);
  };
  const bool kept = prepacked.memory != nullptr;
  if (kept) carve(takePanels, [&](size_t) { return prepacked.memory; });
  carve(
      [&](Carver& c) {
        if (!kept) takePanels(c);
        takeRows(c);
      },
      [&](size_t bytes) { return job.ctx.scratch.shared(bytes); });
}

// Packs the panels, unless an earlier product of the plan has, and the rows that several tasks read.
void pack_shared(MatmulJob& job, const Prepacked& prepacked) {
  open_shared(job, prepacked);
  const int64_t matrices = job.sharedB ? 1 : job.batches, panels = job.layout.panels();
  const int64_t panelTasks = prepacked.memory == nullptr || prepacked.packs ? matrices * panels : 0;
  const int64_t leftMatrices = job.sharedA ? 1 : job.batches, pieces = (job.m + kLeftPiece - 1) / kLeftPiece;
  const int64_t rowBytes = packed_row_bytes(job.layout.tiles.products, job.k);
  const int64_t rowTasks = job.left != nullptr ? leftMatrices * pieces : 0;
  job.ctx.pool.parallel_for(panelTasks + rowTasks, [&](int64_t task, int) {
    if (task < panelTasks) {
      const int64_t matrix = task / panels;
      const ColumnSource source{&job.b,   matrix * job.k * job.n,     1,     0,
                                1,        0,                          job.k, job.transB ? 1 : job.n,
                                job.n,    job.transB ? job.k : 1};
      return pack_panel(job.layout, source, task % panels, job.panels + matrix * job.panel_bytes(),
                        job.panelNorms + matrix * job.panel_norms());
    }
    const int64_t matrix = (task - panelTasks) / pieces, first = (task - panelTasks) % pieces * kLeftPiece;
    pack_rows(job.layout.tiles.products, left_rows(job, matrix), first, std::min(kLeftPiece, job.m - first),
              job.left + (matrix * job.m + first) * rowBytes);
  });
}

MatmulMemory matmul_memory(const MatmulJob& job, int thread) {
  MatmulMemory local{};
  const int64_t rowBytes = packed_row_bytes(job.layout.tiles.products, job.k);
  carve(
      [&](Carver& c) {
        c.take(local.packed, job.left != nullptr ? 0 : job.blockRows * rowBytes + 64);
        c.take(local.norms, job.integer() ? granules(job.layout.stepsPerTap) : 0);
        c.take(local.rows, job.blockRows + kRowSlack);
        c.take(local.runs, std::max<int64_t>(1, runs_needed(job.layout)));
        c.take(local.tileSpace, kTileSpace);
        c.take(local.staging, job.direct() ? 0 : job.blockRows * job.splitPanels * job.layout.tiles.wide.columns);
      },
      [&](size_t bytes) { return job.ctx.scratch.get(thread, bytes); });
  return local;
}

void open_rows(const MatmulJob& job, const MatmulMemory& local, int64_t batch, int64_t first, int64_t count) {
  const Products products = job.layout.tiles.products;
  const int64_t rowBytes = packed_row_bytes(products, job.k);
  const char* packed = local.packed;
  if (job.left != nullptr) {
    packed = job.left + ((job.sharedA ? 0 : batch * job.m) + first) * rowBytes;
  } else {
    pack_rows(products, left_rows(job, batch), first, count, local.packed);
  }
  for (int64_t i = 0; i < count + kRowSlack; i++) local.rows[i] = packed + std::min(i, count - 1) * rowBytes;
  if (!job.integer()) return;
  std::fill_n(local.norms, granules(job.layout.stepsPerTap), 0.0f);
  raise_norms(packed, count, rowBytes, job.layout.stepsPerTap, local.norms);
}

void run_matmul_block(const MatmulJob& job, int64_t task, int thread) {
  const MatmulMemory local = matmul_memory(job, thread);
  const int64_t split = task % job.splits, block = task / job.splits % job.blocks;
  const int64_t batch = task / job.splits / job.blocks, matrix = job.sharedB ? 0 : batch;
  const int64_t first = block * job.blockRows, count = std::min(job.blockRows, job.m - first);
  const int64_t firstPanel = split * job.splitPanels;
  const int64_t lastPanel = std::min(job.layout.panels(), firstPanel + job.splitPanels);
  const int64_t firstColumn = firstPanel * job.layout.tiles.wide.columns;
  const int64_t columns = std::min(job.n, lastPanel * job.layout.tiles.wide.columns) - firstColumn;
  open_rows(job, local, batch, first, count);
  const Tap tap{0, static_cast<int32_t>(job.layout.stepsPerTap)};
  const PackedColumns packed{job.layout, job.panels + matrix * job.panel_bytes(),
                             job.panelNorms + matrix * job.panel_norms(), &tap, firstPanel, lastPanel};
  const int64_t element = (batch * job.m + first) * job.n + firstColumn;
  float* out = job.direct() ? job.c.f32_out() + element : local.staging;
  const int64_t pitch = job.direct() ? job.n : columns;
  multiply_rows({local.rows, local.norms}, 0, count, packed, local.runs, local.tileSpace, out, pitch);
  for (int64_t i = 0; job.integer() && i < count; i++) scale_by_power(out + i * pitch, columns, job.exponent);
  if (job.direct()) return;
  if (columns == job.n) return store_block(job.c, element, count * columns, out, job.ctx.clock);
  for (int64_t i = 0; i < count; i++) {
    store_block(job.c, element + i * job.n, columns, out + i * columns, job.ctx.clock);
  }
}

void matmul(const Command& cmd, Context& ctx) {
  if (cmd.out[0].elements == 0) return;
  const bool accumulated = has_accumulator(cmd, kMatmulAttrs);
  const AccumulatorKind kind = accumulated ? accumulator_of(cmd, kMatmulAttrs).kind : AccumulatorKind::fp64;
  // The other kinds are instructions, with tiles of their own.
  if (accumulated && kind != AccumulatorKind::amxBf16 && kind != AccumulatorKind::vdpbf16) {
    return accumulated_matmul(cmd, ctx);
  }
  MatmulJob job = plan(cmd, ctx);
  if (job.exponent == kExponentNotANumber) return fill_nan(job.c, ctx);
  pack_shared(job, cmd.prepacked);
  ctx.pool.parallel_for(job.batches * job.blocks * job.splits,
                        [&](int64_t task, int thread) { run_matmul_block(job, task, thread); });
}

}  // namespace

size_t matmul_packed_bytes(const Command& cmd, const CpuFeatures& cpu) {
  const Operand &a = cmd.in[0], &b = cmd.in[1];
  const bool transA = cmd.attrs[0] != 0, transB = cmd.attrs[1] != 0;
  const int64_t k = a.dims[transA ? a.rank - 2 : a.rank - 1], n = b.dims[transB ? b.rank - 2 : b.rank - 1];
  const auto carrier = static_cast<Carrier>(static_cast<int>(cmd.attrs[2]));
  const PanelLayout layout(choose_tiles(carrier, cpu), 1, k, n);
  const int64_t norms = layout.panels() * layout.norms_per_panel() * static_cast<int64_t>(sizeof(float));
  // Both arrays begin on cache lines, and there is one line more, as `carve` asks for.
  return static_cast<size_t>(layout.offset(layout.panels()) + norms + 3 * 64);
}

void register_matmul(KernelTable& table) { table["matmul"] = matmul; }

}  // namespace roundoff::ROUNDOFF_TIER
