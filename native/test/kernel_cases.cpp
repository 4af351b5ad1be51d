// Random problems and their FP64 results.
#include "kernel_cases.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace roundoff::test {

Tensor::Tensor(std::vector<int64_t> shape, DType type) : dims(std::move(shape)), dtype(type) {
  int64_t n = 1;
  for (const int64_t d : dims) n *= d;
  values.resize(static_cast<size_t>(n));
  storage.resize(static_cast<size_t>(n * bytes_of(dtype)));
}

Operand Tensor::operand() {
  Operand x{};
  x.data = storage.data();
  x.dtype = dtype;
  x.rank = static_cast<int>(dims.size());
  for (size_t i = 0; i < dims.size(); i++) x.dims[i] = dims[i];
  x.elements = elements();
  return x;
}

void Tensor::encode() {
  for (size_t i = 0; i < values.size(); i++) {
    const float f = static_cast<float>(values[i]);
    if (dtype == DType::f32) memcpy(&storage[i * 4], &f, 4);
    const auto half = static_cast<uint16_t>(std::bit_cast<uint32_t>(f) >> 16);
    if (dtype == DType::bf16) memcpy(&storage[i * 2], &half, 2);
    const auto integer = static_cast<int16_t>(std::isfinite(f) ? f : 0);
    if (dtype == DType::i16) memcpy(&storage[i * 2], &integer, 2);
    const auto integer32 = static_cast<int32_t>(std::isfinite(f) ? f : 0);
    if (dtype == DType::i32) memcpy(&storage[i * 4], &integer32, 4);
  }
  decode();
}

void Tensor::decode() {
  for (size_t i = 0; i < values.size(); i++) {
    if (dtype == DType::f32) {
      float f;
      memcpy(&f, &storage[i * 4], 4);
      values[i] = f;
    } else if (dtype == DType::i32) {
      int32_t v;
      memcpy(&v, &storage[i * 4], 4);
      values[i] = v;
    } else {
      uint16_t half;
      memcpy(&half, &storage[i * 2], 2);
      values[i] = dtype == DType::i16 ? static_cast<int16_t>(half)
                                      : std::bit_cast<float>(static_cast<uint32_t>(half) << 16);
    }
  }
}

std::string Conv::name() const {
  const auto t = [](int64_t v) { return std::to_string(v); };
  std::string name = "n";
  return name + t(n) + " " + t(h) + "x" + t(w) + "x" + t(c) + " k" + t(k) + " " + t(r) + "x" + t(s) + " stride " +
         t(stride) + " pad " + t(pad) + " dil " + t(dilation) + " groups " + t(groups);
}

std::string Product::name() const {
  const auto t = [](int64_t v) { return std::to_string(v); };
  return t(batch) + "x " + t(m) + "x" + t(n) + "x" + t(k) + (transA ? " ta" : "") + (transB ? " tb" : "") +
         (sharedB ? " shared" : "");
}

void Random::fill(Tensor& t, Draw draw) {
  std::normal_distribution<double> normal;
  for (double& v : t.values) {
    const double x = normal(engine_);
    const double sign = engine_() % 2 == 0 ? 1 : -1;
    switch (draw) {
      case Draw::normal: v = x; break;
      // Cut to BF16 so that FP32 storage holds BF16 values.
      case Draw::bf16:
        v = std::bit_cast<float>(std::bit_cast<uint32_t>(static_cast<float>(x)) & 0xffff0000u);
        break;
      case Draw::typicalI16: v = std::fmin(32767, std::fmax(-32767, std::rint(x * 5500))); break;
      case Draw::powersI16: v = sign * 16384; break;
      case Draw::extremeI16: v = 32767; break;
    }
  }
  t.encode();
}

Conv Random::conv() {
  for (;;) {
    Conv p{1 + below(3), 1 + below(19), 1 + below(19), 1 + below(40), 1 + below(40), 1 + below(4), 1 + below(4),
           1 + below(3), below(4),       1 + below(2),  1};
    const int64_t kind = below(5);
    if (kind == 0) p.groups = 2;
    if (kind == 1) p.groups = p.c;
    p.c = (p.c + p.groups - 1) / p.groups * p.groups;
    p.k = (p.k + p.groups - 1) / p.groups * p.groups;
    if (p.h + 2 * p.pad >= p.dilation * (p.r - 1) + 1 && p.w + 2 * p.pad >= p.dilation * (p.s - 1) + 1) return p;
  }
}

Product Random::product() {
  const bool batched = below(2) == 0;
  return {batched ? 1 + below(4) : 0, 1 + below(150), 1 + below(100), 1 + below(200), below(2) == 0, below(2) == 0,
          batched && below(2) == 0};
}

namespace {

// Calls body(output index, input index, weight index) for every product of a convolution. Input index −1 is
// padding: a zero that takes part, so that Inf · padding is NaN as in IEEE arithmetic. Depthwise kernels leave it out.
template <class Body>
void each_product(const Conv& p, const Body& body) {
  const int64_t oh = p.out_rows(), ow = p.out_columns(), gc = p.c / p.groups, gk = p.k / p.groups;
  const bool depthwise = p.groups > 1 && gc == 1 && gk == 1;
  for (int64_t n = 0; n < p.n; n++)
    for (int64_t u = 0; u < oh; u++)
      for (int64_t v = 0; v < ow; v++)
        for (int64_t r = 0; r < p.r; r++)
          for (int64_t s = 0; s < p.s; s++) {
            const int64_t y = u * p.stride + r * p.dilation - p.pad, x = v * p.stride + s * p.dilation - p.pad;
            const bool padding = y < 0 || y >= p.h || x < 0 || x >= p.w;
            if (padding && depthwise) continue;
            for (int64_t k = 0; k < p.k; k++)
              for (int64_t c = 0; c < gc; c++)
                body(((n * oh + u) * ow + v) * p.k + k,
                     padding ? -1 : ((n * p.h + y) * p.w + x) * p.c + k / gk * gc + c,
                     ((k * p.r + r) * p.s + s) * gc + c);
          }
}

void add(Expected& e, int64_t i, double product) {
  e.sum[static_cast<size_t>(i)] += product;
  e.magnitude[static_cast<size_t>(i)] += std::fabs(product);
}

Expected zeros(int64_t n, int64_t terms) {
  const auto size = static_cast<size_t>(n);
  return {std::vector<double>(size), std::vector<double>(size), terms};
}

double at(const Tensor& t, int64_t i) { return i < 0 ? 0 : t.values[static_cast<size_t>(i)]; }

}  // namespace

Expected conv_forward(const Conv& p, const Tensor& x, const Tensor& w) {
  Expected e = zeros(p.n * p.out_rows() * p.out_columns() * p.k, p.r * p.s * p.c / p.groups);
  each_product(p, [&](int64_t o, int64_t i, int64_t f) { add(e, o, at(x, i) * at(w, f)); });
  return e;
}

Expected conv_grad_input(const Conv& p, const Tensor& gy, const Tensor& w) {
  Expected e = zeros(p.n * p.h * p.w * p.c, p.r * p.s * p.k / p.groups);
  each_product(p, [&](int64_t o, int64_t i, int64_t f) {
    if (i >= 0) add(e, i, at(gy, o) * at(w, f));
  });
  return e;
}

Expected conv_grad_weight(const Conv& p, const Tensor& gy, const Tensor& x) {
  Expected e = zeros(p.k * p.r * p.s * p.c / p.groups, p.n * p.out_rows() * p.out_columns());
  each_product(p, [&](int64_t o, int64_t i, int64_t f) { add(e, f, at(gy, o) * at(x, i)); });
  return e;
}

Expected product(const Product& p, const Tensor& a, const Tensor& b) {
  const int64_t batches = p.batch == 0 ? 1 : p.batch;
  Expected e = zeros(batches * p.m * p.n, p.k);
  for (int64_t t = 0; t < batches; t++)
    for (int64_t m = 0; m < p.m; m++)
      for (int64_t n = 0; n < p.n; n++)
        for (int64_t k = 0; k < p.k; k++) {
          const int64_t ia = t * p.m * p.k + (p.transA ? k * p.m + m : m * p.k + k);
          const int64_t ib = (p.sharedB ? 0 : t * p.k * p.n) + (p.transB ? n * p.k + k : k * p.n + n);
          add(e, (t * p.m + m) * p.n + n, at(a, ia) * at(b, ib));
        }
  return e;
}

std::vector<double> conv_attrs(const Conv& p, Carrier carrier) {
  const auto d = [](int64_t v) { return static_cast<double>(v); };
  return {d(p.stride), d(p.stride),   d(p.pad),    d(p.pad), d(p.dilation), d(p.dilation), d(p.groups),
          static_cast<double>(carrier)};
}

namespace {

Tensor drawn(Random& random, std::vector<int64_t> dims, DType dtype, Draw draw) {
  Tensor t(std::move(dims), dtype);
  random.fill(t, draw);
  return t;
}

}  // namespace

std::vector<Problem> conv_problems(Random& random, const Conv& p, Carrier carrier, DType da, DType db, Draw draw) {
  const std::vector<int64_t> x{p.n, p.h, p.w, p.c}, w{p.k, p.r, p.s, p.c / p.groups};
  const std::vector<int64_t> y{p.n, p.out_rows(), p.out_columns(), p.k};
  const std::vector<double> attrs = conv_attrs(p, carrier);
  std::vector<Problem> list;
  list.push_back({p.name(), "conv2d", attrs, drawn(random, x, da, draw), drawn(random, w, db, draw), y, {}});
  list.push_back({p.name(), "conv2dGradInput", attrs, drawn(random, y, da, draw), drawn(random, w, db, draw), x, {}});
  list.push_back({p.name(), "conv2dGradWeight", attrs, drawn(random, y, da, draw), drawn(random, x, db, draw), w, {}});
  list[0].expected = conv_forward(p, list[0].a, list[0].b);
  list[1].expected = conv_grad_input(p, list[1].a, list[1].b);
  list[2].expected = conv_grad_weight(p, list[2].a, list[2].b);
  return list;
}

Problem matmul_problem(Random& random, const Product& p, Carrier carrier, DType da, DType db, Draw draw) {
  std::vector<int64_t> a{p.transA ? p.k : p.m, p.transA ? p.m : p.k}, b{p.transB ? p.n : p.k, p.transB ? p.k : p.n};
  std::vector<int64_t> c{p.m, p.n};
  if (p.batch > 0) {
    a.insert(a.begin(), p.batch);
    c.insert(c.begin(), p.batch);
    if (!p.sharedB) b.insert(b.begin(), p.batch);
  }
  const std::vector<double> attrs{p.transA ? 1.0 : 0.0, p.transB ? 1.0 : 0.0, static_cast<double>(carrier)};
  Problem problem{p.name(), "matmul", attrs, drawn(random, a, da, draw), drawn(random, b, db, draw), c, {}};
  problem.expected = product(p, problem.a, problem.b);
  return problem;
}

}  // namespace roundoff::test
