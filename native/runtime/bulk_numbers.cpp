// Numbers of formats and scales: ranges first, then the records that kernels use.
#include "bulk_numbers.h"

#include <cmath>

#include "bulk_rules.h"

namespace roundoff {
namespace {

void check_range(double number, double lowest, double highest, const char* name) {
  check(std::trunc(number) == number, name, ": an integer is not whole");
  check(number >= lowest && number <= highest, name, ": a number is out of range");
}

constexpr double kMostModes = static_cast<double>(Rounding::stochastic);

}  // namespace

void check_element_numbers(const double* numbers) {
  const auto range = [&](int at, double lowest, double highest) { check_range(numbers[at], lowest, highest, "element"); };
  range(0, 0, 2);
  range(1, 2, 32);
  range(2, -1024, 1024);
  range(5, 1, 24);
  range(6, -1024, 1024);
  check(static_cast<double>(static_cast<float>(numbers[7])) == numbers[7], "element: maxFinite is not an FP32 value");
  range(12, 0, kMostModes);
  range(13, 0, static_cast<double>(Overflow::nan));
  range(14, 1, 32);
  range(15, 0, UINT32_MAX);
  check_element(element_of(numbers));
}

void check_scale_numbers(const double* numbers, const Element& element, int64_t elements) {
  const auto range = [&](int at, double lowest, double highest) { check_range(numbers[at], lowest, highest, "scale"); };
  range(0, 0, static_cast<double>(ScaleKind::affine));
  range(1, 0, static_cast<double>(ScaleRule::nearest));
  for (int i = 2; i < 8; i++) range(i, -0x1p53, 0x1p53);
  range(9, 1, 24);
  range(10, -1024, 1024);
  check_scale(scale_of(numbers), element, elements);
}

Element element_of(const double* numbers) {
  const auto integer = [&](int at) { return static_cast<int>(numbers[at]); };
  const auto flag = [&](int at) { return numbers[at] != 0; };
  Element element{};
  element.kind = static_cast<ElementKind>(integer(0));
  element.bits = integer(1);
  element.bias = integer(2);
  element.hasSign = flag(3);
  element.hasZero = flag(4);
  StoreRounding& store = element.store;
  store.precision = integer(5);
  store.emin = integer(6);
  store.maxFinite = static_cast<float>(numbers[7]);
  store.hasInfinity = flag(8);
  store.hasNaN = flag(9);
  store.hasNegativeZero = flag(10);
  store.hasSubnormals = flag(11);
  store.rounding = static_cast<Rounding>(integer(12));
  store.overflow = static_cast<Overflow>(integer(13));
  store.unusedRandom = static_cast<uint32_t>(32 - integer(14));
  store.tensorId = static_cast<uint32_t>(numbers[15]);
  return element;
}

ScaleSpec scale_of(const double* numbers) {
  const auto integer = [&](int at) { return static_cast<int>(numbers[at]); };
  const auto size = [&](int at) { return static_cast<int64_t>(numbers[at]); };
  ScaleSpec spec{};
  spec.kind = static_cast<ScaleKind>(integer(0));
  spec.rule = static_cast<ScaleRule>(integer(1));
  spec.layout = {size(2), size(3), size(4), size(5), size(6), size(7), numbers[8] != 0};
  spec.scalePrecision = integer(9);
  spec.scaleEmin = integer(10);
  spec.scaleMax = numbers[11];
  return spec;
}

}  // namespace roundoff
