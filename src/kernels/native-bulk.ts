/**
 * The native bulk kernels: checks a request, hands arrays and numbers to the addon, and reads back statistics. What the
 * formats mean is in formats/; the C++ side is native/binding/bulk_object.cpp. Meaning: bulk.ts.
 */
import { require } from "../base/errors.ts";
import { decode } from "../formats/codes.ts";
import { isScaled, type NumberFormat, type ScaledFormat } from "../formats/format.ts";
import { groupsOf } from "../formats/scaled/quantize.ts";
import type { BulkKernels, BulkLayout, BulkRequest, BulkStatistics, EncodedArray } from "./bulk.ts";
import { refuseScaling, requireSameLength, requireScales } from "./bulk-checks.ts";
import { encodeElement, encodeScale, isNative } from "./native-bulk-encode.ts";
import { createRequestEncoder, type EncodedRequest } from "./native-bulk-request.ts";
import { translateErrors } from "./native-errors.ts";
import { type AddonScales, type KeptNumbers, type NativeEngine, TALLY_ORDER } from "./native-load.ts";
import { packedBytes, unpackCodes } from "./packed-codes.ts";
import { createReferenceBulkKernels } from "./reference/bulk.ts";

const REFUSED = "the array cannot be rounded";

/** Formats that FP32 bits cannot carry (fp64) are left to the reference. */
export function createNativeBulkKernels(engine: NativeEngine): BulkKernels {
  const reference = createReferenceBulkKernels();
  const encodeRequest = createRequestEncoder();
  const tally = new Float64Array(TALLY_ORDER.length);
  const statistics = ({ length }: Float32Array, request: BulkRequest) =>
    request.statistics === false ? undefined : statisticsOf(length, tally);
  return {
    name: "native",
    round(source, target, request) {
      requireSameLength(source, target);
      if (!isNative(request.format)) return reference.round(source, target, request);
      const { numbers } = encodeRequest(source.length, request, { elements: false });
      translateErrors(REFUSED, () => engine.bulkRound(source, target, numbers, tally, undefined));
      return statistics(source, request);
    },
    encode(source, request) {
      if (!isNative(request.format)) return reference.encode(source, request);
      const values = new Float32Array(source.length);
      const encoded = encodeRequest(source.length, request, { elements: true });
      const kept = roomForKept(encoded, request);
      translateErrors(REFUSED, () => engine.bulkRound(source, values, encoded.numbers, tally, kept));
      return {
        codes: codesOf(engine, values, request),
        elements: source.length,
        ...kept,
        tensorScale: isTwoLevel(request.format) ? tally[TALLY_ORDER.indexOf("tensorScale")] : undefined,
        statistics: statistics(source, request),
      };
    },
    decode(encoded, layout) {
      return isNative(layout.format)
        ? decodeArray(engine, encoded, layout)
        : reference.decode(encoded, layout);
    },
  };
}

function statisticsOf(elements: number, tally: Float64Array): BulkStatistics {
  const [saturated, underflowed, flushed, subnormal, nonFinite, maxAbsError, signal, noise] = tally;
  const sqnrDb = noise === 0 ? Infinity : 10 * Math.log10(signal / noise);
  return { elements, saturated, underflowed, flushed, subnormal, nonFinite, maxAbsError, sqnrDb };
}

/** Room for the numbers that the groups of a format share. */
function roomForKept({ groups }: EncodedRequest, { format, scaling }: BulkRequest): KeptNumbers | undefined {
  if (!isScaled(format)) return undefined;
  return {
    scales: new Float32Array(groups),
    zeroPoints: scaling?.rule === "affine" ? new Int32Array(groups) : undefined,
  };
}

function isTwoLevel(format: NumberFormat): boolean {
  return format.kind === "block" && format.scale.kind === "twoLevel";
}

function codesOf(engine: NativeEngine, values: Float32Array, request: BulkRequest): Uint8Array {
  const { format } = request;
  const codes = new Uint8Array(packedBytes(values.length, format.bits));
  const refused = translateErrors("the array cannot be encoded", () =>
    engine.bulkEncode(values, codes, Float64Array.from(encodeElement(format, request))),
  );
  require(refused === 0, "INVALID_ARGUMENT", () => ({
    what: `${format.name} cannot hold this value exactly`,
    expected: `values of ${format.name}`,
    received: `NaN (${refused} of ${values.length} elements)`,
    hint: "The format has no NaN.",
  }));
  return codes;
}

function decodeArray(engine: NativeEngine, encoded: EncodedArray, layout: BulkLayout): Float32Array {
  const { format } = layout;
  const { codes, elements } = encoded;
  // Complains about the number of bytes before memory of the wrong size is made.
  if (codes.byteLength !== packedBytes(elements, format.bits))
    unpackCodes(codes, elements, { bits: format.bits, signed: false });
  const values = new Float32Array(elements);
  const invalid = translateErrors("the codes cannot be read", () =>
    engine.bulkDecode(codes, values, {
      element: Float64Array.from(encodeElement(format, { rounding: "nearestEven", overflow: "saturate" })),
      tensorScale: encoded.tensorScale ?? 1,
      ...keptScales(encoded, layout),
    }),
  );
  if (invalid >= 0 && (format.kind === "float" || format.kind === "posit")) {
    decode(unpackCodes(codes, elements, { bits: format.bits, signed: false })[invalid], format);
  }
  return values;
}

function keptScales(encoded: EncodedArray, layout: BulkLayout): Partial<AddonScales> {
  const { format } = layout;
  const { elements, scales } = encoded;
  if (!isScaled(format)) {
    refuseScaling(layout, elements);
    return {};
  }
  requireScales(scales, format);
  const { count } = groupsOf(elements, format, layout);
  require(scales.length === count, "SHAPE_MISMATCH", () => ({
    what: "the scales do not fit the shape",
    expected: `${count} scales`,
    received: String(scales.length),
  }));
  return {
    scale: Float64Array.from(encodeScale(elements, format, layout)),
    scales,
    zeroPoints: affineZeroPoints(encoded, format, layout),
  };
}

function affineZeroPoints(
  { scales, zeroPoints }: EncodedArray,
  format: ScaledFormat,
  { scaling }: BulkLayout,
): Int32Array | undefined {
  if (scaling?.rule !== "affine" || format.kind === "block") return undefined;
  return zeroPoints ?? new Int32Array(scales?.length ?? 0);
}
