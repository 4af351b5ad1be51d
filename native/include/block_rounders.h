// The rounders of BatchLoop: steps of sixteen blocks made in a register from their maxima, and elements rounded under them,
// to nearest even or stochastically. Same bits as the loops for one block (round_loops.h, stochastic_loops.h).
#pragma once

#include "block_batches.h"
#include "group_scales.h"
#include "philox.h"
#include "stochastic_loops.h"

namespace roundoff::ROUNDOFF_TIER {

// The rule for steps under which StochasticRegister serves.
inline PowerRule stochastic_rule(PowerRule rule, const Target& target) {
  while (rule.lowest <= rule.highest && !has_stochastic_scale(target, rule.lowest)) rule.lowest++;
  return rule;
}

// Steps that are powers of two: as GroupScales::fast_steps, kept as the bits that rounding takes. `base`: the bits of a
// number that moves with the step; which one is up to the rounder.
class PowerSteps {
 public:
  PowerSteps(const Target& target, const PowerRule& rule, uint32_t base) : target_(target), rule_(rule), base_(base) {}

  bool prepare(__m512i maxima, int half, float* scales) {
    const __m512i exponent = _mm512_sub_epi32(
        _mm512_maskz_srli_epi32(kAllLanes, _mm512_add_epi32(maxima, all_lanes(rule_.bump)), 23), word(rule_.offset));
    const __mmask16 zero = _mm512_testn_epi32_mask(maxima, maxima);
    // Comparisons of unsigned numbers see both ends of a range.
    const __m512i normal = _mm512_sub_epi32(maxima, all_lanes(kSmallestNormal));
    const __m512i fast = _mm512_sub_epi32(exponent, word(rule_.lowest));
    const __mmask16 special = _mm512_cmpge_epu32_mask(normal, all_lanes(kInfinityBits - kSmallestNormal));
    const __mmask16 outside = _mm512_cmpgt_epu32_mask(fast, word(rule_.highest - rule_.lowest));
    if (((special | outside) & ~zero) != 0) return false;
    const __m512i shift = _mm512_maskz_slli_epi32(static_cast<__mmask16>(~zero), exponent, 23);
    _mm512_store_si512(bases_ + half * kBatch, _mm512_add_epi32(shift, all_lanes(base_)));
    _mm512_store_si512(largest_ + half * kBatch, _mm512_add_epi32(shift, all_lanes(target_.maxFinite)));
    if (scales != nullptr) _mm512_storeu_si512(scales, kept(exponent, shift, zero));
    return true;
  }

  void advance() {
    for (uint32_t* bits : {bases_, largest_}) _mm512_store_si512(bits, _mm512_load_si512(bits + kBatch));
  }

  struct Step {
    __m512i base, largest;
  };
  Step step(int64_t block) const { return {all_lanes(bases_[block]), all_lanes(largest_[block])}; }
  static Step join(const Step& step, const Step& after, __mmask16 lanes) {
    return {_mm512_mask_mov_epi32(step.base, lanes, after.base), _mm512_mask_mov_epi32(step.largest, lanes, after.largest)};
  }

 protected:
  static constexpr uint32_t kSmallestNormal = 1u << 23;
  const Target target_;

 private:
  alignas(64) uint32_t bases_[2 * kBatch] = {}, largest_[2 * kBatch] = {};

  static __m512i word(int value) { return _mm512_set1_epi32(value); }

  __m512i kept(__m512i exponent, __m512i shift, __mmask16 zero) const {
    if (rule_.sharedExponents) return _mm512_castps_si512(_mm512_maskz_cvtepi32_ps(static_cast<__mmask16>(~zero), exponent));
    const __m512i powers = _mm512_add_epi32(shift, word((rule_.unit + 127) << 23));
    return _mm512_mask_mov_epi32(powers, zero, all_lanes(kSmallestNormal / 2));
  }

  const PowerRule rule_;
  const uint32_t base_;
};

// Integers, and whatever else has one spacing throughout (has_one_spacing): the power of nearest_even_by_adding is the same
// for all elements of a block.
class IntegerBlocks : public PowerSteps {
 public:
  IntegerBlocks(const Target& target, const PowerRule& rule) : PowerSteps(target, rule, adding_power(target)) {}

  void draw(int64_t, int64_t) {}

  __m512i round(const Step& step, __m512i bits, int64_t) const {
    const __m512 power = _mm512_castsi512_ps(step.base), bound = _mm512_castsi512_ps(step.largest);
    const __m512 near = _mm512_sub_ps(_mm512_add_ps(_mm512_castsi512_ps(bits), power), power);
    return _mm512_castps_si512(_mm512_maskz_range_ps(kAllLanes, near, bound, kSmallerMagnitude));
  }
};

// As nearest_even_by_adding, but both signs at once: half of the power more lifts negative numbers too, zeros come out as
// +0 (and take their sign where there is −0), and the largest value is a bound on the magnitude.
template <bool signedZero>
class NearestEvenBlocks : public PowerSteps {
 public:
  NearestEvenBlocks(const Target& target, const PowerRule& rule)
      : PowerSteps(target, rule, target.minNormal), lift_(((target.normalShift - 1) << 23) + 0x00400000) {}

  void draw(int64_t, int64_t) {}

  __m512i round(const Step& step, __m512i bits, int64_t) const {
    const __m512i field = _mm512_and_si512(bits, all_lanes(kInfinityBits));
    const __m512i lower = _mm512_maskz_max_epu32(kAllLanes, field, step.base);
    const __m512 power = _mm512_castsi512_ps(_mm512_add_epi32(lower, all_lanes(lift_)));
    const __m512 near = _mm512_sub_ps(_mm512_add_ps(_mm512_castsi512_ps(bits), power), power);
    const __m512 bound = _mm512_castsi512_ps(step.largest);
    const __m512i result = _mm512_castps_si512(_mm512_maskz_range_ps(kAllLanes, near, bound, kSmallerMagnitude));
    return signedZero ? _mm512_ternarylogic_epi32(result, bits, all_lanes(kSignBit), 0xf8) : result;
  }

 private:
  const uint32_t lift_;
};

// All 32 random bits of an element; see stochastic_register.
template <bool signedZero>
class StochasticBlocks : public PowerSteps {
 public:
  // `offset`: the index of element 0 in its tensor.
  StochasticBlocks(const Target& target, const PowerRule& rule, const StoreRounding& store, const Clock& clock, int64_t offset)
      : PowerSteps(target, stochastic_rule(rule, target), target.minNormal), store_(store), clock_(clock), offset_(offset), register_(target) {}

  void draw(int64_t at, int64_t n) {
    words_ = rounding_words(offset_ + at, n, store_.tensorId, clock_, room_);
    drawn_ = at;
  }

  __m512i round(const Step& step, __m512i bits, int64_t at) const {
    const __m512i words = _mm512_loadu_si512(words_ + (at - drawn_));
    return register_.template round<signedZero, true>(bits, words, step.base, step.largest);
  }

 private:
  const StoreRounding& store_;
  const Clock clock_;
  const int64_t offset_;
  const StochasticRegister register_;
  const uint32_t* words_ = nullptr;
  int64_t drawn_ = 0;
  alignas(64) uint32_t room_[kRandomRoom];
};

}  // namespace roundoff::ROUNDOFF_TIER
