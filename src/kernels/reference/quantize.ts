/**
 * Where number formats meet the reference kernels: rounding on store, quantisation to dynamic fixed point, and the factor
 * that turns sums of integer products back into real numbers. The formats' own definitions in formats/ are the truth.
 * Meaning: contract.ts.
 */
import {
  dequantizeDynamicFixed,
  quantizeDynamicFixed as quantize,
} from "../../formats/dynamic-fixed-point.ts";
import { roundToFormat } from "../../formats/round.ts";
import { roundingCursor } from "../../random/rounding-bits.ts";
import { type Carrier, EXPONENT_NOT_A_NUMBER, type StoreRounding } from "../contract.ts";
import type { Clock, RefArray, ReferenceKernel, RefTensor } from "./tensor.ts";

/**
 * Rounds every element in place. Element i of the tensor draws random word i.
 * `clock` may only be missing where nothing rounds stochastically (checked when the plan is bound).
 */
export function roundOnStore(data: RefArray, store: StoreRounding, clock: Clock | undefined): void {
  const { format, rounding, overflow, tensorId } = store;
  if (rounding === "stochastic" && clock !== undefined) {
    const randomAt = roundingCursor({ ...clock, tensorId });
    for (let i = 0; i < data.length; i++)
      data[i] = roundToFormat(data[i], format, rounding, overflow, randomAt(i));
    return;
  }
  for (let i = 0; i < data.length; i++) data[i] = roundToFormat(data[i], format, rounding, overflow);
}

/** x → q (i16: integers; f32: integer · 2^E), E[1]. */
export const quantizeDynamicFixed: ReferenceKernel<"quantizeDynamicFixed"> = (
  [x],
  [q, sharedExponent],
  { bits, rounding, tensorId },
  { clock },
) => {
  const randomAt = clock === undefined ? undefined : roundingCursor({ ...clock, tensorId });
  const values = x.data instanceof Int32Array ? Float64Array.from(x.data) : x.data;
  const { exponent, integers } = quantize(values, bits, rounding, randomAt);
  sharedExponent.data[0] = exponent;
  const stored = (integer: number): number =>
    q.dtype === "i16" ? integer : dequantizeDynamicFixed(integer, exponent);
  for (let i = 0; i < integers.length; i++) q.data[i] = stored(integers[i]);
};

/**
 * 2^(Ea + Eb) for the carrier i16, 1 for the others. NaN if an operand has no exponent because it held NaN or Inf: then
 * every output is NaN. Source: Das et al. 2018, section 3.
 */
export function productScale(carrier: Carrier, exponents: readonly RefTensor[]): number {
  if (carrier !== "i16") return 1;
  const [ea, eb] = exponents.map((tensor) => tensor.data[0]);
  if (ea === EXPONENT_NOT_A_NUMBER || eb === EXPONENT_NOT_A_NUMBER) return Number.NaN;
  // |Ea + Eb| ≤ 2·163, so the power of two is a normal FP64 number and exact.
  return 2 ** (ea + eb);
}
