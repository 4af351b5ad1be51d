// Formats and scales as the numbers that TypeScript hands over, in the order of ELEMENT_ORDER and SCALE_ORDER in
// src/kernels/native-load.ts: checked once, then read without further ado by bulk conversions and by plans.
#pragma once

#include "bulk.h"

namespace roundoff {

constexpr size_t kElementNumbers = 16, kScaleNumbers = 12;

// Throw PlanError if a number is not whole or out of range, or a format that no kernel rounds to.
void check_element_numbers(const double* numbers);
void check_scale_numbers(const double* numbers, const Element& element, int64_t elements);

// What checked numbers say.
Element element_of(const double* numbers);
ScaleSpec scale_of(const double* numbers);

}  // namespace roundoff
