/**
 * What both sets of bulk kernels refuse, in the same words: arrays that differ in length, choices that a format does not
 * have. Layouts and scale rules are checked by formats/.
 */
import { require } from "../base/errors.ts";
import type { ScaledFormat } from "../formats/format.ts";
import { shapeOf } from "../formats/scaled/layout.ts";
import type { BulkLayout, BulkRequest } from "./bulk.ts";

/** Formats without scales have nothing that a block axis or a rule could mean; a shape is fine if it fits. */
export function refuseScaling(request: BulkLayout & Pick<BulkRequest, "scaleRule">, elements: number): void {
  const { format, shape, blockAxis, scaling, scaleRule } = request;
  const given = { "block axis": blockAxis, scaling: scaling?.rule, "scale rule": scaleRule };
  const [name, value] = Object.entries(given).find(([, option]) => option !== undefined) ?? [];
  require(name === undefined, "INVALID_ARGUMENT", () => ({
    what: `a ${name} does not apply to ${format.name}, which has no scales`,
    expected: `no ${name}`,
    received: String(value),
  }));
  shapeOf(elements, shape);
}

/** An array is converted element by element into one of the same length. */
export function requireSameLength(source: Float32Array, target: Float32Array): void {
  require(source.length === target.length, "SHAPE_MISMATCH", () => ({
    what: "source and target of a rounding differ in length",
    expected: `${source.length} elements`,
    received: `${target.length} elements`,
  }));
}

/** Codes of formats with scales cannot be read without them. */
export function requireScales(
  scales: Float32Array | undefined,
  format: ScaledFormat,
): asserts scales is Float32Array {
  require(scales !== undefined, "INVALID_ARGUMENT", () => ({
    what: `codes of ${format.name} cannot be read without scales`,
    expected: "the scales that they were encoded with",
    received: "none",
  }));
}
