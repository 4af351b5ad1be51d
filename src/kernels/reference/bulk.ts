/**
 * The reference of the bulk kernels: formats/ applied to whole arrays, and codes packed. Readable, not fast; the native
 * kernels must give the same bits. Meaning: ../bulk.ts.
 */
import { require } from "../../base/errors.ts";
import { decode, encode } from "../../formats/codes.ts";
import type { FloatFormat, PositFormat, ScaledFormat } from "../../formats/format.ts";
import { isScaled } from "../../formats/format.ts";
import { roundArray } from "../../formats/round-array.ts";
import { shapeOf } from "../../formats/scaled/layout.ts";
import { dequantize, quantize } from "../../formats/scaled/quantize.ts";
import { roundingCursor } from "../../random/rounding-bits.ts";
import type { BulkKernels, BulkLayout, BulkRequest, EncodedArray } from "../bulk.ts";
import { packCodes, unpackCodes } from "../packed-codes.ts";

export function createReferenceBulkKernels(): BulkKernels {
  return {
    name: "reference",
    round(source, target, request) {
      const { format } = request;
      if (isScaled(format)) {
        requireSameLength(source, target);
        const { values, statistics } = quantize(source, format, scaledOptions(request));
        target.set(values);
        return request.statistics === false ? undefined : statistics;
      }
      const statistics = roundValues(source, target, format, request);
      return request.statistics === false ? undefined : statistics;
    },
    encode(source, request) {
      const { format } = request;
      const { statistics, ...encoded } = isScaled(format)
        ? encodeScaled(source, format, request)
        : encodeValues(source, format, request);
      return { ...encoded, statistics: request.statistics === false ? undefined : statistics };
    },
    decode(encoded, layout) {
      const { format } = layout;
      return isScaled(format) ? decodeScaled(encoded, format, layout) : decodeValues(encoded, format, layout);
    },
  };
}

function roundValues(
  source: Float32Array,
  target: Float32Array,
  format: FloatFormat | PositFormat,
  request: BulkRequest,
) {
  refuseScaling(request, source.length);
  const { rounding, overflow, randomBits } = request;
  return roundArray(source, target, { format, rounding, overflow, randomBits, randomAt: wordsOf(request) });
}

function encodeValues(source: Float32Array, format: FloatFormat | PositFormat, request: BulkRequest) {
  const values = new Float32Array(source.length);
  const statistics = roundValues(source, values, format, request);
  const codes = Float64Array.from(values, (value) => encode(value, format));
  return { codes: packCodes(codes, format.bits), elements: source.length, statistics };
}

function decodeValues(
  { codes, elements }: EncodedArray,
  format: FloatFormat | PositFormat,
  layout: BulkLayout,
): Float32Array {
  refuseScaling(layout, elements);
  const unpacked = unpackCodes(codes, elements, { bits: format.bits, signed: false });
  return Float32Array.from(unpacked, (code) => decode(code, format));
}

function encodeScaled(source: Float32Array, format: ScaledFormat, request: BulkRequest) {
  const quantized = quantize(source, format, scaledOptions(request));
  const { codes, scales, tensorScale, zeroPoints, statistics } = quantized;
  const packed = packCodes(codes, format.bits);
  return { codes: packed, elements: source.length, scales, tensorScale, zeroPoints, statistics };
}

function decodeScaled(encoded: EncodedArray, format: ScaledFormat, layout: BulkLayout): Float32Array {
  const { elements, scales, tensorScale, zeroPoints } = encoded;
  require(scales !== undefined, "INVALID_ARGUMENT", () => ({
    what: `codes of ${format.name} cannot be read without scales`,
    expected: "the scales that they were encoded with",
    received: "none",
  }));
  const { shape, blockAxis, scaling } = layout;
  const isInteger = format.kind === "fixed" || format.element.kind === "fixed";
  const signed = isInteger && scaling?.rule !== "affine";
  const codes = Int32Array.from(unpackCodes(encoded.codes, elements, { bits: format.bits, signed }));
  return dequantize({ format, codes, shape, blockAxis, scaling, scales, tensorScale, zeroPoints });
}

function scaledOptions(request: BulkRequest) {
  const { shape, blockAxis, scaling, scaleRule, rounding, randomBits } = request;
  return { shape, blockAxis, scaling, scaleRule, rounding, randomBits, randomAt: wordsOf(request) };
}

function wordsOf({ key }: BulkRequest): ((element: number) => number) | undefined {
  return key === undefined ? undefined : roundingCursor(key);
}

/** Formats without scales have nothing that a block axis or a rule could mean; a shape is fine if it fits. */
function refuseScaling(request: BulkLayout & Pick<BulkRequest, "scaleRule">, elements: number): void {
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

function requireSameLength(source: Float32Array, target: Float32Array): void {
  require(source.length === target.length, "SHAPE_MISMATCH", () => ({
    what: "source and target of a rounding differ in length",
    expected: `${source.length} elements`,
    received: `${target.length} elements`,
  }));
}
