/**
 * Reference quantisation to dynamic fixed point: a thin cover over the format's own definition, which is the truth.
 * Meaning: contract.ts.
 */
import {
  dequantizeDynamicFixed,
  quantizeDynamicFixed as quantize,
} from "../../formats/dynamic-fixed-point.ts";
import { roundingCursor } from "../../random/rounding-bits.ts";
import type { ReferenceKernel } from "./tensor.ts";

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
