/**
 * What `convert` does with an array: values, or codes and scales, by the bulk kernels. Knows nothing of files or options.
 */
import { isScaled } from "../formats/format.ts";
import type { RoundingStatistics } from "../formats/rounding-statistics.ts";
import type { BulkKernels, BulkKey, BulkRequest, EncodedArray } from "../kernels/bulk.ts";
import { unpackCodes } from "../kernels/packed-codes.ts";

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
  /** Time of the kernels' call alone. */
  readonly nanoseconds: number;
}

/** Converts `source`. Formats with scales are always encoded, so that their scales are there to be written. */
export function convertValues(
  kernels: BulkKernels,
  source: Float32Array,
  request: ConvertRequest,
): Converted {
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
  const integers = format.kind === "fixed" || (format.kind === "block" && format.element.kind === "fixed");
  const signed = integers && scaling?.rule !== "affine";
  return unpackCodes(codes, elements, { bits: format.bits, signed });
}

function since(start: bigint): number {
  return Number(process.hrtime.bigint() - start);
}
