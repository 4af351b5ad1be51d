// How the products of a command are added up, if not as its carrier's own path does: read from the attributes behind the
// others. What each kind computes is in src/kernels/contract/accumulators.ts.
#pragma once

#include "command.h"

namespace roundoff {

// Same order as ACCUMULATOR_KINDS.
enum class AccumulatorKind : uint8_t { fp64, amxBf16, vdpbf16, rounded, int32Chain };

// The carrier's own.
constexpr size_t kMatmulAttrs = 3, kConvolutionAttrs = 8;
// Kind, chunk and the ten numbers of a store rounding.
constexpr size_t kRoundedNumbers = 12;
// Kind and chunk.
constexpr size_t kChainNumbers = 2;

struct Accumulator {
  AccumulatorKind kind;
  int64_t chunk;          // products of a chunk, at least 1
  StoreRounding format;
};

inline bool has_accumulator(const Command& c, size_t first) { return c.attrs.size() > first; }

// The accumulator whose numbers begin at attribute `first`; they have been checked (rules_windows.cpp).
inline Accumulator accumulator_of(const Command& c, size_t first) {
  const auto number = [&](size_t i) { return c.attrs[first + i]; };
  Accumulator accumulator{static_cast<AccumulatorKind>(static_cast<int>(number(0))), INT64_MAX, {}};
  const bool chunked = accumulator.kind == AccumulatorKind::rounded || accumulator.kind == AccumulatorKind::int32Chain;
  if (!chunked) return accumulator;
  if (number(1) > 0) accumulator.chunk = static_cast<int64_t>(number(1));
  if (accumulator.kind == AccumulatorKind::int32Chain) return accumulator;
  accumulator.format = {static_cast<int>(number(2)), static_cast<int>(number(3)), static_cast<float>(number(4)),
                        number(5) != 0, number(6) != 0, number(7) != 0, number(8) != 0,
                        Rounding::nearestEven, static_cast<Overflow>(static_cast<int>(number(10))), 0, 0};
  return accumulator;
}

}  // namespace roundoff
