/**
 * What `convert` does with an array: values, or codes and scales, with the kernels that can do it. Knows nothing of files
 * or options.
 */
import { RoundoffError } from "../base/errors.ts";
import { encode } from "../formats/codes.ts";
import { type FixedFormat, type FloatFormat, isScaled } from "../formats/format.ts";
import type { RoundingStatistics } from "../formats/rounding-statistics.ts";
import { shapeOf } from "../formats/scaled/layout.ts";
import type { BulkKernels, BulkKey, BulkRequest, EncodedArray } from "../kernels/bulk.ts";
import type { KernelSet } from "../kernels/contract.ts";
import { unpackCodes } from "../kernels/packed-codes.ts";
import { createReferenceBulkKernels } from "../kernels/reference/bulk.ts";
import { roundWithKernels } from "./round-values.ts";

export interface ConvertRequest extends BulkRequest {
  readonly key: BulkKey;
  /** Codes are wanted instead of values. */
  readonly codes: boolean;
}

export interface Converted {
  /** Values as FP32, or codes as integers, one for each element. */
  readonly output: Float32Array | Float64Array;
  readonly scales?: Float32Array;
  readonly tensorScale?: number;
  readonly zeroPoints?: Int32Array;
  readonly statistics: RoundingStatistics;
  /** Time of the rounding alone. */
  readonly nanoseconds: number;
}

/**
 * Converts with `kernels`. A request that the native kernels cannot serve goes to the reference, or is refused if native
 * ones were `demanded`.
 */
export async function convertValues(
  kernels: KernelSet,
  source: Float32Array,
  request: ConvertRequest,
  { demanded }: { readonly demanded: boolean },
): Promise<Converted> {
  // Kernels have no empty tensors.
  if (kernels.name === "reference" || source.length === 0)
    return convertInBulk(createReferenceBulkKernels(), source, request);
  const { format } = request;
  if (servedByPlans(request, format)) return convertWithPlan(kernels, source, { ...request, format });
  if (!demanded) return convertInBulk(createReferenceBulkKernels(), source, request);
  throw new RoundoffError("UNSUPPORTED", {
    what: `the native kernels cannot convert to ${format.name} with these options`,
    expected: "a signed float of at most 32 bits or integers under one shared exponent, with 32 random bits",
    received: `format ${format.name}, ${request.randomBits ?? 32} random bits`,
    hint: "Use --kernels reference.",
  });
}

function convertInBulk(kernels: BulkKernels, source: Float32Array, request: ConvertRequest): Converted {
  const { format, codes } = request;
  const values = new Float32Array(source.length);
  const start = process.hrtime.bigint();
  if (!codes && !isScaled(format)) {
    const statistics = kernels.round(source, values, request)!;
    return { output: values, statistics, nanoseconds: since(start) };
  }
  const { statistics, ...encoded } = kernels.encode(source, request);
  const nanoseconds = since(start);
  const { scales, tensorScale, zeroPoints } = encoded;
  const output = codes ? codesOf(encoded, request) : kernels.decode(encoded, request);
  return { output, scales, tensorScale, zeroPoints, statistics: statistics!, nanoseconds };
}

function codesOf({ codes, elements }: EncodedArray, { format, scaling }: ConvertRequest): Float64Array {
  const integers = isScaled(format) && (format.kind === "fixed" || format.element.kind === "fixed");
  return unpackCodes(codes, elements, {
    bits: format.bits,
    signed: integers && scaling?.rule !== "affine",
  });
}

function since(start: bigint): number {
  return Number(process.hrtime.bigint() - start);
}

/** Plans have float formats, one shared exponent per tensor by the floor rule, and all random bits. */
function servedByPlans(
  { rounding, randomBits = 32, scaling, scaleRule, blockAxis }: ConvertRequest,
  format: BulkRequest["format"],
): format is FloatFormat | FixedFormat {
  const plain = scaling === undefined && scaleRule === undefined && blockAxis === undefined;
  const formatFits =
    format.kind === "fixed"
      ? format.bits <= 16
      : format.kind === "float" && format.hasSign && format.bits <= 32;
  return plain && formatFits && (rounding !== "stochastic" || randomBits === 32);
}

async function convertWithPlan(
  kernels: KernelSet,
  source: Float32Array,
  request: ConvertRequest & { readonly format: FloatFormat | FixedFormat },
): Promise<Converted> {
  const { format, codes } = request;
  shapeOf(source.length, request.shape);
  const { values, sharedExponent, statistics, nanoseconds } = await roundWithKernels(
    kernels,
    source,
    request,
  );
  const scales = sharedExponent === undefined ? undefined : Float32Array.of(sharedExponent);
  const output = codes ? planCodes(values, format, sharedExponent) : values;
  return { output, scales, statistics, nanoseconds };
}

function planCodes(
  values: Float32Array,
  format: FloatFormat | FixedFormat,
  exponent: number | undefined,
): Float64Array {
  if (format.kind === "float") return Float64Array.from(values, (value) => encode(value, format));
  // Not a number: codes of 0. FP32 values have exponents of −163 and more: no power leaves the range of a double.
  const step = 2 ** (exponent ?? 0);
  return Float64Array.from(values, (value) => (Number.isNaN(value) ? 0 : value / step));
}
