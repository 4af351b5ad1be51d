// E2M1 elements under two levels of scales (NVFP4) in AVX-512 registers, to nearest even. A block's scale is one of some
// hundred E4M3 numbers, so for each of them there is a table, made once for a tensor. The quotient x / step is never made:
// a product with about 1 / step says in which of sixteen cells of even width |x| lies; no cell has more than one place
// where rounding passes from one value to the next, and |x| is compared with that place, an FP32 number (threshold_loops.h).
#pragma once

#include "block_batches.h"
#include "group_scales.h"

namespace roundoff::ROUNDOFF_TIER {

class TwoLevelRegisters {
 public:
  explicit TwoLevelRegisters(const GroupScales& scales) : scales_(scales), tensorScale_(scales.tensor_scale()) {
    const double largest = static_cast<double>(kElements[kCells - 1]) * static_cast<double>(tensorScale_);
    inverse_ = static_cast<float>(1 / largest);
    tables_[0] = table_of(0);
    for (uint32_t i = 1; i < kTables; i++) tables_[i] = table_of(float_of((i + kBelowFirst) << kFractionShift));
  }

  static bool is_scale_format(const ScaleSpec& spec) {
    return spec.scalePrecision == kScalePrecision && spec.scaleEmin == kScaleEmin && spec.scaleMax == static_cast<double>(kScaleMax);
  }
  // Whether all that is made here is a normal FP32 number.
  static bool serves(float tensorScale) { return tensorScale >= 0x1p-80f && tensorScale <= 0x1p80f; }

  // The tables of sixteen blocks from their maxima. `kept`, if it is not null, receives the scales.
  void prepare(const uint32_t* maxima, uint32_t* tables, float* kept) const {
    const __m512 scales = block_scales(maxima);
    const __m512i place = _mm512_maskz_srli_epi32(kAllLanes, _mm512_castps_si512(scales), kFractionShift);
    const __m512i bounded = _mm512_maskz_max_epu32(kAllLanes, place, all_lanes(kBelowFirst));
    _mm512_store_si512(tables, _mm512_sub_epi32(bounded, all_lanes(kBelowFirst)));
    if (kept != nullptr) _mm512_storeu_ps(kept, scales);
  }

  // The elements of a block, none of which is above the maximum that its table was made for.
  __m512i round(__m512i bits, uint32_t table) const {
    const Table& t = tables_[table];
    const __m512i magnitude = _mm512_and_si512(bits, all_lanes(0x7fffffff));
    // The cell is in the last bits; all that permutations read.
    const __m512i cell = _mm512_castps_si512(_mm512_fmadd_ps(_mm512_castsi512_ps(magnitude), _mm512_set1_ps(t.toCells), _mm512_set1_ps(0x1p23f)));
    const __m512i threshold = _mm512_maskz_permutexvar_epi32(kAllLanes, cell, _mm512_load_si512(t.thresholds));
    const __mmask16 reached = _mm512_cmpge_epu32_mask(magnitude, threshold);
    const __m512i index = _mm512_mask_add_epi32(cell, reached, cell, all_lanes(1));
    const __m512i value = _mm512_maskz_permutexvar_epi32(kAllLanes, index, _mm512_load_si512(t.values));
    // Sign of x or value: values have none.
    return _mm512_ternarylogic_epi32(value, bits, all_lanes(kSignBit), 0xf8);
  }

 private:
  static constexpr int kCells = 16, kScalePrecision = 4, kScaleEmin = -6, kFractionShift = 24 - kScalePrecision;
  static constexpr float kScaleMax = 448;
  // Scales as FP32 bits without the zeros behind: from one below the smallest, 2^-9, to the largest; 0 before all.
  static constexpr uint32_t kBelowFirst = ((127 - 9) << (kScalePrecision - 1)) - 1, kLast = ((127 + 8) << (kScalePrecision - 1)) + 6;
  static constexpr uint32_t kTables = kLast - kBelowFirst + 1;

  // In steps, cell i ends at (i + 1/2) / kCellsPerStep: 0.29, 0.87, 1.45, 2.04, 2.62 …, 9.02. No magnitude is above 9, which
  // is the largest element under 2^-9 if its exact scale was 1.5 · 2^-9. All ends are 1 % or more away from the halfways.
  static constexpr float kCellsPerStep = 55.0f / 32;
  static constexpr float kNever = 0x1p20f;
  // Of cell i: the halfway in it; if both sides of a cell are the same, any.
  alignas(64) static constexpr float kHalfways[kCells] = {0.25f, 0.75f, 1.25f, 1.75f, 2.5f, kNever, 3.5f, kNever, kNever, 5, kNever, kNever, kNever, kNever, kNever, kNever};
  // The element below it. That above it is the one below the halfway of the next cell.
  alignas(64) static constexpr float kElements[kCells] = {0, 0.5f, 1, 1.5f, 2, 3, 3, 4, 4, 4, 6, 6, 6, 6, 6, 6};
  // A tie goes to the even code, at every second place the lower one: there the threshold is above the halfway, by less
  // than the last bit of any.
  static constexpr float kAbove = 0x1p-126f;
  alignas(64) static constexpr float kTies[kCells] = {kAbove, 0, kAbove, 0, kAbove, 0, 0, 0, 0, kAbove};
  static constexpr int kUpward = _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC;

  struct Table {
    alignas(64) float thresholds[kCells];
    alignas(64) float values[kCells];
    float toCells;
  };

  Table table_of(float scale) const {
    Table table;
    const __m512 blockScale = _mm512_set1_ps(scale), tensorScale = _mm512_set1_ps(tensorScale_);
    // Under the block's scale halfways and elements have at most seven bits: what rounds is the product with the tensor's.
    const __m512 halfways = _mm512_mul_ps(_mm512_load_ps(kHalfways), blockScale);
    const __m512 elements = _mm512_mul_ps(_mm512_load_ps(kElements), blockScale);
    _mm512_store_ps(table.thresholds, _mm512_maskz_fmadd_round_ps(kAllLanes, halfways, tensorScale, _mm512_load_ps(kTies), kUpward));
    _mm512_store_ps(table.values, _mm512_mul_ps(elements, tensorScale));
    table.toCells = scale == 0 ? 0.0f : kCellsPerStep / (scale * tensorScale_);
    return table;
  }

  // amax / (largest element · tensor scale) to E4M3: nearest even, saturating. By a product in FP32, unless that is so near
  // to a tie that its error counts.
  __m512 block_scales(const uint32_t* maxima) const {
    const __m512 quotient = _mm512_mul_ps(_mm512_loadu_ps(maxima), _mm512_set1_ps(inverse_));
    const __m512i field = _mm512_and_si512(_mm512_castps_si512(quotient), all_lanes(kInfinityBits));
    const __m512i normal = _mm512_maskz_max_epu32(kAllLanes, field, all_lanes((127 + kScaleEmin) << 23));
    const __m512 power = _mm512_castsi512_ps(_mm512_add_epi32(normal, all_lanes(kFractionShift << 23)));
    const __m512 near = _mm512_sub_ps(_mm512_add_ps(quotient, power), power);
    // The spacing is 2^-23 of the power; the product is wrong by less than 2^-17 of half of it.
    const __m512 nearlyHalf = _mm512_mul_ps(power, _mm512_set1_ps(0x1p-24f * (1 - 0x1p-16f)));
    const __m512i rest = _mm512_and_si512(all_lanes(0x7fffffff), _mm512_castps_si512(_mm512_sub_ps(quotient, near)));
    if (_mm512_cmp_ps_mask(_mm512_castsi512_ps(rest), nearlyHalf, _CMP_GE_OQ) != 0) return exact_scales(maxima);
    return _mm512_maskz_min_ps(kAllLanes, near, _mm512_set1_ps(kScaleMax));
  }

  [[gnu::noinline]] __m512 exact_scales(const uint32_t* maxima) const {
    alignas(64) float kept[kBatch];
    alignas(64) double steps[kBatch];
    scales_.two_level_steps(maxima, kBatch, kept, steps);
    return _mm512_load_ps(kept);
  }

  const GroupScales& scales_;
  const float tensorScale_;
  float inverse_;
  Table tables_[kTables];
};

}  // namespace roundoff::ROUNDOFF_TIER
