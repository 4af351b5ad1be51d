// Vocabulary of the rules that a command is checked by: each is a condition that throws PlanError with a sentence.
#pragma once

#include "plan.h"

namespace roundoff::rules {

// Exact counts of operands and attributes.
void expect_counts(const Command& c, int inputs, int outputs, int attrs);

// Not i32: something that kernels read as numbers.
void expect_real(const Operand& x, const char* name);
void expect_all_real(const Command& c);
void expect_i32(const Operand& x, const char* name);
void expect_elements(const Operand& x, int64_t elements, const char* name);
void expect_rank(const Operand& x, int rank, const char* name);
void expect_same_shape(const Operand& a, const Operand& b, const char* names);

// Whether x can be repeated to the shape of y (NumPy broadcasting).
void expect_broadcastable(const Operand& x, const Operand& y);
// The attributes from `first` on name distinct axes of a tensor of this rank.
void expect_axes(const Command& c, size_t first, int rank);

// No place of a tensor is as far away; sums and products of two such numbers are far from overflow.
constexpr int64_t kMaxPlace = int64_t{1} << 31;

// attrs[index] as an integer in [low, high].
int64_t integer_attr(const Command& c, size_t index, int64_t low, int64_t high, const char* name);

// ⌊(size + 2·pad − dilation·(kernel − 1) − 1) / stride⌋ + 1, at least 1.
int64_t windows(int64_t size, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation);

// The steps of a command's epilogue: their attributes, and operands of the result's shape, its last axis or one element.
void check_epilogue(const Command& c);

// The rules, by theme. Each accepts the operations named in op_rules.cpp.
void check_matmul(const Command& c);
void check_convolution(const Command& c);
void check_elementwise(const Command& c);
void check_movement(const Command& c);
void check_indexing(const Command& c);
void check_order(const Command& c);
void check_put(const Command& c);
void check_reduction(const Command& c);
void check_pooling(const Command& c);
void check_regularization(const Command& c);
void check_resampling(const Command& c);
void check_normalization(const Command& c);
void check_training(const Command& c);
void check_updates(const Command& c);
void check_quantization(const Command& c);
void check_embedding(const Command& c);
void check_cell(const Command& c);
void check_attention(const Command& c);
void check_ctc(const Command& c);

}  // namespace roundoff::rules
