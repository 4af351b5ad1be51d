// BF16 tiles on AMX hardware, and the test that they are what we think they are. A machine whose tiles differ from
// the model falls back to vector registers instead of computing something unspecified.
// build-flags: -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma
#ifndef ROUNDOFF_TIER
#define ROUNDOFF_TIER avx512
#endif
#include "amx_bf16.h"

#include <vector>

#include "amx_kernels.h"
#include "amx_tiles.h"
#include "tile_model.h"

namespace roundoff::avx512 {
namespace {

constexpr int kRuns = 3;
constexpr int kSteps = 24 + 9 + 40;
constexpr int kRowBytes = 512;

// BF16 pairs of many magnitudes, subnormals among them: sign and significand at random, exponents near `exponent`.
void fill_pairs(std::vector<uint32_t>& pairs, uint32_t exponent, uint32_t seed) {
  uint32_t state = seed;
  for (uint32_t& pair : pairs) {
    uint32_t halves[2];
    for (uint32_t& half : halves) {
      state = state * 1664525u + 1013904223u;
      half = (state >> 16 & 0x807fu) | (exponent + (state >> 9) % 12) << 7;
    }
    pair = halves[0] | halves[1] << 16;
  }
}

template <class Tiles>
void run_problem(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b, int64_t pitch,
                 std::vector<float>& out) {
  const auto* base = reinterpret_cast<const char*>(a.data());
  const char* rows[32];
  for (int m = 0; m < 32; m++) rows[m] = base + m * pitch;
  // The second run does not fill a tile, so gathering is tested as well as direct loads.
  const Run runs[kRuns] = {{0, 24, false}, {128, 9, false}, {192, 40, true}};
  Tiles::configure();
  amx_tiles<Tiles>().wide.run({rows, runs, kRuns, reinterpret_cast<const char*>(b.data()), out.data(), 32});
  Tiles::release();
}

// What the hardware was found to compute.
struct Verdict {
  bool isProfile = true, flushesProducts = true;
};

Verdict test_tiles() {
  std::vector<uint32_t> a(32 * kRowBytes / 4), b(kSteps * 32);
  std::vector<float> hardware(32 * 32), model(32 * 32);
  const auto differs = [&] { return memcmp(hardware.data(), model.data(), hardware.size() * sizeof(float)) != 0; };
  Verdict verdict;
  // Exponents around 1, and so low that products and sums are subnormal.
  for (const uint32_t exponent : {121u, 58u, 0u}) {
    fill_pairs(a, exponent, 1 + exponent);
    fill_pairs(b, exponent == 0 ? 121 : exponent, 2 + exponent);
    run_problem<HardwareTiles>(a, b, kRowBytes, hardware);
    run_problem<ModelTiles>(a, b, kRowBytes, model);
    if (differs()) verdict.isProfile = false;
    run_problem<TileModel<true>>(a, b, kRowBytes, model);
    if (differs()) verdict.flushesProducts = false;
  }
  return verdict;
}

const Verdict& verdict() {
  static const Verdict found = test_tiles();
  return found;
}

}  // namespace

const char* amx_problem() {
  if (verdict().isProfile || verdict().flushesProducts) return nullptr;
  return "AMX BF16 results differ from the model of TDPBF16PS; AMX is not used";
}

bool amx_is_profile() { return verdict().isProfile; }

TileSet amx_bf16_tiles() { return amx_tiles<HardwareTiles>(); }
OuterTiles amx_bf16_outer_tiles(int64_t filters) { return amx_outer_tiles<HardwareTiles>(filters); }

double amx_bf16_chains(int64_t steps) {
  HardwareTiles tiles;
  HardwareTiles::configure();
  for (int64_t i = 0; i < steps; i++) {
    tiles.dot<0, 4, 6>();
    tiles.dot<1, 4, 7>();
    tiles.dot<2, 5, 6>();
    tiles.dot<3, 5, 7>();
  }
  HardwareTiles::release();
  return static_cast<double>(steps) * 4 * 16 * 16 * 32 * 2;
}

}  // namespace roundoff::avx512
