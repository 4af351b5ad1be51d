/**
 * The native bulk kernels: checks a request, hands arrays and numbers to the addon, and reads back statistics. What the
 * formats mean is in formats/; the C++ side is native/binding/bulk_object.cpp. Meaning: bulk.ts.
 */
import { require } from "../base/errors.ts";
import { decode } from "../formats/codes.ts";
import { isScaled, type NumberFormat, type ScaledFormat } from "../formats/format.ts";
import { requireRandomBits } from "../formats/round-integer.ts";
import { groupsOf } from "../formats/scaled/quantize.ts";
import { scalesFor } from "../formats/scaled/scales.ts";
import type { BulkKernels, BulkLayout, BulkRequest, BulkStatistics, EncodedArray } from "./bulk.ts";
import { refuseScaling, requireSameLength, requireScales } from "./bulk-checks.ts";
import { encodeElement, encodeScale, isNative } from "./native-bulk-encode.ts";
import { translateErrors } from "./native-errors.ts";
import type { AddonScale, NativeEngine, TALLY_ORDER } from "./native-load.ts";
import { packedBytes, unpackCodes } from "./packed-codes.ts";
import { createReferenceBulkKernels } from "./reference/bulk.ts";

type Tally = { readonly [Field in (typeof TALLY_ORDER)[number]]: number };

/** Formats that FP32 bits cannot carry (fp64) are left to the reference. */
export function createNativeBulkKernels(engine: NativeEngine): BulkKernels {
  const reference = createReferenceBulkKernels();
  return {
    name: "native",
    round(source, target, request) {
      requireSameLength(source, target);
      if (!isNative(request.format)) return reference.round(source, target, request);
      const { tally } = convert(engine, source, target, { request, elements: false });
      return request.statistics === false ? undefined : statisticsOf(source.length, tally);
    },
    encode(source, request) {
      if (!isNative(request.format)) return reference.encode(source, request);
      const values = new Float32Array(source.length);
      const { tally, kept } = convert(engine, source, values, { request, elements: true });
      return {
        codes: codesOf(engine, values, request),
        elements: source.length,
        ...keptNumbers(request.format, tally, kept),
        statistics: request.statistics === false ? undefined : statisticsOf(source.length, tally),
      };
    },
    decode(encoded, layout) {
      return isNative(layout.format)
        ? decodeArray(engine, encoded, layout)
        : reference.decode(encoded, layout);
    },
  };
}

interface Conversion {
  readonly request: BulkRequest;
  /** Elements under a step of 1 (affine: codes) instead of values. */
  readonly elements: boolean;
}

function convert(
  engine: NativeEngine,
  source: Float32Array,
  target: Float32Array,
  { request, elements }: Conversion,
) {
  requireRandomness(request);
  const kept = scaleRequest(source.length, request);
  const { seedLow = 0, seedHigh = 0, step = 0 } = request.key ?? {};
  const numbers = translateErrors("the array cannot be rounded", () =>
    engine.bulkRound(source, target, {
      element: encodeElement(request.format, request),
      clock: [seedLow, seedHigh, step],
      statistics: request.statistics !== false,
      elements,
      ...kept,
    }),
  );
  return { tally: tallyOf(numbers), kept };
}

function tallyOf(numbers: readonly number[]): Tally {
  const [saturated, underflowed, flushed, subnormal, nonFinite, maxAbsError, signal, noise, tensorScale] =
    numbers;
  return { saturated, underflowed, flushed, subnormal, nonFinite, maxAbsError, signal, noise, tensorScale };
}

function statisticsOf(elements: number, tally: Tally): BulkStatistics {
  const { saturated, underflowed, flushed, subnormal, nonFinite, maxAbsError, signal, noise } = tally;
  const sqnrDb = noise === 0 ? Infinity : 10 * Math.log10(signal / noise);
  return { elements, saturated, underflowed, flushed, subnormal, nonFinite, maxAbsError, sqnrDb };
}

/** A group whose range every rule has an answer for: asking for its scale refuses a rule that does not fit the format. */
const SAMPLE_RANGE = { amax: 1, min: -1, max: 1 };

/** The layout as the addon reads it, with room for the numbers of every group. Checks it as the reference does. */
function scaleRequest(elements: number, request: BulkRequest): AddonScale {
  const { format, scaling, scaleRule } = request;
  if (!isScaled(format)) {
    refuseScaling(request, elements);
    return {};
  }
  const { count } = groupsOf(elements, format, request);
  scalesFor([SAMPLE_RANGE], format, { scaling, rule: scaleRule });
  return {
    scale: encodeScale(elements, format, request),
    scales: new Float32Array(count),
    zeroPoints: scaling?.rule === "affine" ? new Int32Array(count) : undefined,
  };
}

function keptNumbers(format: NumberFormat, { tensorScale }: Tally, { scales, zeroPoints }: AddonScale) {
  const twoLevel = format.kind === "block" && format.scale.kind === "twoLevel";
  return { scales, tensorScale: twoLevel ? tensorScale : undefined, zeroPoints };
}

function codesOf(engine: NativeEngine, values: Float32Array, request: BulkRequest): Uint8Array {
  const { format } = request;
  const codes = new Uint8Array(packedBytes(values.length, format.bits));
  const refused = translateErrors("the array cannot be encoded", () =>
    engine.bulkEncode(values, codes, encodeElement(format, request)),
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
      element: encodeElement(format, { rounding: "nearestEven", overflow: "saturate" }),
      tensorScale: encoded.tensorScale ?? 1,
      ...keptScales(encoded, layout),
    }),
  );
  if (invalid >= 0 && (format.kind === "float" || format.kind === "posit")) {
    decode(unpackCodes(codes, elements, { bits: format.bits, signed: false })[invalid], format);
  }
  return values;
}

function keptScales(encoded: EncodedArray, layout: BulkLayout): AddonScale {
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
    scale: encodeScale(elements, format, layout),
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

function requireRandomness({ rounding, randomBits, key }: BulkRequest): void {
  requireRandomBits(randomBits);
  require(rounding !== "stochastic" || key !== undefined, "INVALID_ARGUMENT", () => ({
    what: "stochastic rounding was given no random bits",
    expected: "a key: seedLow, seedHigh, step and tensorId",
    received: "undefined",
  }));
}
