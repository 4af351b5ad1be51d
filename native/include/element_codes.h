// Codes of one element: bits ↔ value. Truth: src/formats/float-codes.ts and posit.ts.
#pragma once

#include "bulk.h"

namespace roundoff::ROUNDOFF_TIER {

class ElementCodes {
 public:
  explicit ElementCodes(const Element& element);

  // The code of a value that the format holds; kNoCode if it holds none such (NaN in a format without).
  uint32_t encode(float value) const;
  // The value of a code, `valid` unless it stands for none. Integers are sign-extended from `storedBits` before.
  float decode(uint32_t code, bool& valid) const;

  static constexpr uint32_t kNoCode = 0xffffffff;

 private:
  uint32_t encode_real(float value) const;
  uint32_t encode_posit(float value) const;
  float decode_real(uint32_t code, bool& valid) const;
  float decode_posit(uint32_t code) const;
  uint32_t magnitude_code(double magnitude) const;

  const Element& element_;
  uint32_t signWeight_, infinity_, nan_;
  bool hasNaN_;
};

}  // namespace roundoff::ROUNDOFF_TIER
