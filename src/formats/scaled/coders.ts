/**
 * Codes ↔ values under one scale: what a group's elements become once its scale is known. Knows nothing of how scales are
 * chosen, nor of tensors.
 */
import { largestInteger } from "../dynamic-fixed-point.ts";
import { powerOfTwo } from "../exponents.ts";
import { decodeFloat, encodeFloat } from "../float-codes.ts";
import type { FixedFormat, FloatFormat, Rounding, ScaledFormat, Scaling } from "../format.ts";
import { minNormal } from "../format.ts";
import { roundToFormat, roundUnbounded } from "../round.ts";
import { roundToInteger } from "../round-integer.ts";
import { isPowerOfTwo, type Scales, stepOf } from "./scales.ts";

/** How one element is rounded; `random` is for `stochastic`. */
export interface RoundingChoice {
  readonly rounding: Rounding;
  readonly random?: number;
  readonly randomBits?: number;
}

export interface Coder {
  encode(value: number, choice: RoundingChoice): { readonly code: number; readonly saturated: boolean };
  /** Rounds to FP32 when it is stored. */
  decode(code: number): number;
  /** Below it a value that changes has underflowed. */
  readonly smallestNormal: number;
}

/** The coders of `count` groups with these scales. */
export function codersOf(
  format: ScaledFormat,
  scaling: Scaling | undefined,
  scales: Scales,
  count: number,
): Coder[] {
  const element = format.kind === "block" ? format.element : format;
  return Array.from({ length: count }, (_, group) => {
    const step = stepOf(format, scaling, scales, group);
    if (Number.isNaN(step)) return NOT_A_NUMBER;
    if (element.kind === "float") return floatCoder(element, step);
    if (isPowerOfTwo(scaling) || scaling?.rule === "symmetric") return integerCoder(element, step);
    return affineCoder(element, step, scales.zeroPoints?.[group] ?? 0);
  });
}

const NOT_A_NUMBER: Coder = {
  encode: () => ({ code: 0, saturated: false }),
  decode: () => NaN,
  smallestNormal: 0,
};

function floatCoder(format: FloatFormat, step: number): Coder {
  return {
    encode(value, { rounding, random, randomBits }) {
      const quotient = quotientOf(value, step);
      const rounded = roundToFormat(quotient, format, rounding, "saturate", random, randomBits);
      const magnitude = Math.abs(quotient);
      const saturated =
        magnitude > format.maxFinite &&
        roundUnbounded(magnitude, value < 0, format, rounding, random, randomBits) > format.maxFinite;
      return { code: encodeFloat(rounded, format), saturated };
    },
    decode: (code) => (decodeFloat(code, format) ?? NaN) * step,
    smallestNormal: minNormal(format) * step,
  };
}

function integerCoder({ bits }: FixedFormat, step: number): Coder {
  const largest = largestInteger(bits);
  return {
    encode(value, choice) {
      const integer = roundSigned(quotientOf(value, step), choice);
      const code = Math.min(Math.max(integer, -largest), largest);
      return { code, saturated: code !== integer };
    },
    // An integer has no −0.
    decode: (code) => (code === 0 ? 0 : code * step),
    smallestNormal: step,
  };
}

function affineCoder({ bits }: FixedFormat, step: number, zeroPoint: number): Coder {
  const largest = powerOfTwo(bits) - 1;
  return {
    encode(value, choice) {
      const shifted = roundSigned(quotientOf(value, step), choice) + zeroPoint;
      const code = Math.min(Math.max(shifted, 0), largest);
      return { code, saturated: code !== shifted };
    },
    decode: (code) => (code === zeroPoint ? 0 : (code - zeroPoint) * step),
    smallestNormal: step,
  };
}

/** In units of the step: exact if the step is a power of two, else one FP64 division (see scales.ts). A zero step holds zeros. */
function quotientOf(value: number, step: number): number {
  return step === 0 ? value * 0 : value / step;
}

function roundSigned(quotient: number, { rounding, random, randomBits }: RoundingChoice): number {
  const negative = quotient < 0;
  const magnitude = roundToInteger(Math.abs(quotient), negative, rounding, random, randomBits);
  return negative ? -magnitude : magnitude;
}
