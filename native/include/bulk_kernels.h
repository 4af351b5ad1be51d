// The bulk kernels of a tier, for the runtime.
#pragma once

#include "bulk.h"

namespace roundoff {

struct BulkKernels {
  // Formats without scales.
  void (*round)(const BulkJob&, Context&);
  // Formats with scales: chooses them (into `scales`), then rounds.
  void (*quantize)(const BulkJob&, const ScaleSpec&, ScaleArrays& scales, Context&);
  // Elements as FP32 values → packed codes. Returns how many have no code.
  int64_t (*encode)(const float* x, int64_t n, const Element&, uint8_t* codes, Context&);
  // Packed codes → elements. Returns the index of the first code that stands for no value, or −1.
  int64_t (*decode)(const uint8_t* codes, int64_t n, const Element&, bool isUnsigned, float* y, Context&);
  // Elements (or affine codes) → values, in place.
  void (*dequantize)(float* y, const Element&, const ScaleSpec&, const ScaleArrays& scales, Context&);
  // y = x, cut and stored as `round` does it: what a conversion is measured against.
  void (*copy)(const float* x, float* y, int64_t n, bool stream, Context&);
  // Multiply-adds of a carrier in registers, on all threads; returns the number of operations (peak_rates.h).
  double (*peak)(Carrier carrier, int64_t steps, Context&);
};

}  // namespace roundoff
