// From JavaScript values to a PlanSpec. Reads types and nothing else: what the numbers mean is checked by Program.
// The shapes of the objects are those of AddonPlan in src/kernels/native-load.ts.
#pragma once

#include <napi.h>

#include "plan.h"

namespace roundoff {

// All throw PlanError on a value of the wrong type, naming it.
PlanSpec read_plan(const Napi::Value& value);
StoreRounding read_store(const Napi::Value& value);
Clock read_clock(const Napi::Value& value);

// The memory of a Float32Array or Int32Array, where it lies now.
ExternalMemory read_external(const Napi::Value& value);

// Fields of an object, by type.
Napi::Object read_object(const Napi::Value& value, const char* name);
std::vector<double> read_numbers(const Napi::Value& value, const char* name);
double read_number(const Napi::Value& value, const char* name);
int64_t read_integer(const Napi::Value& value, const char* name);
std::string read_string(const Napi::Value& value, const char* name);

}  // namespace roundoff
