/**
 * Formats and layouts as the numbers that the addon's bulk kernels read. Knows nothing of arrays. Read back by
 * native/binding/bulk_object.cpp.
 */
import { largestInteger } from "../formats/dynamic-fixed-point.ts";
import type {
  BlockSize,
  FixedFormat,
  FloatFormat,
  NumberFormat,
  PositFormat,
  Rounding,
  ScaledFormat,
  ScalingRule,
} from "../formats/format.ts";
import { emin, OVERFLOWS, type Overflow, ROUNDINGS, SCALE_RULES, type ScaleRule } from "../formats/format.ts";
import { blockView, sliceView, type TensorLayout, type TensorView } from "../formats/scaled/layout.ts";
import type { BulkKey } from "./bulk.ts";
import { type ELEMENT_ORDER, SCALE_KINDS, type SCALE_ORDER } from "./native-load.ts";

type ElementNumbers = { readonly [Field in (typeof ELEMENT_ORDER)[number]]: number };
type ScaleNumbers = { readonly [Field in (typeof SCALE_ORDER)[number]]: number };

/** True for formats whose values are FP32 values, and posits of at most 16 bits. */
export function isNative(format: NumberFormat): boolean {
  if (format.kind === "float") return format.bits <= 32;
  return format.kind !== "posit" || format.bits <= 16;
}

interface RoundingChoice {
  readonly rounding: Rounding;
  readonly overflow: Overflow;
  readonly randomBits?: number;
  readonly key?: Pick<BulkKey, "tensorId">;
}

/** The elements of a format and how to round into them, in ELEMENT_ORDER. Elements under a scale saturate. */
export function encodeElement(format: NumberFormat, choice: RoundingChoice): number[] {
  const { rounding, overflow, randomBits = 32, key } = choice;
  const how = {
    rounding: ROUNDINGS.indexOf(rounding),
    overflow: OVERFLOWS.indexOf(format.kind === "float" ? overflow : "saturate"),
    randomBits,
    tensorId: key?.tensorId ?? 0,
  };
  const element = format.kind === "block" ? format.element : format;
  // An object literal keeps the order it is written in, and the type makes it complete.
  const numbers: ElementNumbers = { ...elementFields(element), ...how };
  return Object.values(numbers);
}

function elementFields(element: FloatFormat | FixedFormat | PositFormat) {
  switch (element.kind) {
    case "float":
      return floatFields(element);
    case "posit":
      return { ...PLAIN_FIELDS, kind: 1, bits: element.bits };
    case "fixed":
      // As floats that have one spacing only they are the same values.
      return {
        ...PLAIN_FIELDS,
        kind: 2,
        bits: element.bits,
        precision: Math.max(1, element.bits - 1),
        emin: element.bits - 2,
        maxFinite: largestInteger(element.bits),
      };
  }
}

const PLAIN_FIELDS = {
  kind: 0,
  bits: 0,
  bias: 0,
  hasSign: 1,
  hasZero: 1,
  precision: 1,
  emin: 0,
  maxFinite: 1,
  hasInfinity: 0,
  hasNaN: 0,
  hasNegativeZero: 0,
  hasSubnormals: 1,
};

function floatFields(format: FloatFormat) {
  return {
    kind: 0,
    bits: format.bits,
    bias: format.bias,
    hasSign: Number(format.hasSign),
    hasZero: Number(format.hasZero),
    precision: format.precision,
    emin: emin(format),
    maxFinite: format.maxFinite,
    hasInfinity: Number(format.hasInfinity),
    hasNaN: Number(format.hasNaN),
    hasNegativeZero: Number(format.hasNegativeZero),
    hasSubnormals: Number(format.hasSubnormals),
  };
}

/** The scales of a format over an array, in SCALE_ORDER. @throws RoundoffError as `blockView` and `sliceView`. */
export function encodeScale(
  elements: number,
  format: ScaledFormat,
  layout: TensorLayout & { readonly scaleRule?: ScaleRule },
): number[] {
  const slices = format.kind === "fixed";
  const block = slices ? ONE_ELEMENT : format.block;
  const view = slices ? sliceView(elements, layout) : blockView(elements, layout, block);
  const { scaleRule, scaling } = layout;
  return encodeGroups(format, { view, block, scaleRule, scaling: scaling?.rule });
}

const ONE_ELEMENT: BlockSize = { rows: 1, columns: 1 };

/** Which elements share a scale, and how it is chosen. */
export interface ScaleGroups {
  readonly view: TensorView;
  readonly block: BlockSize;
  readonly scaleRule?: ScaleRule;
  readonly scaling?: ScalingRule;
}

/** The scales of a format over groups, in SCALE_ORDER. */
export function encodeGroups(format: ScaledFormat, groups: ScaleGroups): number[] {
  const { view, block, scaleRule = "floor", scaling } = groups;
  const slices = format.kind === "fixed";
  const level = !slices && format.scale.kind === "twoLevel" ? format.scale.format : undefined;
  const numbers: ScaleNumbers = {
    kind: SCALE_KINDS.indexOf(scaleKind(format, scaling)),
    rule: SCALE_RULES.indexOf(scaleRule),
    outer: view.outer,
    rows: view.rows,
    columns: view.columns,
    inner: view.inner,
    blockRows: block.rows,
    blockColumns: block.columns,
    slices: Number(slices),
    scalePrecision: level?.precision ?? 1,
    scaleEmin: level === undefined ? 0 : emin(level),
    scaleMax: level?.maxFinite ?? 1,
  };
  return Object.values(numbers);
}

function scaleKind(format: ScaledFormat, scaling: ScalingRule = "powerOfTwo"): (typeof SCALE_KINDS)[number] {
  if (format.kind === "block") return format.scale.kind;
  return scaling === "powerOfTwo" ? "sharedExponent" : scaling;
}
