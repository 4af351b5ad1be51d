// Register tiles of the accumulator profiles that are instructions: the instruction where this processor has it, else a
// model in plain C++ with the same bits.
#pragma once

#include "accumulator.h"
#include "gemm_tile.h"

namespace roundoff::ROUNDOFF_TIER {

// For amxBf16 and vdpbf16.
TileSet profile_tiles(AccumulatorKind kind, const CpuFeatures& cpu);

// The tiles of a matmul: of its accumulator if that is such a profile, else the carrier's best.
TileSet matmul_tiles(const Command& cmd, const CpuFeatures& cpu);

}  // namespace roundoff::ROUNDOFF_TIER
