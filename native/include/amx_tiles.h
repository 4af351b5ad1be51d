// The eight AMX tile registers, all of 16 rows of 64 bytes, as the few operations our kernels need. Two classes
// have the same members: HardwareTiles (the instructions) and ModelTiles (tile_model.h, in plain C++), so that
// everything around the instructions can be tested bit by bit on processors without them.
#pragma once

#include <cstdint>

namespace roundoff {

#if defined(__x86_64__)
class HardwareTiles {
 public:
  // Palette 1, all tiles 16 × 64 bytes; also clears them. Must be followed by release() on the same thread.
  static void configure() {
    alignas(64) uint8_t config[64] = {1};
    for (int tile = 0; tile < 8; tile++) {
      config[16 + 2 * tile] = 64;  // bytes per row
      config[48 + tile] = 16;      // rows
    }
    asm volatile("ldtilecfg %0" ::"m"(config));
  }
  static void release() { asm volatile("tilerelease"); }

  template <int Tile>
  void zero() {
    asm volatile("tilezero %%tmm%c0" ::"i"(Tile));
  }
  // Rows of 64 bytes, `pitch` bytes apart.
  template <int Tile>
  void load(const void* rows, int64_t pitch) {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(rows), "r"(pitch), "i"(Tile) : "memory");
  }
  template <int Tile>
  void store(void* rows, int64_t pitch) {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(rows), "r"(pitch), "i"(Tile) : "memory");
  }
  // C += A · B: A [16][32] BF16, B [16 pairs][16] BF16 pairs, C [16][16] FP32.
  template <int C, int A, int B>
  void dot() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(C), "i"(A), "i"(B));
  }
};
#endif

}  // namespace roundoff
