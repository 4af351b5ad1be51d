// Weight gradients as matrix products whose long dimension, the pixels of all images, is the reduction. Pixels are cut
// into chunks and the gradient into parts, both by shapes alone; every chunk sums into its own copy of the gradient.

#include <algorithm>

#include "conv_grad_weight.h"
#include "conv_pixel_rows.h"
#include "gemm_block.h"
#include "gemm_carve.h"
#include "outer_panels.h"
#include "scratch.h"
#include "thread_pool.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Tasks to share among threads, at least, when there are pixels enough.
constexpr int64_t kPanelTasks = 16;
// Steps of a band of pixels. One panel of input columns stays in L1 while all filters of a part meet it.
constexpr int64_t kBandSteps = 192;
// A part of the gradient stays in L2 from band to band, beside the packed filters of a band.
constexpr int64_t kPartBytes = 320 * 1024;

struct PanelJob {
  const ConvShape& conv;
  const Operand& gw;
  Context& ctx;
  Products products;
  OuterTiles tiles;
  TapView taps;
  ConvPixels pixels;
  int64_t pixelCount, bandPixels, bands, chunks, chunkBands;
  int64_t partFilters, partColumns;  // of one part: filters, values of a tap
  int64_t columnParts, parts;
  float* copies;  // [chunks][gw]

  PanelJob(const GradientProblem& problem, Context& context);
  PanelJob(const PanelJob&) = delete;

  bool integer() const { return products == Products::i16Pairs; }
  int64_t filter_values() const { return taps.count * taps.values; }
  int64_t band_steps() const { return steps_of(bandPixels); }
  int64_t steps_of(int64_t count) const {
    const int64_t per = values_per_step(products), multiple = integer() ? kGranuleSteps : 1;
    return ((count + per - 1) / per + multiple - 1) / multiple * multiple;
  }
  int64_t filter_panels() const { return (partFilters + tiles.rows - 1) / tiles.rows; }
  // Sums of one tap: whole tiles.
  int64_t tap_sums() const {
    return filter_panels() * tiles.rows * ColumnCut(tiles, partColumns).vectors * kLanes;
  }
  // A chunk alone can sum into the result itself.
  bool direct() const { return chunks == 1 && gw.plain() && !integer(); }
  void cut_gradient();
};

// What one thread works in.
struct PanelMemory {
  char *a, *b;  // packed filters of a part; one panel of columns
  float *aNorms, *bNorms;
  OuterRun* runs;
  float* sums;  // of a part: [tap][panel of columns][panel of filters][tile]
  PixelBuffers filters, inputs;
};

// One part of the gradient.
struct GradientPart {
  int64_t firstFilter, lastFilter, firstColumn, lastColumn;
  int64_t filters() const { return lastFilter - firstFilter; }
};

PanelJob::PanelJob(const GradientProblem& problem, Context& context)
    : conv(problem.conv),
      gw(problem.gw),
      ctx(context),
      products(choose_tiles(conv.carrier, context.cpu).products),
      tiles(choose_outer_tiles(products, conv.filters, context.cpu)),
      taps(choose_taps(conv)),
      pixels(conv, products, problem.gy, problem.x, taps),
      pixelCount(conv.images * conv.outRows * conv.outColumns),
      copies(nullptr) {
  bandPixels = std::clamp<int64_t>(pixelCount, 1, kBandSteps * values_per_step(products));
  bands = (pixelCount + bandPixels - 1) / bandPixels;
  cut_gradient();
  const int64_t wanted = std::clamp<int64_t>((kPanelTasks + parts - 1) / parts, 1, std::max<int64_t>(1, bands));
  chunkBands = std::max<int64_t>(1, (bands + wanted - 1) / wanted);
  chunks = std::max<int64_t>(1, (bands + chunkBands - 1) / chunkBands);
}

// Halves the larger side until a part fits: columns are packed once per tap for all filters, filters once for all taps.
// Channels are cut only where a tap is one pixel.
void PanelJob::cut_gradient() {
  const auto half = [](int64_t n, int64_t multiple) { return ((n + 1) / 2 + multiple - 1) / multiple * multiple; };
  partFilters = conv.filters, partColumns = taps.values;
  while (partFilters * partColumns * taps.count * 4 > kPartBytes) {
    const int64_t fewer = half(partFilters, tiles.rows), narrower = half(partColumns, 2 * kLanes);
    const bool columnsCan = taps.kind == Taps::single && narrower < partColumns, filtersCan = fewer < partFilters;
    if (columnsCan && (taps.count * partColumns >= partFilters || !filtersCan)) {
      partColumns = narrower;
    } else if (filtersCan) {
      partFilters = fewer;
    } else {
      break;
    }
  }
  columnParts = (taps.values + partColumns - 1) / partColumns;
  parts = (conv.filters + partFilters - 1) / partFilters * columnParts;
}

GradientPart part_at(const PanelJob& job, int64_t number) {
  const int64_t column = number % job.columnParts * job.partColumns;
  const int64_t filter = number / job.columnParts * job.partFilters;
  return {filter, std::min(job.conv.filters, filter + job.partFilters), column,
          std::min(job.taps.values, column + job.partColumns)};
}

PanelMemory panel_memory(const PanelJob& job, int thread) {
  PanelMemory local{};
  const int64_t steps = job.band_steps(), rows = steps * values_per_step(job.products);
  const int64_t norms = job.integer() ? granules(steps) : 0;
  char* zeros = nullptr;
  carve(
      [&](Carver& c) {
        c.take(local.a, job.filter_panels() * filter_panel_bytes(job.tiles, steps));
        c.take(local.b, steps * kOuterWidths * kLanes * 4);
        c.take(local.aNorms, norms);
        c.take(local.bNorms, norms);
        c.take(local.runs, std::max<int64_t>(1, steps));
        c.take(local.sums, job.taps.count * job.tap_sums());
        c.take(local.filters.rows, rows);
        c.take(local.filters.values, job.pixels.filter_bytes(job.bandPixels));
        c.take(local.inputs.rows, rows);
        c.take(local.inputs.values, job.pixels.tap_bytes(job.bandPixels));
        c.take(zeros, job.pixels.longest_row());
      },
      [&](size_t bytes) { return job.ctx.scratch.get(thread, bytes); });
  std::fill_n(zeros, job.pixels.longest_row(), '\0');
  local.filters.zeros = local.inputs.zeros = zeros;
  return local;
}

// Packs the filters of a band.
void pack_filters(const PanelJob& job, const PanelMemory& local, const GradientPart& part, int64_t steps) {
  pack_outer_filters(job.tiles, job.products, {local.filters.rows, steps}, part.firstFilter, part.filters(), local.a);
  if (!job.integer()) return;
  std::fill_n(local.aNorms, granules(steps), 0.0f);
  for (int64_t m = 0; m < part.filters(); m += job.tiles.rows) {
    const char* panel = local.a + m / job.tiles.rows * filter_panel_bytes(job.tiles, steps);
    outer_norms(panel, steps, job.tiles.rows, true, local.aNorms);
  }
}

// Adds the products of the packed panel of columns with all filters of the part to `sums`.
void multiply_panel(const PanelJob& job, const PanelMemory& local, const GradientPart& part, int64_t steps,
                    int64_t vectors, float* sums) {
  OuterRun* runs = local.runs;
  int64_t runCount = 1;
  runs[0] = {0, 0, static_cast<int32_t>(steps), true};
  const int64_t aStep = filter_step_bytes(job.tiles), bStep = vectors * kLanes * 4;
  if (job.integer()) {
    outer_norms(local.b, steps, vectors * kLanes, false, local.bNorms);
    runCount = outer_chains(local.aNorms, local.bNorms, {aStep, bStep, steps}, runs);
  }
  const int64_t panelBytes = filter_panel_bytes(job.tiles, steps), aPitch = filter_pitch(job.tiles, steps);
  const char* a = local.a;
  for (int64_t m = 0; m < part.filters(); m += job.tiles.rows, a += panelBytes) {
    job.tiles.run[vectors - 1]({a, local.b, aStep, aPitch, bStep, runs, runCount, sums + m * vectors * kLanes});
  }
}

// Adds the products of the rows at hand, those of one tap.
void add_tap(const PanelJob& job, const PanelMemory& local, const GradientPart& part, int64_t steps, float* sums) {
  const ColumnCut cut(job.tiles, part.lastColumn - part.firstColumn);
  const int64_t filters = job.filter_panels() * job.tiles.rows;
  for (int64_t p = 0; p < cut.panels; p++) {
    pack_outer_columns(job.products, {local.inputs.rows, steps}, part.firstColumn + cut.first(p), cut.used(p), local.b);
    multiply_panel(job, local, part, steps, cut.vectors_of(p), sums + cut.first(p) * filters);
  }
}

// Puts the sums of one tap where they belong: `to` is the place of the part's first filter and column.
void place_sums(const PanelJob& job, const GradientPart& part, const float* sums, float* to) {
  const ColumnCut cut(job.tiles, part.lastColumn - part.firstColumn);
  const int64_t filters = job.filter_panels() * job.tiles.rows;
  for (int64_t p = 0; p < cut.panels; p++) {
    const float* from = sums + cut.first(p) * filters;
    for (int64_t m = 0; m < part.filters(); m++, from += cut.vectors_of(p) * kLanes) {
      std::copy_n(from, cut.used(p), to + m * job.filter_values() + cut.first(p));
    }
  }
}

void run_panel_task(const PanelJob& job, int64_t chunk, const GradientPart& part, int thread) {
  const PanelMemory local = panel_memory(job, thread);
  const int64_t tapSums = job.tap_sums();
  std::fill_n(local.sums, job.taps.count * tapSums, 0.0f);
  if (job.tiles.open != nullptr) job.tiles.open();
  const int64_t lastBand = std::min(job.bands, (chunk + 1) * job.chunkBands);
  for (int64_t band = chunk * job.chunkBands; band < lastBand; band++) {
    const int64_t first = band * job.bandPixels, count = std::min(job.bandPixels, job.pixelCount - first);
    const int64_t steps = job.steps_of(count), padded = steps * values_per_step(job.products);
    job.pixels.filters(first, count, padded, local.filters);
    pack_filters(job, local, part, steps);
    for (int64_t tap = 0; tap < job.taps.count; tap++) {
      job.pixels.tap(tap, first, count, padded, local.inputs);
      add_tap(job, local, part, steps, local.sums + tap * tapSums);
    }
  }
  if (job.tiles.close != nullptr) job.tiles.close();
  float* copy = job.copies + chunk * job.gw.elements;
  for (int64_t tap = 0; tap < job.taps.count; tap++) {
    const int64_t place = part.firstFilter * job.filter_values() + tap * job.taps.values + part.firstColumn;
    place_sums(job, part, local.sums + tap * tapSums, copy + place);
  }
}

}  // namespace

void grad_weight_by_panels(const GradientProblem& problem, Context& ctx) {
  PanelJob job(problem, ctx);
  if (job.direct()) {
    job.copies = problem.gw.f32_out();
  } else {
    carve([&](Carver& c) { c.take(job.copies, job.chunks * problem.gw.elements); },
          [&](size_t bytes) { return ctx.scratch.shared(bytes); });
  }
  ctx.pool.parallel_for(job.chunks * job.parts, [&](int64_t task, int thread) {
    run_panel_task(job, task / job.parts, part_at(job, task % job.parts), thread);
  });
  if (!job.direct()) add_copies(problem, job.copies, job.chunks, ctx);
}

}  // namespace roundoff::ROUNDOFF_TIER
