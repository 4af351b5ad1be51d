// The bulk conversions of an engine as JavaScript functions; the shapes of their arguments are in src/kernels/native-load.ts.
#pragma once

#include <napi.h>

#include <memory>

#include "engine.h"

namespace roundoff {

// Adds bulkRound, bulkEncode, bulkDecode, bulkCopy and peakOperations to the object of an engine.
void add_bulk_functions(Napi::Object object, const std::shared_ptr<Engine>& engine);

}  // namespace roundoff
