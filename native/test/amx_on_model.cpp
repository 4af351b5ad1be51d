// Stands in for kernels/isa/amx_bf16.cpp in the checks: the same tiles on the model, so that packing, edges and
// tile shapes are checked on any machine.
#define ROUNDOFF_TIER avx512
#include "amx_bf16.h"
#include "amx_kernels.h"
#include "tile_model.h"

namespace roundoff::avx512 {

const char* amx_problem() { return nullptr; }
bool amx_is_profile() { return true; }
TileSet amx_bf16_tiles() { return amx_tiles<ModelTiles>(); }
OuterTiles amx_bf16_outer_tiles(int64_t filters) { return amx_outer_tiles<ModelTiles>(filters); }

}  // namespace roundoff::avx512
