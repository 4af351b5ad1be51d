// Runs a stencil as a matrix product without im2col: windows of the source are padded and converted once, and every
// output position points into its window. Work is cut into blocks of whole images or of rows of one image; the cut
// depends on shapes alone.
#include "conv_stencil.h"

#include <algorithm>

#include "block_io.h"
#include "conv_window.h"
#include "gemm_block.h"
#include "gemm_carve.h"
#include "scratch.h"
#include "thread_pool.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// A block's window should stay in L2 beside a panel of weights, and hold enough positions to be worth filling.
constexpr int64_t kWindowBytes = 256 * 1024;
constexpr int64_t kBlockPositions = 512;
// Bytes of a row that is read in place.
constexpr int64_t kShortRow = 256;
// Blocks to share among threads, at least, when there are images enough. (More of them would hold fewer whole tiles: 7 × 7
// positions are three and a half of 14.)
constexpr int64_t kMinBlocks = 8;

// How positions are cut into blocks: `images` whole images each, or `rows` rows of one image.
struct Blocks {
  int64_t images, rows, bands, count;
};

Blocks cut(const Stencil& s, const TileSet& tiles) {
  const int64_t images = s.source.dims[0], positions = s.rows.positions * s.columns.positions;
  const int64_t channels = s.weights.channels;
  const int64_t columns = s.columns.extent(s.columns.positions);
  const auto bytes = [&](int64_t rows) {
    return stepped_window(tiles.products, channels, s.groups, s.rows.extent(rows), columns).bytes();
  };
  const int64_t whole = std::max<int64_t>(1, bytes(s.rows.positions));
  if (whole <= kWindowBytes && positions <= 4 * kBlockPositions) {
    int64_t n = std::min(kBlockPositions / std::max<int64_t>(1, positions), kWindowBytes / whole);
    n = std::clamp<int64_t>(n, 1, std::max<int64_t>(1, images / kMinBlocks));
    return {n, s.rows.positions, 1, (images + n - 1) / n};
  }
  int64_t rows = (kBlockPositions + s.columns.positions - 1) / s.columns.positions;
  while (rows > 1 && bytes(rows) > 2 * kWindowBytes) rows--;
  const int64_t bands = (s.rows.positions + rows - 1) / rows;
  rows = (s.rows.positions + bands - 1) / bands;
  return {1, rows, (s.rows.positions + rows - 1) / rows, images * ((s.rows.positions + rows - 1) / rows)};
}

// What all threads read: packed weights and the places of taps, per group.
struct Shared {
  char* panels;
  float* norms;
  Tap* taps;
};

// What one thread works in.
struct StencilMemory {
  char* window;
  float* norms;
  const char** rows;
  Run* runs;
  float* tileSpace;
  float* staging;
};

struct StencilJob {
  const Stencil& s;
  Context& ctx;
  PanelLayout layout;
  Blocks blocks;
  WindowShape window;  // of one image of a block
  Shared shared;

  StencilJob(const Stencil& stencil, const TileSet& tiles, Context& context)
      : s(stencil),
        ctx(context),
        layout(tiles, stencil.weights.taps(), stencil.weights.channels, stencil.weights.columns),
        blocks(cut(stencil, tiles)),
        window(stepped_window(tiles.products, stencil.weights.channels, stencil.groups,
                              stencil.rows.extent(blocks.rows), stencil.columns.extent(stencil.columns.positions))),
        shared{} {}

  int64_t panel_bytes() const { return layout.offset(layout.panels()); }
  int64_t out_channels() const { return s.groups * layout.columns; }
  int64_t positions_per_block() const { return blocks.images * blocks.rows * s.columns.positions; }
  // FP32 results can go straight to where they belong when that is one contiguous stretch per block.
  bool contiguous() const {
    return s.place.rowStep == 1 && s.place.columnStep == 1 && s.columns.positions == s.out.dims[2] &&
           s.rows.positions == s.out.dims[1];
  }
  bool direct() const { return contiguous() && s.out.plain(); }
  // Rows are read where the source has them: one tap, no border, nothing to convert, no gap wanted. Only short ones: longer
  // ones come faster through a copy, which reads memory in its order. (The norms of INT16 rows read behind the last one.)
  bool in_place() const {
    const auto inside = [](const TapAxis& axis, int64_t size) {
      return axis.count == 1 && axis.first >= 0 && axis.first + axis.extent(axis.positions) <= size;
    };
    const int64_t bytes = s.groups * s.weights.channels * value_bytes(window.products);
    return window.products != Products::i16Pairs && bytes == window.pixelBytes && bytes <= kShortRow &&
           s.source.dtype == (window.products == Products::f32 ? DType::f32 : DType::bf16) &&
           inside(s.rows, s.source.dims[1]) && inside(s.columns, s.source.dims[2]);
  }
};

void place_taps(StencilJob& job) {
  const Stencil& s = job.s;
  int64_t t = 0;
  for (int64_t g = 0; g < s.groups; g++) {
    for (int64_t r = 0; r < s.rows.count; r++) {
      for (int64_t c = 0; c < s.columns.count; c++) {
        const int64_t row = r * s.rows.distance, column = c * s.columns.distance;
        const int64_t offset =
            row * job.window.row_bytes() + column * job.window.pixelBytes + g * job.window.groupBytes;
        job.shared.taps[t++] = {static_cast<int32_t>(offset), static_cast<int32_t>(job.window.groupBytes / 4)};
      }
    }
  }
}

void pack_weights(StencilJob& job) {
  const int64_t panels = job.layout.panels(), normsPerGroup = panels * job.layout.norms_per_panel();
  carve(
      [&](Carver& c) {
        c.take(job.shared.panels, job.s.groups * job.panel_bytes());
        c.take(job.shared.norms, job.s.groups * normsPerGroup);
        c.take(job.shared.taps, job.s.groups * job.layout.taps);
      },
      [&](size_t bytes) { return job.ctx.scratch.shared(bytes); });
  place_taps(job);
  job.ctx.pool.parallel_for(job.s.groups * panels, [&](int64_t task, int) {
    const int64_t group = task / panels;
    ColumnSource source = job.s.weights;
    source.start += group * job.s.groupPitch;
    pack_panel(job.layout, source, task % panels, job.shared.panels + group * job.panel_bytes(),
               job.shared.norms + group * normsPerGroup);
  });
}

StencilMemory stencil_memory(const StencilJob& job, int thread) {
  StencilMemory local{};
  const int64_t windows = job.blocks.images, positions = job.positions_per_block();
  carve(
      [&](Carver& c) {
        c.take(local.window, job.in_place() ? 0 : windows * job.window.bytes() + kWindowSlack);
        c.take(local.norms, window_norms(job.window));
        c.take(local.rows, positions + kRowSlack);
        c.take(local.runs, runs_needed(job.layout));
        c.take(local.tileSpace, kTileSpace);
        c.take(local.staging, pass_rows(job.layout) * job.out_channels());
      },
      [&](size_t bytes) { return job.ctx.scratch.get(thread, bytes); });
  return local;
}

// Pointers of all positions of a block, in the order of the output, and what they point to: windows, or the source.
int64_t open_block(const StencilJob& job, const StencilMemory& local, int64_t image, int64_t images, int64_t row,
                   int64_t rows) {
  const Stencil& s = job.s;
  const WindowShape& w = job.window;
  const int64_t height = s.source.dims[1], width = s.source.dims[2], firstRow = row * s.rows.stride + s.rows.first;
  const bool inPlace = job.in_place();
  const int64_t rowBytes = inPlace ? width * w.pixelBytes : w.row_bytes();
  int64_t position = 0;
  std::fill_n(local.norms, window_norms(w), 0.0f);
  for (int64_t i = 0; i < images; i++) {
    const char* first = local.window + i * w.bytes();
    if (inPlace) {
      const int64_t pixel = ((image + i) * height + firstRow) * width + s.columns.first;
      first = static_cast<const char*>(s.source.data) + pixel * w.pixelBytes;
    } else {
      fill_window(w, s.source, image + i, firstRow, s.columns.first, local.window + i * w.bytes());
    }
    if (w.products == Products::i16Pairs) raise_window_norms(w, first, local.norms);
    for (int64_t u = 0; u < rows; u++) {
      for (int64_t v = 0; v < s.columns.positions; v++, position++) {
        local.rows[position] = first + u * s.rows.stride * rowBytes + v * s.columns.stride * w.pixelBytes;
      }
    }
  }
  for (int64_t i = 0; i < kRowSlack; i++) local.rows[position + i] = local.rows[position - 1];
  return position;
}

// Rounds and stores `count` positions from position `first` of the block on.
void store_positions(const StencilJob& job, int64_t image, int64_t row, int64_t rows, int64_t first, int64_t count,
                     float* x) {
  const Stencil& s = job.s;
  const Operand& out = s.out;
  const bool plain = out.plain();
  const int64_t channels = job.out_channels(), height = out.dims[1], width = out.dims[2];
  if (job.contiguous()) {
    const int64_t pixel = (image * height + row) * width + first;
    store_block(out, pixel * channels, count * channels, x, job.ctx.clock);
    return;
  }
  // Counting up instead of dividing: a strided gradient stores every pixel by itself.
  int64_t v = first % s.columns.positions, u = first / s.columns.positions % rows;
  int64_t n = image + first / s.columns.positions / rows;
  for (int64_t i = 0; i < count; i++, x += channels) {
    const int64_t h = s.place.firstRow + (row + u) * s.place.rowStep;
    const int64_t w = s.place.firstColumn + v * s.place.columnStep;
    const int64_t pixel = ((n * height + h) * width + w) * channels;
    if (plain) {
      std::copy_n(x, channels, out.f32_out() + pixel);
    } else {
      store_block(out, pixel, channels, x, job.ctx.clock);
    }
    if (++v < s.columns.positions) continue;
    v = 0;
    if (++u < rows) continue;
    u = 0;
    n++;
  }
}

void run_stencil_block(const StencilJob& job, int64_t block, int thread) {
  const Stencil& s = job.s;
  const StencilMemory local = stencil_memory(job, thread);
  const int64_t image = block / job.blocks.bands * job.blocks.images;
  const int64_t images = std::min(job.blocks.images, s.source.dims[0] - image);
  const int64_t row = block % job.blocks.bands * job.blocks.rows;
  const int64_t rows = std::min(job.blocks.rows, s.rows.positions - row);
  const int64_t positions = open_block(job, local, image, images, row, rows);
  const int64_t channels = job.out_channels(), normsPerGroup = job.layout.panels() * job.layout.norms_per_panel();
  const int64_t firstPixel = (image * s.out.dims[1] + row) * s.out.dims[2];
  const int64_t pass = pass_rows(job.layout);
  for (int64_t first = 0; first < positions; first += pass) {
    const int64_t count = std::min(pass, positions - first);
    float* results = job.direct() ? s.out.f32_out() + (firstPixel + first) * channels : local.staging;
    for (int64_t g = 0; g < s.groups; g++) {
      const float* norms = local.norms + g * granules(job.window.groupBytes / 4);
      const PackedColumns columns{job.layout, job.shared.panels + g * job.panel_bytes(),
                                  job.shared.norms + g * normsPerGroup, job.shared.taps + g * job.layout.taps, 0,
                                  job.layout.panels()};
      multiply_rows({local.rows, norms}, first, count, columns, local.runs, local.tileSpace,
                    results + g * job.layout.columns, channels);
    }
    if (job.layout.tiles.products == Products::i16Pairs) scale_by_power(results, count * channels, s.exponent);
    if (!job.direct()) store_positions(job, image, row, rows, first, count, results);
  }
}

}  // namespace

void run_stencil(const Stencil& stencil, const TileSet& tiles, Context& ctx) {
  if (stencil.rows.positions <= 0 || stencil.columns.positions <= 0 || stencil.source.dims[0] == 0) return;
  StencilJob job(stencil, tiles, ctx);
  pack_weights(job);
  ctx.pool.parallel_for(job.blocks.count, [&](int64_t block, int thread) { run_stencil_block(job, block, thread); });
}

}  // namespace roundoff::ROUNDOFF_TIER
