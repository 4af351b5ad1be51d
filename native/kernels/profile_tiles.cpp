// Tiles by accumulator profile. The models run one lane after another: they are for checking, not for speed.
#include "profile_tiles.h"

#include <bit>
#include <cmath>

#include "amx_bf16.h"
#include "amx_kernels.h"
#include "gemm_steps.h"
#include "tile_model.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

float flush_subnormal(float x) { return std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(0.0f, x) : x; }

// VDPBF16PS: the odd element first, then the even one; each FMA rounded once and flushed.
float dot_pair(float sum, uint32_t a, uint32_t b) {
  const auto value = [](uint32_t bits) { return flush_subnormal(std::bit_cast<float>(bits)); };
  sum = flush_subnormal(std::fma(value(a & 0xffff0000u), value(b & 0xffff0000u), flush_subnormal(sum)));
  return flush_subnormal(std::fma(value(a << 16), value(b << 16), sum));
}

constexpr int kModelRows = 4, kModelColumns = 16;

void vdpbf16_model(const TileCall& call) {
  float sums[kModelRows][kModelColumns] = {};
  const char* panel = call.panel;
  for (int64_t r = 0; r < call.runCount; r++) {
    int64_t offset = call.runs[r].offset;
    for (int k = 0; k < call.runs[r].count; k++, offset += 4, panel += kModelColumns * 4) {
      for (int m = 0; m < kModelRows; m++) {
        uint32_t a, b[kModelColumns];
        memcpy(&a, call.rows[m] + offset, 4);
        memcpy(b, panel, sizeof b);
        for (int n = 0; n < kModelColumns; n++) sums[m][n] = dot_pair(sums[m][n], a, b[n]);
      }
    }
  }
  for (int m = 0; m < kModelRows; m++) memcpy(call.out + m * call.outPitch, sums[m], sizeof sums[m]);
}

}  // namespace

TileSet profile_tiles(AccumulatorKind kind, const CpuFeatures& cpu) {
  if (kind == AccumulatorKind::amxBf16) {
#if defined(__AVX512F__)
    if (amx_usable(cpu) && amx_is_profile()) return amx_bf16_tiles();
#endif
    return amx_tiles<ModelTiles>();
  }
#if defined(__AVX512F__)
  if (cpu.fastDpbf16) return choose_tiles(Carrier::bf16, cpu);
#endif
  (void)cpu;
  return {Products::bf16Pairs, {vdpbf16_model, kModelRows, kModelColumns}, {vdpbf16_model, kModelRows, kModelColumns}};
}

TileSet matmul_tiles(const Command& cmd, const CpuFeatures& cpu) {
  if (!has_accumulator(cmd, kMatmulAttrs)) return choose_tiles(static_cast<Carrier>(static_cast<int>(cmd.attrs[2])), cpu);
  return profile_tiles(accumulator_of(cmd, kMatmulAttrs).kind, cpu);
}

}  // namespace roundoff::ROUNDOFF_TIER
