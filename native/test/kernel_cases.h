// Problems for the checks and benchmarks of matrix products and convolutions: random operands, and the same
// operation in plain loops in FP64. Not part of the build.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "command.h"

namespace roundoff::test {

// A tensor and its storage. `values` are what the stored elements mean (integers for i16).
struct Tensor {
  std::vector<int64_t> dims;
  DType dtype;
  std::vector<double> values;
  std::vector<char> storage;

  Tensor(std::vector<int64_t> shape, DType type);
  int64_t elements() const { return static_cast<int64_t>(values.size()); }
  Operand operand();
  void encode();  // values → storage (rounded to what the dtype holds; values follow)
  void decode();  // storage → values
};

struct Conv {
  int64_t n, h, w, c, k, r, s, stride, pad, dilation, groups;
  int64_t out_rows() const { return (h + 2 * pad - dilation * (r - 1) - 1) / stride + 1; }
  int64_t out_columns() const { return (w + 2 * pad - dilation * (s - 1) - 1) / stride + 1; }
  std::string name() const;
};

struct Product {
  int64_t batch, m, n, k;
  bool transA, transB, sharedB;
  std::string name() const;
};

// How operands are drawn.
enum class Draw { normal, bf16, typicalI16, powersI16, extremeI16 };

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  int64_t below(int64_t n) { return static_cast<int64_t>(engine_() % static_cast<uint32_t>(n)); }
  void fill(Tensor& t, Draw draw);
  Conv conv();
  Product product();

 private:
  std::mt19937 engine_;
};

// Results in FP64 and, per element, Σ|a||b|: the scale of rounding errors.
struct Expected {
  std::vector<double> sum, magnitude;
  int64_t terms;
};

Expected conv_forward(const Conv& p, const Tensor& x, const Tensor& w);
Expected conv_grad_input(const Conv& p, const Tensor& gy, const Tensor& w);
Expected conv_grad_weight(const Conv& p, const Tensor& gy, const Tensor& x);
Expected product(const Product& p, const Tensor& a, const Tensor& b);

// A command's operands and what it should give.
struct Problem {
  std::string name, op;
  std::vector<double> attrs;
  Tensor a, b;
  std::vector<int64_t> outDims;
  Expected expected;
};

// The three operations of a convolution, and a matrix product, with operands stored as `da` and `db`.
std::vector<Problem> conv_problems(Random& random, const Conv& p, Carrier carrier, DType da, DType db, Draw draw);
Problem matmul_problem(Random& random, const Product& p, Carrier carrier, DType da, DType db, Draw draw);

std::vector<double> conv_attrs(const Conv& p, Carrier carrier);

}  // namespace roundoff::test
