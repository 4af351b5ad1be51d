/**
 * The exponent that a block's largest magnitude asks for, from the bits of amax. Every rule of this file is an exact
 * statement about a real number: no logarithm and no division is computed.
 * Source: OCP MX 1.0 section 6.3 (floor); the other rules as in PyTorch's torchao and Microsoft's microxcaling, which
 * name them CEIL, RCEIL (roundUp) and EVEN.
 */
import { require } from "../../base/errors.ts";
import { largestInteger, sharedExponent } from "../dynamic-fixed-point.ts";
import { exponentOf, powerOfTwo } from "../exponents.ts";
import type { FixedFormat, FloatFormat, ScaleRule } from "../format.ts";
import { roundToInteger } from "../round-integer.ts";

/** The exponents of e8m0 codes 0 and 254. */
const E8M0_EXPONENT = 127;

/**
 * The exponent E of an MX block, from −127 to 127: values are element · 2^E.
 * floor: ⌊log2 amax⌋ − emax · ceil: ⌈log2 amax⌉ − emax · even: as floor, of amax rounded nearest-even to the element's
 * precision · roundUp: the smallest E with amax ≤ maxFinite · 2^E · nearest: as floor, of amax rounded nearest-even to a
 * power of two (1.5 goes up). emax and maxFinite are those of the element; integers of N bits count in 2^−(N−2), so
 * their emax is 0. `amax` is finite; 0 gives −127.
 */
export function mxExponent(amax: number, element: FloatFormat | FixedFormat, rule: ScaleRule): number {
  if (amax === 0) return -E8M0_EXPONENT;
  return Math.min(Math.max(unclampedExponent(amax, element, rule), -E8M0_EXPONENT), E8M0_EXPONENT);
}

function unclampedExponent(amax: number, element: FloatFormat | FixedFormat, rule: ScaleRule): number {
  const { maxFinite, precision } = elementRange(element);
  const elementExponent = exponentOf(maxFinite);
  switch (rule) {
    case "floor":
      return exponentOf(amax) - elementExponent;
    case "ceil":
      return ceilLog2(amax) - elementExponent;
    case "even":
      return exponentOf(roundToPrecision(amax, precision)) - elementExponent;
    case "roundUp": {
      const exponent = exponentOf(amax) - elementExponent;
      // Both significands are in [1, 2): where amax has the larger one, this exponent is one too small.
      return significandOf(amax) > significandOf(maxFinite) ? exponent + 1 : exponent;
    }
    case "nearest":
      return exponentOf(roundToPrecision(amax, 1)) - elementExponent;
  }
}

/** Integers of MX stand for integer · 2^−(bits − 2): 8 bits are 1.984375 at most. */
function elementRange(element: FloatFormat | FixedFormat): {
  readonly maxFinite: number;
  readonly precision: number;
} {
  if (element.kind === "float") return element;
  const { bits } = element;
  return { maxFinite: largestInteger(bits) * powerOfTwo(2 - bits), precision: bits - 1 };
}

/**
 * The exponent E of a block-floating-point block or a dynamic-fixed-point tensor: values are integer · 2^E.
 * floor: ⌊log2 amax⌋ − (bits − 2), so that amax uses every bit, and clamps if it rounds up to a power of two · ceil:
 * ⌈log2 amax⌉ − (bits − 2), which never clamps and wastes half of the range unless amax is a power of two.
 * `amax` 0 gives 0; NaN or Infinity EXPONENT_NOT_A_NUMBER.
 * @throws RoundoffError INVALID_ARGUMENT for the other rules.
 */
export function blockExponent(amax: number, bits: number, rule: ScaleRule): number {
  require(rule === "floor" || rule === "ceil", "INVALID_ARGUMENT", () => ({
    what: `scale rule "${rule}" does not apply to integers with a shared exponent`,
    expected: "floor or ceil",
    received: rule,
  }));
  const exponent = sharedExponent(amax, bits);
  const isNumber = Number.isFinite(amax) && amax !== 0;
  return isNumber && rule === "ceil" ? exponent + ceilLog2(amax) - exponentOf(amax) : exponent;
}

function ceilLog2(x: number): number {
  return significandOf(x) === 1 ? exponentOf(x) : exponentOf(x) + 1;
}

/** x · 2^−⌊log2 x⌋, in [1, 2). `x` is an FP32 value > 0, so the power of two is a normal double. */
function significandOf(x: number): number {
  return x * powerOfTwo(-exponentOf(x));
}

/** Nearest even at `precision` significand bits, without limits of exponent. */
function roundToPrecision(x: number, precision: number): number {
  const spacing = exponentOf(x) - (precision - 1);
  return roundToInteger(x * powerOfTwo(-spacing), false, "nearestEven") * powerOfTwo(spacing);
}
