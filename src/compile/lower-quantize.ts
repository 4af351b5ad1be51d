/**
 * Which command a rounding of a graph becomes: a rounding on store, dynamic fixed point with its exponent beside it, or a
 * quantisation to any format. Knows nothing of memory.
 */
import { RoundoffError } from "../base/errors.ts";
import type { FixedFormat, FloatFormat } from "../formats/format.ts";
import { blockView, sliceView } from "../formats/scaled/layout.ts";
import type { Node } from "../graph/graph.ts";
import { elementCount } from "../graph/graph.ts";
import type { Quantizer } from "../graph/primitives.ts";
import type { OpAttrs, StoreRounding } from "../kernels/contract.ts";
import { BF16 } from "./carriers.ts";

/**
 * Behind a quantisation whose values are stored in BF16: they have few enough bits, but where they leave its normal range
 * (below 2^−126) they are rounded to it.
 */
export const BF16_STORE: StoreRounding = {
  format: BF16,
  rounding: "nearestEven",
  overflow: "infinity",
  tensorId: 0,
};

/** The format if commands can round to it as they store: with a sign, inside FP32. */
export function storableFormat({ format }: Quantizer): FloatFormat | undefined {
  return format.kind === "float" && format.hasSign && format.bits <= 32 ? format : undefined;
}

/** Integers under one power of two per tensor. */
export function isDynamicFixed(
  quantizer: Quantizer,
): quantizer is Quantizer & { readonly format: FixedFormat } {
  const { format, scaling, scaleRule = "floor" } = quantizer;
  const onePower = scaling === undefined || (scaling.rule === "powerOfTwo" && scaling.axis === undefined);
  return format.kind === "fixed" && onePower && scaleRule === "floor";
}

/** @throws RoundoffError UNSUPPORTED for formats that FP32 tensors cannot be rounded to. */
export function quantizationAttrs(
  node: Node & { op: "quantize" },
  tensorId: number,
): OpAttrs["quantizeValues"] {
  const { quantizer, blocks } = node.attrs;
  const { format, rounding, overflow, scaleRule, scaling } = quantizer;
  if (format.bits > 32 || (format.kind === "posit" && format.bits > 16)) {
    throw new RoundoffError("UNSUPPORTED", {
      what: `tensors of a model cannot be rounded to ${format.name}`,
      expected: "a format inside FP32, or a posit of at most 16 bits",
      received: `${format.bits} bits`,
    });
  }
  const { shape } = node.inputs[0];
  const elements = elementCount(shape);
  // A tensor without axes is one row of one element.
  const layout = { shape: shape.length === 0 ? [1] : shape, scaling };
  const one = { rows: 1, columns: 1 };
  const common = { format, rounding, overflow, tensorId, scaleRule, scaling: scaling?.rule };
  if (format.kind !== "block") return { ...common, view: sliceView(elements, layout), block: one };
  if (blocks !== undefined) return { ...common, view: blocks.view, block: blocks.block };
  return { ...common, view: blockView(elements, { shape: layout.shape }, format.block), block: format.block };
}
