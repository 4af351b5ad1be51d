// The element-wise functions on one block of FP32 values in L1: what their commands do in a pass of their own, and a fused
// group does before it stores (epilogue.cpp). Targets may be an operand, never overlap one shifted; n ≤ kBlock.
#pragma once

#include "block_io.h"
#include "kinds.h"

namespace roundoff::ROUNDOFF_TIER {

// y = f(x)
void unary_block(const UnaryFunction& function, int64_t n, const float* x, float* y);
// y = g · f′, f′ at z
void unary_grad_block(const UnaryFunction& function, int64_t n, const float* z, const float* g, float* y);
// y = a ∘ b
void binary_block(BinaryKind kind, int64_t n, const float* a, const float* b, float* y);
// y = scale · x + offset
void affine_block(float scale, float offset, int64_t n, const float* x, float* y);

}  // namespace roundoff::ROUNDOFF_TIER
