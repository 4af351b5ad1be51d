// BF16 products on AMX tiles, for the AVX-512 tier alone. Compiled once (kernels/isa/amx_bf16.cpp).
#pragma once

#include "amx_self_test.h"
#include "gemm_outer.h"
#include "gemm_tile.h"

namespace roundoff::avx512 {

inline bool amx_usable(const CpuFeatures& cpu) { return cpu.amxBf16 && amx_problem() == nullptr; }

#if defined(__AVX512F__)
TileSet amx_bf16_tiles();
OuterTiles amx_bf16_outer_tiles(int64_t filters);
// `steps` steps on four accumulators, in registers alone; returns the operations.
double amx_bf16_chains(int64_t steps);
#endif

}  // namespace roundoff::avx512
