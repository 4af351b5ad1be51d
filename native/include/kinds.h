// Numbers of the named lists that attributes use. Same order as UNARY_KINDS and BINARY_KINDS in src/kernels/contract.ts.
#pragma once

namespace roundoff {

enum class UnaryKind { relu, neg, abs, square, sqrt, rsqrt, reciprocal, exp, log, tanh, sigmoid, gelu };
constexpr int kUnaryKinds = 12;

enum class BinaryKind { add, sub, mul, div, maximum, minimum };
constexpr int kBinaryKinds = 6;

}  // namespace roundoff
