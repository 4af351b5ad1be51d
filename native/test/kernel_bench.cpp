// Rates of convolutions and matrix products, two threads, carriers interleaved in every round, beside the FP32 FMA
// rate of the vector registers. Times are processor time of both threads, halved, so that other programs on the
// machine disturb less; idle waiting is not seen. Prints medians. Usage: kernel_bench [part of a name [operation]]. Not
// part of the build.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "cpu_features.h"
#include "kernel_cases.h"
#include "scratch.h"
#include "thread_pool.h"
#include "tiers.h"

namespace roundoff::test {
namespace {

constexpr int kRounds = 9;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Seconds of processor time per thread of the two.
double processor_time() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec)) / 2;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// FP32 multiply-adds on registers alone, GFLOP/s of one thread. 12 chains hide the latency.
double fma_peak() {
#if defined(__x86_64__)
  const int steps = 200000;
  std::vector<double> rates;
  for (int round = 0; round < 7; round++) {
    const double start = now();
    for (int i = 0; i < steps; i++) {
      asm volatile(
          "vfmadd231ps %%zmm30, %%zmm31, %%zmm0\n vfmadd231ps %%zmm30, %%zmm31, %%zmm1\n"
          "vfmadd231ps %%zmm30, %%zmm31, %%zmm2\n vfmadd231ps %%zmm30, %%zmm31, %%zmm3\n"
          "vfmadd231ps %%zmm30, %%zmm31, %%zmm4\n vfmadd231ps %%zmm30, %%zmm31, %%zmm5\n"
          "vfmadd231ps %%zmm30, %%zmm31, %%zmm6\n vfmadd231ps %%zmm30, %%zmm31, %%zmm7\n"
          "vfmadd231ps %%zmm30, %%zmm31, %%zmm8\n vfmadd231ps %%zmm30, %%zmm31, %%zmm9\n"
          "vfmadd231ps %%zmm30, %%zmm31, %%zmm10\n vfmadd231ps %%zmm30, %%zmm31, %%zmm11\n" ::
              : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11");
    }
    rates.push_back(steps * 12.0 * 32 / (now() - start) * 1e-9);
  }
  return median(rates);
#else
  return 0;
#endif
}

struct Subject {
  Tensor a, b, c;
  Command cmd;
  std::vector<double> seconds;
};

struct Bench {
  ThreadPool pool{2};
  Scratch scratch{2};
  CpuFeatures cpu = detect_cpu();
  KernelTable table;
  double peak = 2 * fma_peak();
  Tensor exponent{{1}, DType::i32};
  std::string only;  // the one operation to measure; empty: all

  explicit Bench(std::string operation) : only(std::move(operation)) {
    if (cpu.avx512) {
      avx512::register_matmul(table);
      avx512::register_convolution(table);
    } else {
      avx2::register_matmul(table);
      avx2::register_convolution(table);
    }
  }

  void run(const Command& cmd) {
    Context ctx{pool, scratch, cpu, {1, 2, 3}};
    cmd.kernel(cmd, ctx);
  }

  // One operation with all three carriers, 16-bit storage for 16-bit carriers, FP32 results.
  void measure(const std::string& name, const std::string& op, const std::vector<std::vector<int64_t>>& dims,
               const std::vector<double>& attrs, double operations) {
    if (!only.empty() && op != only) return;
    Random random(1);
    const DType dtypes[] = {DType::f32, DType::bf16, DType::i16};
    std::vector<Subject> subjects;
    subjects.reserve(3);
    for (int carrier = 0; carrier < 3; carrier++) {
      subjects.push_back({Tensor(dims[0], dtypes[carrier]), Tensor(dims[1], dtypes[carrier]),
                          Tensor(dims[2], DType::f32), {}, {}});
      Subject& s = subjects.back();
      random.fill(s.a, carrier == 2 ? Draw::typicalI16 : Draw::normal);
      random.fill(s.b, carrier == 2 ? Draw::typicalI16 : Draw::normal);
      s.cmd = {table.at(op), op, {s.a.operand(), s.b.operand(), exponent.operand(), exponent.operand()},
               {s.c.operand()}, attrs};
      s.cmd.attrs.push_back(carrier);
    }
    for (int round = 0; round < kRounds + 1; round++) {
      for (Subject& s : subjects) {
        const double start = processor_time();
        run(s.cmd);
        if (round > 0) s.seconds.push_back(processor_time() - start);
      }
    }
    printf("%-34s %-17s", name.c_str(), op.c_str());
    for (const Subject& s : subjects) {
      const double rate = operations / median(s.seconds) * 1e-9;
      printf("  %6.1f GFLOP/s %4.2f of peak", rate, rate / peak);
    }
    printf("  | over f32: bf16 %4.2f i16 %4.2f\n", median(subjects[0].seconds) / median(subjects[1].seconds),
           median(subjects[0].seconds) / median(subjects[2].seconds));
  }

  void conv(const Conv& p) {
    const std::vector<int64_t> x{p.n, p.h, p.w, p.c}, w{p.k, p.r, p.s, p.c / p.groups};
    const std::vector<int64_t> y{p.n, p.out_rows(), p.out_columns(), p.k};
    std::vector<double> attrs = conv_attrs(p, Carrier::f32);
    attrs.pop_back();
    const double operations = 2.0 * static_cast<double>(y[0] * y[1] * y[2] * y[3] * w[1] * w[2] * w[3]);
    measure(p.name(), "conv2d", {x, w, y}, attrs, operations);
    measure(p.name(), "conv2dGradInput", {y, w, x}, attrs, operations);
    measure(p.name(), "conv2dGradWeight", {y, x, w}, attrs, operations);
  }

  void product(const Product& p) {
    measure(p.name(), "matmul",
            {{p.transA ? p.k : p.m, p.transA ? p.m : p.k}, {p.transB ? p.n : p.k, p.transB ? p.k : p.n}, {p.m, p.n}},
            {p.transA ? 1.0 : 0.0, p.transB ? 1.0 : 0.0}, 2.0 * static_cast<double>(p.m * p.n * p.k));
  }
};

}  // namespace
}  // namespace roundoff::test

int main(int argc, char** argv) {
  using namespace roundoff::test;
  const std::string filter = argc > 1 ? argv[1] : "";
  Bench bench(argc > 2 ? argv[2] : "");
  printf("FP32 FMA, registers only, two threads: %.0f GFLOP/s. Columns: f32, bf16, i16.\n", bench.peak);
  const Conv convs[] = {
      {128, 32, 32, 16, 16, 3, 3, 1, 1, 1, 1}, {128, 32, 32, 16, 32, 3, 3, 2, 1, 1, 1},
      {128, 16, 16, 32, 32, 3, 3, 1, 1, 1, 1}, {128, 16, 16, 32, 64, 3, 3, 2, 1, 1, 1},
      {128, 8, 8, 64, 64, 3, 3, 1, 1, 1, 1},   {128, 32, 32, 3, 16, 3, 3, 1, 1, 1, 1},
      {128, 32, 32, 16, 32, 1, 1, 2, 0, 1, 1}, {4, 56, 56, 64, 64, 3, 3, 1, 1, 1, 1},
      {16, 14, 14, 256, 256, 3, 3, 1, 1, 1, 1}, {16, 56, 56, 256, 64, 1, 1, 1, 0, 1, 1},
      {16, 7, 7, 512, 512, 3, 3, 1, 1, 1, 1},  {4, 224, 224, 3, 64, 7, 7, 2, 3, 1, 1},
      // The other layers of ResNet-50.
      {16, 56, 56, 64, 64, 3, 3, 1, 1, 1, 1}, {16, 56, 56, 64, 64, 1, 1, 1, 0, 1, 1},
      {16, 56, 56, 64, 256, 1, 1, 1, 0, 1, 1}, {16, 56, 56, 128, 128, 3, 3, 2, 1, 1, 1},
      {16, 56, 56, 256, 512, 1, 1, 2, 0, 1, 1}, {16, 28, 28, 128, 128, 3, 3, 1, 1, 1, 1},
      {16, 28, 28, 512, 128, 1, 1, 1, 0, 1, 1}, {16, 14, 14, 1024, 256, 1, 1, 1, 0, 1, 1},
      {16, 14, 14, 256, 1024, 1, 1, 1, 0, 1, 1}, {16, 14, 14, 1024, 2048, 1, 1, 2, 0, 1, 1},
      {16, 14, 14, 512, 512, 3, 3, 2, 1, 1, 1}, {16, 7, 7, 2048, 512, 1, 1, 1, 0, 1, 1},
      {32, 14, 14, 128, 128, 3, 3, 1, 1, 1, 32},
      {128, 28, 28, 1, 6, 5, 5, 1, 2, 1, 1},   {128, 14, 14, 6, 16, 5, 5, 1, 0, 1, 1},
      {32, 28, 28, 64, 64, 3, 3, 1, 1, 1, 64}, {32, 56, 56, 64, 64, 3, 3, 2, 1, 1, 64},
  };
  const Product products[] = {
      {0, 1024, 1024, 1024, false, false, false}, {0, 128, 10, 64, false, true, false},
      {0, 128, 512, 784, false, true, false},     {0, 128, 784, 512, false, false, false},
      {0, 512, 784, 128, true, false, false},     {0, 2048, 512, 512, false, true, false},
  };
  for (const Conv& p : convs) {
    if (p.name().find(filter) != std::string::npos) bench.conv(p);
  }
  for (const Product& p : products) {
    if (p.name().find(filter) != std::string::npos) bench.product(p);
  }
  return 0;
}
