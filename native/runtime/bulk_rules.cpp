// What a bulk kernel may rely on.
#include "bulk_rules.h"

#include <cmath>

#if defined(__linux__)
#include <unistd.h>
#endif

namespace roundoff {
namespace {

constexpr int64_t kLargest = int64_t{1} << 40;

// a · b, as long as it is a plausible number of elements.
int64_t product(int64_t a, int64_t b) {
  check(a >= 0 && b >= 0 && (a == 0 || b <= kLargest / a), "a layout has too many elements");
  return a * b;
}

}  // namespace

void check_element(const Element& element) {
  const StoreRounding& store = element.store;
  check(store.precision >= 1 && store.precision <= 24, "element: precision must be from 1 to 24");
  check(element.bits >= 2 && element.bits <= 32, "element: bits must be from 2 to 32");
  if (element.kind == ElementKind::posit) {
    check(element.bits >= 3 && element.bits <= 16, "element: posits have 3 to 16 bits");
    return;
  }
  if (element.kind == ElementKind::integer) check(element.bits <= 24, "element: integers have at most 24 bits");
  check(store.maxFinite > 0 && std::isfinite(store.maxFinite), "element: maxFinite must be finite and above 0");
  check(store.emin >= -149 && store.emin <= 127, "element: emin must be from -149 to 127");
  check(!store.hasSubnormals || store.emin - (store.precision - 1) >= -149, "element: spacing below that of FP32");
  check(element.hasSign || element.bits < 32, "element: unsigned formats have at most 31 bits");
}

void check_scale(const ScaleSpec& spec, const Element& element, int64_t elements) {
  const GroupLayout& l = spec.layout;
  check(element.kind != ElementKind::posit && element.hasSign && element.hasZero, "scale: posits and unsigned formats have none");
  check(element.store.overflow == Overflow::saturate, "scale: elements under a scale saturate");
  check(l.blockRows >= 1 && l.blockColumns >= 1, "layout: blocks have at least one row and column");
  check(!l.slices || (l.rows == 1 && l.blockRows == 1 && l.blockColumns == 1), "layout: slices have one row");
  check(product(product(l.outer, l.rows), product(l.columns, l.inner)) == elements, "layout: sizes do not fit the array");
  check(spec.kind != ScaleKind::affine || element.kind == ElementKind::integer, "scale: only integers are affine");
  check((spec.kind != ScaleKind::affine && spec.kind != ScaleKind::symmetric) || l.slices, "scale: real scales are of slices");
  check(spec.kind != ScaleKind::twoLevel || !l.slices, "scale: two levels are of blocks");
  if (spec.kind != ScaleKind::twoLevel) return;
  check(spec.scalePrecision >= 1 && spec.scalePrecision <= 24 && std::abs(spec.scaleEmin) <= 126, "scale: format out of range");
  check(spec.scaleMax > 0 && std::isfinite(spec.scaleMax), "scale: maxFinite must be finite and above 0");
}

void check_disjoint(const Memory& a, const Memory& b, bool sameAllowed, const char* names) {
  if (a.bytes == 0 || b.bytes == 0) return;
  const char *beginA = static_cast<const char*>(a.data), *beginB = static_cast<const char*>(b.data);
  const bool same = beginA == beginB && a.bytes == b.bytes;
  const bool disjoint = beginA + a.bytes <= beginB || beginB + b.bytes <= beginA;
  check(disjoint || (same && sameAllowed), names, " overlap");
}

int64_t packed_bytes(int64_t elements, int bits) {
  const int width = bits == 4 || bits == 6 ? bits : bits <= 8 ? 8 : bits <= 16 ? 16 : 32;
  return (elements * width + 7) / 8;
}

int64_t elements_in_caches() {
  constexpr int64_t kUsual = int64_t{32} << 20;
  int64_t cache = 0;
#if defined(_SC_LEVEL3_CACHE_SIZE)
  cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
#endif
  return (cache > 0 ? cache : kUsual) / (2 * static_cast<int64_t>(sizeof(float)));
}

}  // namespace roundoff
