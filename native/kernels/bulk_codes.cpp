// Elements to packed codes and back, in pieces that stay in L1: codes are made as words, then packed. Layout of codes:
// src/kernels/packed-codes.ts. Decoding goes by tables, except where they would be larger than the array.
#include <cmath>
#include <vector>

#include "bulk_chunks.h"
#include "bulk_tier.h"
#include "element_codes.h"
#include "round_loops.h"

namespace roundoff::ROUNDOFF_TIER {
namespace {

// Bits that a code takes in memory: 4, 6, 8, 16 or 32.
int stored_bits(int bits) { return bits == 4 || bits == 6 ? bits : bits <= 8 ? 8 : bits <= 16 ? 16 : 32; }

// A float format as the encoding loop needs it.
struct CodeTarget {
  uint32_t drop, rebias, minNormal, signShift, infinity, nan;
  float smallFactor;  // 1 / spacing below the smallest normal
  bool usable;        // formats at FP32's own lowest exponents have their codes in FP32's bits; others need the factor
};

CodeTarget code_target(const Element& element, const ElementCodes& codes) {
  const StoreRounding& store = element.store;
  const int scale = store.precision - 1 - store.emin;
  CodeTarget t{};
  t.drop = static_cast<uint32_t>(24 - store.precision);
  t.rebias = static_cast<uint32_t>(127 - element.bias) << (store.precision - 1);
  t.minNormal = store.emin == -126 ? 0 : static_cast<uint32_t>(store.emin + 127) << 23;
  t.smallFactor = scale <= 127 ? std::ldexp(1.0f, scale) : 0;
  t.signShift = static_cast<uint32_t>(32 - element.bits);
  t.infinity = codes.encode(store.hasInfinity ? INFINITY : store.maxFinite);
  t.nan = codes.encode(NAN);
  t.usable = element.kind == ElementKind::real && element.hasSign && element.hasZero && has_target(store) &&
             (store.emin == -126 || scale <= 127);
  return t;
}

// Returns how many elements are NaN.
int64_t encode_reals(const float* x, int64_t n, const CodeTarget& target, uint32_t* codes) {
  const CodeTarget t = target;
  const Bits* in = reinterpret_cast<const Bits*>(x);
  uint32_t nans = 0;
  for (int64_t i = 0; i < n; i++) {
    const uint32_t bits = in[i], magnitude = bits & ~kSignBit;
    const uint32_t normal = (magnitude >> t.drop) - t.rebias;
    const float counted = float_of(magnitude) * t.smallFactor;
    const uint32_t small = static_cast<uint32_t>(static_cast<int32_t>(magnitude < t.minNormal ? counted : 0.0f));
    uint32_t code = magnitude < t.minNormal ? small : normal;
    code = magnitude == kInfinityBits ? t.infinity : code;
    code |= (bits & kSignBit) >> t.signShift;
    const bool nan = magnitude > kInfinityBits;
    codes[i] = nan ? t.nan : code;
    nans += nan ? 1u : 0u;
  }
  return nans;
}

void encode_integers(const float* x, int64_t n, uint32_t* codes) {
  for (int64_t i = 0; i < n; i++) codes[i] = static_cast<uint32_t>(static_cast<int32_t>(x[i]));
}

// Bytes are written whole: n is a multiple of 4 except at the end of the array.
void pack(const uint32_t* codes, int64_t n, int width, uint8_t* out) {
  if (width == 32) return static_cast<void>(std::memcpy(out, codes, static_cast<size_t>(n) * 4));
  if (width == 16) {
    for (int64_t i = 0; i < n; i++) {
      const uint16_t code = static_cast<uint16_t>(codes[i]);
      std::memcpy(out + 2 * i, &code, 2);
    }
  } else if (width == 8) {
    for (int64_t i = 0; i < n; i++) out[i] = static_cast<uint8_t>(codes[i]);
  } else if (width == 4) {
    for (int64_t i = 0; i < n / 2; i++) {
      out[i] = static_cast<uint8_t>((codes[2 * i] & 15) | codes[2 * i + 1] << 4);
    }
    if (n % 2 != 0) out[n / 2] = static_cast<uint8_t>(codes[n - 1] & 15);
  } else {
    for (int64_t i = 0, at = 0; i < n; i += 4) {
      uint32_t word = 0;
      const int64_t count = std::min<int64_t>(4, n - i);
      for (int64_t j = 0; j < count; j++) word |= (codes[i + j] & 63) << (6 * j);
      for (int64_t j = 0; j < (count * 6 + 7) / 8; j++) out[at++] = static_cast<uint8_t>(word >> (8 * j));
    }
  }
}

void unpack_codes(const uint8_t* in, int64_t n, int width, uint32_t* codes) {
  if (width == 32) return static_cast<void>(std::memcpy(codes, in, static_cast<size_t>(n) * 4));
  if (width == 16) {
    for (int64_t i = 0; i < n; i++) {
      uint16_t code;
      std::memcpy(&code, in + 2 * i, 2);
      codes[i] = code;
    }
  } else if (width == 8) {
    for (int64_t i = 0; i < n; i++) codes[i] = in[i];
  } else if (width == 4) {
    for (int64_t i = 0; i < n; i++) codes[i] = in[i / 2] >> (i % 2 * 4) & 15;
  } else {
    for (int64_t i = 0, at = 0; i < n; i += 4) {
      const int64_t count = std::min<int64_t>(4, n - i), bytes = (count * 6 + 7) / 8;
      uint32_t word = 0;
      for (int64_t j = 0; j < bytes; j++) word |= static_cast<uint32_t>(in[at++]) << (8 * j);
      for (int64_t j = 0; j < count; j++) codes[i + j] = word >> (6 * j) & 63;
    }
  }
}

// Every code of at most 16 bits as it is stored, with its value.
struct DecodeTable {
  std::vector<float> values;
  std::vector<uint8_t> valid;
};

float decode_stored(const ElementCodes& codes, const Element& element, bool isUnsigned, uint32_t stored, int width, bool& valid) {
  if (element.kind == ElementKind::integer) {
    const uint32_t shift = static_cast<uint32_t>(32 - width);
    const int32_t extended = static_cast<int32_t>(stored << shift) >> shift;
    return isUnsigned ? static_cast<float>(stored) : static_cast<float>(extended);
  }
  valid = element.bits >= 32 || stored >> element.bits == 0;
  return codes.decode(stored, valid);
}

}  // namespace

int64_t bulk_encode(const float* x, int64_t n, const Element& element, uint8_t* out, Context& ctx) {
  const ElementCodes codes(element);
  const CodeTarget target = code_target(element, codes);
  const int width = stored_bits(element.bits);
  const bool refusesNaN = element.kind == ElementKind::real && !element.store.hasNaN;
  int64_t* refused = static_cast<int64_t*>(ctx.scratch.shared(static_cast<size_t>(ctx.pool.threads()) * sizeof(int64_t)));
  std::fill_n(refused, ctx.pool.threads(), 0);
  parallel_ranges(ctx, chunks_of(n, kBulkChunk), [&](int64_t first, int64_t last, int thread) {
    alignas(64) uint32_t words[kPiece];
    const int64_t end = std::min(n, last * kBulkChunk);
    for (int64_t offset = first * kBulkChunk; offset < end; offset += kPiece) {
      const int64_t count = std::min(kPiece, end - offset);
      if (target.usable) {
        const int64_t nans = encode_reals(x + offset, count, target, words);
        if (refusesNaN) refused[thread] += nans;
      } else if (element.kind == ElementKind::integer) {
        encode_integers(x + offset, count, words);
      } else {
        for (int64_t i = 0; i < count; i++) {
          words[i] = codes.encode(x[offset + i]);
          if (refusesNaN && std::isnan(x[offset + i])) refused[thread]++;
        }
      }
      pack(words, count, width, out + offset / 8 * width);
    }
  });
  int64_t all = 0;
  for (int thread = 0; thread < ctx.pool.threads(); thread++) all += refused[thread];
  return all;
}

int64_t bulk_decode(const uint8_t* in, int64_t n, const Element& element, bool isUnsigned, float* y, Context& ctx) {
  const ElementCodes codes(element);
  const int width = stored_bits(element.bits);
  DecodeTable table;
  if (width <= 8 || (width == 16 && n >= 1 << 15)) {
    table.values.resize(size_t{1} << width);
    table.valid.resize(size_t{1} << width);
    for (uint32_t code = 0; code < table.values.size(); code++) {
      bool valid = true;
      table.values[code] = decode_stored(codes, element, isUnsigned, code, width, valid);
      table.valid[code] = valid;
    }
  }
  int64_t* invalid = static_cast<int64_t*>(ctx.scratch.shared(static_cast<size_t>(ctx.pool.threads()) * sizeof(int64_t)));
  std::fill_n(invalid, ctx.pool.threads(), n);
  parallel_ranges(ctx, chunks_of(n, kBulkChunk), [&](int64_t first, int64_t last, int thread) {
    alignas(64) uint32_t words[kPiece];
    const int64_t end = std::min(n, last * kBulkChunk);
    for (int64_t offset = first * kBulkChunk; offset < end; offset += kPiece) {
      const int64_t count = std::min(kPiece, end - offset);
      unpack_codes(in + offset / 8 * width, count, width, words);
      bool allValid = true;
      if (table.values.empty()) {
        for (int64_t i = 0; i < count; i++) {
          bool valid = true;
          y[offset + i] = decode_stored(codes, element, isUnsigned, words[i], width, valid);
          words[i] = valid;
          allValid = allValid && valid;
        }
      } else {
        const float* values = table.values.data();
        const uint8_t* valid = table.valid.data();
        for (int64_t i = 0; i < count; i++) y[offset + i] = values[words[i]];
        for (int64_t i = 0; i < count; i++) words[i] = valid[words[i]];
        allValid = std::find(words, words + count, 0u) == words + count;
      }
      if (!allValid) invalid[thread] = std::min(invalid[thread], offset + (std::find(words, words + count, 0u) - words));
    }
  });
  const int64_t first = *std::min_element(invalid, invalid + ctx.pool.threads());
  return first == n ? -1 : first;
}

}  // namespace roundoff::ROUNDOFF_TIER
