// The verdict on the AMX tiles of this processor, for those who report it; using them is amx_bf16.h.
#pragma once

namespace roundoff::avx512 {

// Null if the tiles of this processor compute what tile_model.h says, in either reading, bit for bit, on random problems; else
// what was wrong. Tested once per process, at the first call; call it only where cpu.amxBf16 (permission was granted).
const char* amx_problem();

// Whether they are those of accumulator profile amxBf16.
bool amx_is_profile();

}  // namespace roundoff::avx512
