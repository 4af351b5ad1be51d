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
import { roundArray } from "../../formats/round-array.ts";
import { dequantize, type Quantization, quantize as quantizeScaled } from "../../formats/scaled/quantize.ts";
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

/** x → q in any format (, scale[1]). The formats' own code sees FP32 numbers, also where the reference runs in FP64. */
export const quantizeValues: ReferenceKernel<"quantizeValues"> = (
  [x],
  [q, scale],
  { format, rounding, overflow, tensorId, scaleRule, scaling, view, block },
  { clock },
) => {
  const randomAt = clock === undefined ? undefined : roundingCursor({ ...clock, tensorId });
  const source = Float32Array.from(x.data);
  const { outer, rows, columns, inner } = view;
  if (format.kind === "block") {
    const layout = { shape: [outer, rows, columns, inner], blockAxis: 2 };
    const options = { ...layout, scaleRule, rounding, randomAt };
    storeQuantized(quantizeScaled(source, { ...format, block }, options), q, scale);
  } else if (format.kind === "fixed") {
    const layout = { shape: [outer, columns, inner], scaling: { rule: scaling ?? "powerOfTwo", axis: 1 } };
    storeQuantized(quantizeScaled(source, format, { ...layout, scaleRule, rounding, randomAt }), q, scale);
  } else {
    roundArray(source, source, { format, rounding, overflow, randomAt });
    q.data.set(source);
  }
};

/** The values; or, if the scale of the tensor goes into a place of its own, what they are under a scale of 1. */
function storeQuantized(tensor: Quantization, q: RefTensor, scale: RefTensor | undefined): void {
  if (scale === undefined) {
    q.data.set(tensor.values);
    return;
  }
  const { tensorScale, scales } = tensor;
  const real = tensorScale ?? scales[0];
  scale.data[0] = real;
  const one = tensorScale === undefined ? { scales: Float32Array.of(1) } : { tensorScale: 1 };
  if (Number.isNaN(real)) q.data.fill(0);
  else q.data.set(dequantize({ ...tensor, ...one }));
}

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
