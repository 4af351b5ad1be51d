// Checks every tier and carrier of matmul and the convolutions against plain FP64 loops on random shapes, that 1
// and 2 threads give the same bits, that INT16 chains never overflow, and that NaN reaches exactly the outputs it
// should.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>

#include "cpu_features.h"
#include "kernel_cases.h"
#include "scratch.h"
#include "thread_pool.h"
#include "tiers.h"
#include "usable_cpu.h"

namespace roundoff::test {
namespace {

struct Tier {
  std::string name;
  void (*matmul)(KernelTable&);
  void (*convolution)(KernelTable&);
};

struct Machine {
  ThreadPool pool;
  Scratch scratch;
  CpuFeatures cpu;
  explicit Machine(int threads, const CpuFeatures& features) : pool(threads), scratch(threads), cpu(features) {}
  void run(const Command& cmd) {
    Context ctx{pool, scratch, cpu, {1, 2, 3}};
    cmd.kernel(cmd, ctx);
  }
};

struct Checker {
  KernelTable table;
  Machine one, two;
  std::string tier;
  int failures = 0, checks = 0;
  double worst = 0;

  Checker(const Tier& t, const CpuFeatures& cpu) : one(1, cpu), two(2, cpu), tier(t.name) {
    t.matmul(table);
    t.convolution(table);
  }

  void fail(const Problem& p, const std::string& what) {
    failures++;
    if (failures < 20) printf("FAIL %s %s [%s]: %s\n", tier.c_str(), p.op.c_str(), p.name.c_str(), what.c_str());
  }

  Tensor run(Machine& machine, Problem& p, const Operand* like, int32_t exponent) {
    Tensor out(p.outDims, like == nullptr ? DType::f32 : like->dtype);
    Tensor ea({1}, DType::i32), eb({1}, DType::i32);
    ea.values = {static_cast<double>(exponent)};
    eb.values = {-3};
    ea.encode();
    eb.encode();
    memset(out.storage.data(), 0x7b, out.storage.size());
    Command cmd{table.at(p.op), p.op, {p.a.operand(), p.b.operand()}, {out.operand()}, p.attrs};
    if (static_cast<Carrier>(static_cast<int>(p.attrs.back())) == Carrier::i16) {
      cmd.in.push_back(ea.operand());
      cmd.in.push_back(eb.operand());
    }
    if (like != nullptr) {
      cmd.out[0].rounds = like->rounds;
      cmd.out[0].store = like->store;
    }
    machine.run(cmd);
    out.decode();
    return out;
  }

  // `factor`: the result is 2^factor times the plain sum.
  void check(Problem& p, int factor) {
    checks++;
    const bool i16 = factor != 0;
    const int32_t exponent = i16 ? factor + 3 : 0;
    const Tensor first = run(one, p, nullptr, exponent), second = run(two, p, nullptr, exponent);
    if (first.storage != second.storage) fail(p, "1 and 2 threads differ");
    const double terms = static_cast<double>(p.expected.terms);
    for (size_t i = 0; i < first.values.size(); i++) {
      const double expected = std::ldexp(p.expected.sum[i], factor), got = first.values[i];
      if (!std::isfinite(expected)) {
        if (std::isfinite(got)) return fail(p, "NaN or Inf lost at " + std::to_string(i));
        continue;
      }
      const double unit = std::ldexp(p.expected.magnitude[i], factor - 24);
      const double error = std::fabs(got - expected);
      const double bound = (2 * std::sqrt(terms) + 8) * unit + std::ldexp(1.0, -120);
      if (!(error <= bound)) {
        return fail(p, "element " + std::to_string(i) + ": " + std::to_string(got) + " expected " +
                           std::to_string(expected));
      }
      if (unit > 0) worst = std::fmax(worst, error / unit / std::sqrt(terms));
    }
  }

  // Rounded and narrowed outputs must be the FP32 results rounded element by element, whatever the blocking.
  void check_store(Problem& p) {
    checks++;
    Operand like{};
    like.dtype = DType::bf16;
    like.rounds = true;
    like.store = {8, -126, 3.3895313892515355e38f, true, true, true, true, Rounding::stochastic, Overflow::infinity, 7};
    const Tensor plain = run(one, p, nullptr, 0), rounded = run(one, p, &like, 0), again = run(two, p, &like, 0);
    if (rounded.storage != again.storage) fail(p, "1 and 2 threads differ after stochastic rounding");
    int64_t up = 0;
    for (size_t i = 0; i < plain.values.size(); i++) {
      const double below = std::fabs(plain.values[i]), got = std::fabs(rounded.values[i]);
      if (std::fabs(got - below) > std::ldexp(below, -7)) return fail(p, "stored value is not a neighbour");
      up += got > below;
    }
    if (plain.values.size() > 500 && (up == 0 || up == plain.elements())) fail(p, "rounding is not stochastic");
  }
};

struct Kind {
  Carrier carrier;
  DType a, b;
  Draw draw;
  int factor;
};

// An infinity in one input pixel must reach exactly the outputs that read it.
void poison(Problem& p, Random& random, const std::function<Expected(const Problem&)>& recompute) {
  p.a.values[static_cast<size_t>(random.below(p.a.elements()))] = INFINITY;
  p.a.encode();
  p.expected = recompute(p);
}

void check_shape(Checker& checker, Random& random, const Conv& conv, const Product& product, const Kind& kind) {
  for (Problem& p : conv_problems(random, conv, kind.carrier, kind.a, kind.b, kind.draw)) checker.check(p, kind.factor);
  Problem p = matmul_problem(random, product, kind.carrier, kind.a, kind.b, kind.draw);
  checker.check(p, kind.factor);
}

void check_specials(Checker& checker, Random& random) {
  for (const Kind& kind : {Kind{Carrier::f32, DType::f32, DType::f32, Draw::normal, 0},
                           Kind{Carrier::bf16, DType::bf16, DType::bf16, Draw::bf16, 0}}) {
    for (int i = 0; i < 12; i++) {
      const Conv conv = random.conv();
      auto list = conv_problems(random, conv, kind.carrier, kind.a, kind.b, kind.draw);
      checker.check_store(list[0]);
      checker.check_store(list[1]);
      checker.check_store(list[2]);
      poison(list[0], random, [&](const Problem& p) { return conv_forward(conv, p.a, p.b); });
      poison(list[1], random, [&](const Problem& p) { return conv_grad_input(conv, p.a, p.b); });
      poison(list[2], random, [&](const Problem& p) { return conv_grad_weight(conv, p.a, p.b); });
      for (Problem& p : list) checker.check(p, 0);
    }
  }
  Conv conv{2, 9, 9, 8, 8, 3, 3, 1, 1, 1, 1};
  for (Problem& p : conv_problems(random, conv, Carrier::i16, DType::i16, DType::i16, Draw::typicalI16)) {
    for (double& v : p.expected.sum) v = NAN;
    checker.checks++;
    for (const double v : checker.run(checker.one, p, nullptr, 1 << 30).values) {
      if (!std::isnan(v)) {
        checker.fail(p, "not NaN although the exponent says so");
        break;
      }
    }
  }
}

int check_tier(const Tier& tier, const CpuFeatures& cpu, int shapes) {
  Checker checker(tier, cpu);
  const Kind kinds[] = {
      {Carrier::f32, DType::f32, DType::f32, Draw::normal, 0},
      {Carrier::f32, DType::bf16, DType::f32, Draw::bf16, 0},
      {Carrier::bf16, DType::bf16, DType::bf16, Draw::bf16, 0},
      {Carrier::bf16, DType::f32, DType::bf16, Draw::bf16, 0},
      {Carrier::i16, DType::i16, DType::i16, Draw::typicalI16, -20},
      {Carrier::i16, DType::i16, DType::i16, Draw::powersI16, -130},
      {Carrier::i16, DType::i16, DType::i16, Draw::extremeI16, 5},
  };
  for (const Kind& kind : kinds) {
    Random random(17);
    checker.worst = 0;
    for (int i = 0; i < shapes; i++) {
      const Conv conv = random.conv();
      check_shape(checker, random, conv, random.product(), kind);
    }
    printf("%s carrier %d draw %d: worst error %.2f units of 2^-24 sqrt(terms) sum|ab|\n", tier.name.c_str(),
           static_cast<int>(kind.carrier), static_cast<int>(kind.draw), checker.worst);
  }
  Random random(5), manyFilters(6);
  // Many filters, few of everything else: weight gradients by panels, gathered and not.
  for (const Conv& conv : {Conv{2, 6, 5, 33, 131, 3, 3, 1, 1, 1, 1}, Conv{1, 9, 8, 3, 67, 5, 5, 2, 2, 1, 1},
                           Conv{3, 5, 6, 17, 129, 3, 2, 2, 1, 2, 1}, Conv{2, 13, 11, 7, 140, 3, 3, 1, 2, 1, 1}}) {
    for (const Kind& kind : kinds) {
      for (Problem& p : conv_problems(manyFilters, conv, kind.carrier, kind.a, kind.b, kind.draw)) {
        checker.check(p, kind.factor);
      }
    }
  }
  check_specials(checker, random);
  printf("%s: %d checks, %d failures\n", tier.name.c_str(), checker.checks, checker.failures);
  return checker.failures;
}

// The verdict of the AMX self-test, which machines without AMX cannot run themselves.
int check_self_test_verdict() {
  static int asked = 0;
  const auto good = []() -> const char* { return asked++, nullptr; };
  const auto bad = []() -> const char* { return asked++, "tiles differ"; };
  CpuFeatures amx{}, none{};
  amx.avx512 = amx.amxBf16 = amx.amxInt8 = true;
  const UsableCpu without = test_features(none, bad);
  const bool notAsked = asked == 0 && !without.features.amxBf16 && without.problems.empty();
  const UsableCpu passed = test_features(amx, good);
  const bool kept = asked == 1 && passed.features.amxBf16 && passed.problems.empty();
  const UsableCpu failed = test_features(amx, bad);
  const bool dropped = !failed.features.amxBf16 && failed.features.amxInt8 && failed.features.avx512 &&
                       failed.problems == std::vector<std::string>{"tiles differ"};
  const int failures = !notAsked + !kept + !dropped;
  printf("verdict of the AMX self-test: 3 checks, %d failures\n", failures);
  return failures;
}

}  // namespace
}  // namespace roundoff::test

int main(int argc, char** argv) {
  using namespace roundoff;
  const int shapes = argc > 1 ? atoi(argv[1]) : 100;
  const CpuFeatures cpu = detect_cpu();
  const std::vector<test::Tier> tiers = {{"portable", portable::register_matmul, portable::register_convolution},
                                         {"avx2", avx2::register_matmul, avx2::register_convolution},
                                         {"avx512", avx512::register_matmul, avx512::register_convolution}};
  int failures = test::check_self_test_verdict();
  for (const std::string& name : supported_tiers(cpu)) {
    for (const test::Tier& tier : tiers) {
      if (tier.name == name) failures += test::check_tier(tier, features_for_tier(cpu, name), shapes);
    }
    if (name != "avx512") continue;
    // What other processors would use: INT16 without VNNI and BF16 widened, and AMX (on its model here).
    CpuFeatures plain = cpu, amx = cpu;
    plain.avx512Vnni = plain.fastDpbf16 = plain.amxBf16 = false;
    amx.amxBf16 = true;
    failures += test::check_tier({"avx512 plain", tiers[2].matmul, tiers[2].convolution}, plain, shapes / 4);
    failures += test::check_tier({"avx512 amx model", tiers[2].matmul, tiers[2].convolution}, amx, shapes / 4);
  }
  return failures == 0 ? 0 : 1;
}
