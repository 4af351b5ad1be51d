// The quotient in FP32 and its error: with p bits of precision it is below 2^p spacings of the element format (integers: of 1),
// the reciprocal and the product are each rounded once, and so are the random fraction and the sum with it: together they are
// off by less than 2^(p−22) spacings. What is twice as near to where a rounding changes is in doubt.
#include "reciprocal_loops.h"

#include <bit>
#include <cmath>

#include "block_io.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Elements that are gone through a second time if one of them is in doubt. Among values of few bits one in some hundred is.
constexpr int64_t kTogether = 256;

// Adding and subtracting it rounds magnitudes below 2^22 to whole numbers.
constexpr float kWhole = 0x1p23f;

struct ReciprocalGrid {
  uint32_t minField;  // exponent field of the smallest normal
  uint32_t drop;      // precision − 1, in place of an exponent
  float maxFinite, doubt;
};

// Of one element: the reciprocal of its step and its unit, and of `each` the next ones' behind them.
struct Factors {
  const float *inverses, *units;
};

// Returns whether an element is in doubt; `marks`: marks[i] tells which.
template <Rounding mode, bool integer, bool each, bool marks>
bool reciprocal_loop(const float* __restrict x, float* __restrict y, int64_t n, const Factors& factors,
                     const uint32_t* __restrict random, const ReciprocalGrid& grid, [[maybe_unused]] uint32_t* __restrict marked) {
  constexpr bool draws = mode == Rounding::stochastic;
  const ReciprocalGrid g = grid;
  const float* __restrict inverses = factors.inverses;
  const float* __restrict units = factors.units;
  const float oneInverse = *inverses, oneUnit = *units;
  const float low = draws ? g.doubt : -1.0f, high = draws ? 1 - g.doubt : 0.5f - g.doubt;
  uint32_t doubt = 0;
  for (int64_t i = 0; i < n; i++) {
    const float value = x[i];
    const uint32_t sign = std::bit_cast<uint32_t>(value) & 0x80000000u;
    const float quotient = std::fabs(value) * (each ? inverses[i] : oneInverse);
    const uint32_t field = std::bit_cast<uint32_t>(quotient) & 0x7f800000u;
    const uint32_t spacing = integer ? 127u << 23 : (field > g.minField ? field : g.minField) - g.drop;
    const float count = quotient * std::bit_cast<float>((254u << 23) - spacing);
    const float fraction = draws ? static_cast<float>(static_cast<int32_t>(random[i] >> 8)) * 0x1p-24f : 0.0f;
    const float sum = draws ? count + fraction : count;
    const float near = (sum + kWhole) - kWhole;
    const float whole = draws && near > sum ? near - 1.0f : near;
    const float gap = draws ? sum - whole : std::fabs(sum - whole);
    const uint32_t inDoubt = (gap > low) & (gap < high) ? 0u : 1u;
    doubt |= inDoubt;
    if constexpr (marks) marked[i] = inDoubt;
    const float rounded = whole * std::bit_cast<float>(spacing);
    const float element = rounded < g.maxFinite ? rounded : g.maxFinite;
    const float made = std::bit_cast<float>(std::bit_cast<uint32_t>(element * (each ? units[i] : oneUnit)) | sign);
    // An integer has no −0.
    y[i] = integer ? made + 0.0f : made;
  }
  return doubt != 0;
}

bool none_marked(const uint32_t* marked) {
  uint32_t any = 0;
  for (int i = 0; i < 16; i++) any |= marked[i];
  return any == 0;
}

// The magnitude of an element by division, as round_wide rounds it; 0 under a step that is no number.
float exact_magnitude(float value, double step, uint32_t word, const Element& element) {
  const StoreRounding& store = element.store;
  const double quotient = step == 0 ? 0 : std::fabs(static_cast<double>(value)) / step;
  if (quotient != quotient) return 0;
  const bool integer = element.kind == ElementKind::integer;
  const int exponent = quotient == 0 ? store.emin : std::max(std::ilogb(quotient), store.emin);
  const double spacing = integer ? 1 : std::ldexp(1.0, exponent - (store.precision - 1));
  const double count = quotient / spacing;
  double whole = std::floor(count);
  const double fraction = count - whole;
  if (store.rounding == Rounding::stochastic) {
    if (std::floor(fraction * 0x1p32) + static_cast<double>(word) >= 0x1p32) whole += 1;
  } else {
    whole = std::nearbyint(count);
  }
  return static_cast<float>(std::min(whole * spacing, static_cast<double>(store.maxFinite)));
}

using ReciprocalLoop = bool (*)(const float*, float*, int64_t, const Factors&, const uint32_t*, const ReciprocalGrid&, uint32_t*);

template <bool each, bool marks>
ReciprocalLoop reciprocal_loop_for(const Element& element) {
  constexpr Rounding near = Rounding::nearestEven, draws = Rounding::stochastic;
  const bool integer = element.kind == ElementKind::integer;
  if (element.store.rounding == draws) {
    return integer ? reciprocal_loop<draws, true, each, marks> : reciprocal_loop<draws, false, each, marks>;
  }
  return integer ? reciprocal_loop<near, true, each, marks> : reciprocal_loop<near, false, each, marks>;
}

}  // namespace

bool has_reciprocals(const Element& element) {
  const StoreRounding& store = element.store;
  const bool mode = store.rounding == Rounding::nearestEven || (store.rounding == Rounding::stochastic && store.unusedRandom == 0);
  if (!mode || store.overflow != Overflow::saturate || !element.hasSign || !element.hasZero || store.precision > 9) return false;
  if (element.kind == ElementKind::integer) return true;
  return element.kind == ElementKind::real && store.hasSubnormals && store.hasNegativeZero && store.emin >= -60 &&
         store.maxFinite <= 0x1p60f;
}

void round_by_reciprocals(const float* x, float* y, int64_t n, const Element& element, const ReciprocalSteps& steps,
                          const uint32_t* random) {
  const StoreRounding& store = element.store;
  const ReciprocalGrid grid{static_cast<uint32_t>(127 + store.emin) << 23, static_cast<uint32_t>(store.precision - 1) << 23,
                            store.maxFinite, std::ldexp(1.0f, store.precision - 21)};
  const bool each = steps.each;
  const ReciprocalLoop loop = each ? reciprocal_loop_for<true, false>(element) : reciprocal_loop_for<false, false>(element);
  const ReciprocalLoop marking = each ? reciprocal_loop_for<true, true>(element) : reciprocal_loop_for<false, true>(element);
  const bool integer = element.kind == ElementKind::integer;
  alignas(64) uint32_t marked[kTogether];
  for (int64_t i = 0; i < n; i += kTogether) {
    const int64_t count = std::min(kTogether, n - i);
    const uint32_t* words = random == nullptr ? nullptr : random + i;
    const Factors factors{steps.inverses + (each ? i : 0), steps.units + (each ? i : 0)};
    if (!loop(x + i, y + i, count, factors, words, grid, marked)) continue;
    marking(x + i, y + i, count, factors, words, grid, marked);
    for (int64_t k = 0; k < count; k++) {
      while (k % 16 == 0 && count - k >= 16 && none_marked(marked + k)) k += 16;
      if (k == count || marked[k] == 0) continue;
      const int64_t at = i + k;
      const double step = steps.steps[at / steps.width % steps.groups];
      const float magnitude = exact_magnitude(x[at], step, words == nullptr ? 0 : words[k], element);
      const float value = std::copysign(magnitude * factors.units[each ? k : 0], x[at]);
      y[at] = integer ? value + 0.0f : value;
    }
  }
}

}  // namespace roundoff::ROUNDOFF_TIER
