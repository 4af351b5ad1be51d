// Numbers of the named lists that attributes use. Same order as UNARY_KINDS, BINARY_KINDS,
// REDUCE_KINDS and PAD_MODES in src/kernels/contract.ts.
#pragma once

#include <vector>

namespace roundoff {

enum class UnaryKind {
  relu, neg, abs, square, sqrt, rsqrt, reciprocal, exp, log, tanh, sigmoid, gelu, sin, cos, erf, expm1, log1p, sign, floor,
  ceil, round, softplus, silu, elu, selu, mish, geluTanh, leakyRelu, hardtanh, clamp, hardsigmoid, hardswish, pow
};
constexpr int kUnaryKinds = 33;

// A function of one number with its parameters, as the attributes of unary and unaryGrad name it.
struct UnaryFunction {
  UnaryKind kind;
  float alpha, beta;
};

inline UnaryFunction unary_function(const std::vector<double>& attrs) {
  return {static_cast<UnaryKind>(static_cast<int>(attrs[0])), static_cast<float>(attrs[1]),
          static_cast<float>(attrs[2])};
}

enum class BinaryKind { add, sub, mul, div, maximum, minimum, pow, atan2, eq, ne, lt, le, gt, ge };
constexpr int kBinaryKinds = 14;

enum class ReduceKind { max, min, prod, logSumExp, norm1, norm2, variance };
constexpr int kReduceKinds = 7;

enum class PadMode { reflect, replicate, circular };
constexpr int kPadModes = 3;

}  // namespace roundoff
