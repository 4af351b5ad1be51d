// The checks of a bulk conversion, before a kernel sees it: formats, layouts, sizes, overlaps.
#pragma once

#include "bulk.h"
#include "plan.h"

namespace roundoff {

// All throw PlanError, naming what is wrong.
void check_element(const Element& element);
void check_scale(const ScaleSpec& spec, const Element& element, int64_t elements);
struct Memory {
  const void* data;
  int64_t bytes;
};
inline Memory memory_of(const ExternalMemory& array) { return {array.data, array.elements * bytes_of(array.dtype)}; }

// Two memories that a kernel reads and writes: the same, if `sameAllowed`, or disjoint.
void check_disjoint(const Memory& a, const Memory& b, bool sameAllowed, const char* names);

// Bytes that codes of `elements` elements take, packed.
int64_t packed_bytes(int64_t elements, int bits);

// Elements above which a conversion out of place does not fit the caches: its results are then stored past them. Asks the
// processor, which takes microseconds on a virtual machine: once for an engine.
int64_t elements_in_caches();

}  // namespace roundoff
