// Weight gradients from windows of images: operands are paired once for all taps, and read in place. Images are cut
// into chunks whose number depends on shapes alone; every chunk sums into its own copy of the gradient.

#include <algorithm>

#include "conv_grad_weight.h"
#include "conv_outer_window.h"
#include "gemm_block.h"
#include "gemm_carve.h"
#include "scratch.h"
#include "thread_pool.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

constexpr int64_t kMaxChunks = 16;
// All copies of the gradient together; large gradients are shared out by filters instead.
constexpr int64_t kCopyBytes = 8 * 1024 * 1024;
constexpr int64_t kGradientTasks = 16;
// Output positions whose operands are worked on at a time: both should stay in L2.
constexpr int64_t kBandPositions = 256;
constexpr int64_t kBandBytes = 256 * 1024;

struct GradientJob {
  const ConvShape& conv;
  const Operand &gy, &x, &gw;
  Context& ctx;
  OuterTiles tiles;
  OuterShape shape;             // of one window: a band of rows of one image
  int64_t windows;              // images whose windows are open at a time (bands == 1)
  int64_t bands;                // per image
  int64_t chunks;               // of images
  int64_t units, unitsPerTask;  // a unit: one tile height of filters of one group
  float* copies;                // [chunks][gw]

  int64_t chunk_images() const { return (conv.images + chunks - 1) / chunks; }
  int64_t units_per_group() const { return (conv.group_filters() + tiles.rows - 1) / tiles.rows; }
};

struct GradientMemory {
  OuterWindow windows;  // the first; the others follow
  OuterRun* runs;
  uint16_t* rowSpace;
  float* tile;
};

int64_t band_rows(const ConvShape& conv, Products products, bool transposed) {
  int64_t rows = std::min(conv.outRows, (kBandPositions + conv.outColumns - 1) / conv.outColumns);
  while (rows > 1) {
    const OuterShape shape(conv, products, transposed, rows);
    if (shape.aBytes + shape.b_bytes() <= kBandBytes) break;
    rows--;
  }
  const int64_t bands = (conv.outRows + rows - 1) / rows;
  return (conv.outRows + bands - 1) / bands;
}

GradientJob plan(const GradientProblem& problem, Context& ctx) {
  const auto& [conv, gy, x, gw, exponent] = problem;
  const Products products = choose_tiles(conv.carrier, ctx.cpu).products;
  const OuterTiles tiles = choose_outer_tiles(products, conv.group_filters(), ctx.cpu);
  const int64_t rows = band_rows(conv, products, tiles.transposed);
  const OuterShape shape(conv, products, tiles.transposed, rows);
  GradientJob job{conv, gy, x, gw, ctx, tiles, shape, 1, 1, 1, 1, 1, nullptr};
  job.bands = (conv.outRows + rows - 1) / rows;
  const int64_t copyBytes = std::max<int64_t>(1, gw.elements * 4);
  job.chunks = std::clamp<int64_t>(kCopyBytes / copyBytes, 1, std::min(kMaxChunks, std::max<int64_t>(1, conv.images)));
  if (job.bands == 1) {
    const int64_t positions = std::max<int64_t>(1, conv.outRows * conv.outColumns);
    const int64_t bytes = std::max<int64_t>(1, job.shape.aBytes + job.shape.b_bytes());
    const int64_t fit = std::min(kBandPositions / positions, kBandBytes / bytes);
    job.windows = std::clamp<int64_t>(fit, 1, std::max<int64_t>(1, job.chunk_images()));
  }
  job.units = conv.groups * job.units_per_group();
  const int64_t splits = std::min(job.units, (kGradientTasks + job.chunks - 1) / job.chunks);
  job.unitsPerTask = splits == 0 ? 1 : (job.units + splits - 1) / splits;
  return job;
}

GradientMemory gradient_memory(const GradientJob& job, int thread) {
  GradientMemory local{};
  const bool norms = job.shape.products == Products::i16Pairs;
  carve(
      [&](Carver& c) {
        c.take(local.windows.a, job.windows * job.shape.aBytes + kOuterSlack);
        c.take(local.windows.b, job.windows * job.shape.b_bytes() + kOuterSlack);
        c.take(local.windows.aNorms, norms ? job.windows * job.shape.outRows * job.shape.pieces : 0);
        c.take(local.windows.bNorms, norms ? job.windows * job.shape.input.rows * job.shape.pieces : 0);
        c.take(local.runs, job.windows * outer_runs_needed(job.shape));
        c.take(local.rowSpace, row_space(job.shape, job.conv) + kOuterSlack);
        c.take(local.tile, job.tiles.rows * kOuterWidths * kLanes);
      },
      [&](size_t bytes) { return job.ctx.scratch.get(thread, bytes); });
  return local;
}

OuterWindow window_at(const GradientJob& job, const GradientMemory& local, int64_t i) {
  const OuterShape& s = job.shape;
  return {local.windows.a + i * s.aBytes, local.windows.b + i * s.b_bytes(),
          local.windows.aNorms + i * s.outRows * s.pieces, local.windows.bNorms + i * s.input.rows * s.pieces};
}

// A stretch of a filter's row whose values are contiguous in the window and in the gradient.
struct Stretch {
  int64_t window;    // byte offset of the first value
  int64_t gradient;  // element offset behind (filter, kernel row)
  int64_t values;
};

// Adds the products of one stretch for one unit's filters to the gradient `copy`.
void add_stretch(const GradientJob& job, const GradientMemory& local, const OuterRuns& runs, int64_t kernelRow,
                 const Stretch& stretch, int64_t filter, int64_t filters, float* copy) {
  const ConvShape& conv = job.conv;
  const int64_t rowValues = conv.kernelColumns * conv.groupChannels;
  const int64_t lanes = kLanes;
  for (int64_t n = 0; n < stretch.values;) {
    const int64_t left = stretch.values - n;
    const int64_t vectors = std::min<int64_t>(job.tiles.widths, (left + lanes - 1) / lanes);
    std::fill_n(local.tile, job.tiles.rows * vectors * lanes, 0.0f);
    job.tiles.run[vectors - 1]({local.windows.a + filter * job.shape.aPitch,
                                local.windows.b + stretch.window + n * 4, job.shape.aStep, job.shape.aPitch,
                                job.shape.bStep, runs.runs, runs.count, local.tile});
    const int64_t used = std::min(left, vectors * lanes);
    for (int64_t m = 0; m < filters; m++) {
      float* to = copy + ((filter + m) * conv.kernelRows + kernelRow) * rowValues + stretch.gradient + n;
      const float* from = local.tile + m * vectors * lanes;
      for (int64_t i = 0; i < used; i++) to[i] += from[i];
    }
    n += used;
  }
}

void add_unit(const GradientJob& job, const GradientMemory& local, const OuterRuns& runs, int64_t kernelRow,
              int64_t unit, float* copy) {
  const ConvShape& conv = job.conv;
  const int64_t group = unit / job.units_per_group();
  const int64_t first = unit % job.units_per_group() * job.tiles.rows;
  const int64_t filter = group * conv.group_filters() + first;
  const int64_t filters = std::min<int64_t>(job.tiles.rows, conv.group_filters() - first);
  if (conv.groups == 1 && conv.dilationW == 1) {
    add_stretch(job, local, runs, kernelRow, {0, 0, conv.kernelColumns * conv.channels}, filter, filters, copy);
    return;
  }
  for (int64_t s = 0; s < conv.kernelColumns; s++) {
    const int64_t window = (s * conv.dilationW * conv.channels + group * conv.groupChannels) * 4;
    add_stretch(job, local, runs, kernelRow, {window, s * conv.groupChannels, conv.groupChannels}, filter, filters,
                copy);
  }
}

// Adds `images` images from `image` on, output rows `row` to row + rows.
void add_windows(const GradientJob& job, const GradientMemory& local, int64_t image, int64_t images, int64_t row,
                 int64_t rows, int64_t firstUnit, int64_t lastUnit, float* copy) {
  for (int64_t i = 0; i < images; i++) {
    fill_outer_window(job.shape, job.conv, job.gy, job.x, image + i, row, rows, window_at(job, local, i),
                      local.rowSpace);
  }
  if (job.tiles.open != nullptr) job.tiles.open();
  for (int64_t r = 0; r < job.conv.kernelRows; r++) {
    OuterRuns runs{local.runs, 0, 0};
    for (int64_t i = 0; i < images; i++) {
      append_outer_runs(job.shape, job.conv, window_at(job, local, i), rows, r, local.windows, runs);
    }
    if (runs.count == 0) continue;
    runs.runs[runs.count - 1].spill = true;
    for (int64_t unit = firstUnit; unit < lastUnit; unit++) add_unit(job, local, runs, r, unit, copy);
  }
  if (job.tiles.close != nullptr) job.tiles.close();
}

void clear_units(const GradientJob& job, int64_t firstUnit, int64_t lastUnit, float* copy) {
  const int64_t filterValues = job.conv.kernelRows * job.conv.kernelColumns * job.conv.groupChannels;
  for (int64_t unit = firstUnit; unit < lastUnit; unit++) {
    const int64_t first = unit % job.units_per_group() * job.tiles.rows;
    const int64_t filter = unit / job.units_per_group() * job.conv.group_filters() + first;
    const int64_t filters = std::min<int64_t>(job.tiles.rows, job.conv.group_filters() - first);
    std::fill_n(copy + filter * filterValues, filters * filterValues, 0.0f);
  }
}

void run_task(const GradientJob& job, int64_t chunk, int64_t part, int thread) {
  const GradientMemory local = gradient_memory(job, thread);
  const int64_t firstUnit = part * job.unitsPerTask, lastUnit = std::min(job.units, firstUnit + job.unitsPerTask);
  float* copy = job.copies + chunk * job.gw.elements;
  clear_units(job, firstUnit, lastUnit, copy);
  const int64_t end = std::min(job.conv.images, (chunk + 1) * job.chunk_images());
  for (int64_t image = chunk * job.chunk_images(); image < end; image += job.windows) {
    for (int64_t band = 0; band < job.bands; band++) {
      const int64_t row = band * job.shape.outRows, rows = std::min(job.shape.outRows, job.conv.outRows - row);
      add_windows(job, local, image, std::min(job.windows, end - image), row, rows, firstUnit, lastUnit, copy);
    }
  }
}

}  // namespace

void grad_weight_by_windows(const GradientProblem& problem, Context& ctx) {
  GradientJob job = plan(problem, ctx);
  carve([&](Carver& c) { c.take(job.copies, job.chunks * problem.gw.elements); },
        [&](size_t bytes) { return ctx.scratch.shared(bytes); });
  const int64_t parts = (job.units + job.unitsPerTask - 1) / job.unitsPerTask;
  ctx.pool.parallel_for(job.chunks * parts,
                        [&](int64_t task, int thread) { run_task(job, task / parts, task % parts, thread); });
  add_copies(problem, job.copies, job.chunks, ctx);
}

}  // namespace roundoff::ROUNDOFF_TIER
