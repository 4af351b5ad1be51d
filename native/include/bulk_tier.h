// The bulk kernels as functions of a tier; their meaning is in bulk_kernels.h.
#pragma once

#include "bulk_kernels.h"

namespace roundoff::ROUNDOFF_TIER {

void bulk_round(const BulkJob& job, Context& ctx);
void bulk_quantize(const BulkJob& job, const ScaleSpec& spec, ScaleArrays& scales, Context& ctx);
int64_t bulk_encode(const float* x, int64_t n, const Element& element, uint8_t* codes, Context& ctx);
int64_t bulk_decode(const uint8_t* codes, int64_t n, const Element& element, bool isUnsigned, float* y, Context& ctx);
void bulk_dequantize(float* y, const Element& element, const ScaleSpec& spec, const ScaleArrays& scales, Context& ctx);
BulkKernels bulk_kernels();
void bulk_copy(const float* x, float* y, int64_t n, bool stream, Context& ctx);

}  // namespace roundoff::ROUNDOFF_TIER
