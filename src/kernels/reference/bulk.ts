/**
 * The reference of the bulk kernels: formats/ applied to whole arrays, and codes packed. Readable, not fast; the native
 * kernels must give the same bits. Meaning: ../bulk.ts.
 */
import { decode, encode } from "../../formats/codes.ts";
import type { FloatFormat, PositFormat, ScaledFormat } from "../../formats/format.ts";
import { isScaled } from "../../formats/format.ts";
import { roundArray } from "../../formats/round-array.ts";
import { dequantize, quantize } from "../../formats/scaled/quantize.ts";
import { roundingCursor } from "../../random/rounding-bits.ts";
import type { BulkKernels, BulkLayout, BulkRequest, EncodedArray } from "../bulk.ts";
import { refuseScaling, requireSameLength, requireScales } from "../bulk-checks.ts";
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
  requireScales(scales, format);
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
