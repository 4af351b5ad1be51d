/**
 * Rounding of arrays to formats, beside a plain copy of the same arrays: what a conversion costs over moving the bytes.
 * Knows nothing of options or text.
 */
import { format as findFormat } from "../../formats/catalog.ts";
import type { NumberFormat, Rounding } from "../../formats/format.ts";
import type { BulkRequest } from "../../kernels/bulk.ts";
import type { SelectedKernels } from "../../kernels/select.ts";
import { randomStream } from "../../random/streams.ts";
import { type Candidate, type MeasureOptions, measure, type Timing } from "./measure.ts";

/** Elements of one array, for each core where arrays are to lie in its own cache. Two arrays are in use. */
const SIZES = {
  L2: { perThread: 96 * 1024 },
  L3: { perThread: 1024 * 1024 },
  DRAM: { elements: 32 * 1024 * 1024 },
} as const;

export interface ArraySize {
  readonly name: string;
  readonly elements: number;
}

/** The size of a name (L2, L3, DRAM) or of a number of elements; undefined: neither. */
export function arraySize(text: string, threads: number): ArraySize | undefined {
  const known = Object.entries(SIZES).find(([name]) => name === text.toUpperCase());
  if (known === undefined)
    return /^[1-9]\d{0,9}$/.test(text) ? { name: text, elements: Number(text) } : undefined;
  const [name, size] = known;
  return { name, elements: "elements" in size ? size.elements : size.perThread * threads };
}

export interface QuantizeBenchOptions extends MeasureOptions {
  readonly formats: readonly string[];
  readonly rounding: Rounding;
  readonly randomBits?: number;
  readonly statistics: boolean;
  readonly sizes: readonly ArraySize[];
  readonly selected: SelectedKernels;
}

export interface QuantizeRow {
  /** The format, or `copy`, or `streamedCopy`: a copy that stores past the caches, of arrays that are larger than these. */
  readonly name: string;
  readonly size: string;
  readonly elements: number;
  /** Bandwidth over that of the copy of the same size, from the medians: 1 is free. */
  readonly ratioToCopy: number;
  /** The same from the best rounds. */
  readonly bestRatioToCopy: number;
  readonly medianMs: number;
  readonly bestMs: number;
  /** medianMs over that of the copy. */
  readonly ratioToFirst: number;
  readonly nsPerElement: number;
  /** Read and written bytes, 8 for each element, from the median. */
  readonly gbPerSecond: number;
  readonly bestGbPerSecond: number;
}

/**
 * Smaller arrays lie in caches. A streamed copy says nothing there, and drops its target from them, for which the next candidate
 * would pay.
 */
const ELEMENTS_BEYOND_CACHES = 16 * 1024 * 1024;
/** A run of the clock covers at least this many elements, so that its own cost does not count. */
const ELEMENTS_PER_RUN = 8 * 1024 * 1024;
const SEED = 1;
const KEY = { seedLow: SEED, seedHigh: 0, step: 0, tensorId: 0 };

/** Times all sizes. Throws UNKNOWN_NAME before any work when a name is wrong. */
export async function benchQuantize(options: QuantizeBenchOptions): Promise<QuantizeRow[]> {
  const formats = options.formats.map(findFormat);
  const rows: QuantizeRow[] = [];
  for (const size of options.sizes) rows.push(...(await benchSize(options, formats, size)));
  return rows;
}

async function benchSize(
  options: QuantizeBenchOptions,
  formats: readonly NumberFormat[],
  { name: size, elements }: ArraySize,
): Promise<QuantizeRow[]> {
  const source = madeUpValues(elements);
  const target = new Float32Array(elements);
  const repeats = Math.max(1, Math.floor(ELEMENTS_PER_RUN / elements));
  const candidates = candidatesOf(options, formats, source, target);
  const timings = await measure(candidates.map(repeated(repeats)), options);
  return timings.map((timing) => rowOf(timing, timings[0], { size, elements, repeats }));
}

interface Step {
  readonly name: string;
  readonly once: () => void;
}

function candidatesOf(
  { rounding, randomBits, statistics, selected: { bulk, copyArray } }: QuantizeBenchOptions,
  formats: readonly NumberFormat[],
  source: Float32Array,
  target: Float32Array,
): Step[] {
  const copy = (name: string, stream: boolean): Step => ({
    name,
    once: () => copyArray(source, target, { stream }),
  });
  const streamed = source.length >= ELEMENTS_BEYOND_CACHES ? [copy("streamedCopy", true)] : [];
  const conversions = formats.map((format) => {
    const request: BulkRequest = {
      format,
      rounding,
      randomBits,
      overflow: "saturate",
      key: KEY,
      statistics,
      shape: shapeFor(format, source.length),
    };
    return { name: format.name, once: () => void bulk.round(source, target, request) };
  });
  return [copy("copy", false), ...streamed, ...conversions];
}

function repeated(repeats: number): (step: Step) => Candidate {
  return ({ name, once }) => ({
    name,
    run: async () => {
      for (let i = 0; i < repeats; i++) once();
    },
  });
}

/** Tiles need rows: as many as divide the elements, up to 1024. */
function shapeFor(format: NumberFormat, elements: number): readonly number[] | undefined {
  if (format.kind !== "block" || format.block.rows === 1) return undefined;
  let rows = 1024;
  while (elements % rows !== 0) rows /= 2;
  return [rows, elements / rows];
}

/** Normal values of many tensors' spread; the time does not depend on them. */
function madeUpValues(elements: number): Float32Array {
  const random = randomStream({ seed: SEED, stream: "init" });
  const pattern = Float32Array.from({ length: 4099 }, () => random.normal());
  const values = new Float32Array(elements);
  for (let i = 0; i < elements; i += pattern.length) {
    values.set(pattern.subarray(0, Math.min(pattern.length, elements - i)), i);
  }
  return values;
}

function rowOf(
  { name, medianMs, bestMs }: Timing,
  copy: Timing,
  { size, elements, repeats }: { readonly size: string; readonly elements: number; readonly repeats: number },
): QuantizeRow {
  const gigabytes = (8 * elements * repeats) / 1e9;
  return {
    name,
    size,
    elements,
    ratioToCopy: copy.medianMs / medianMs,
    bestRatioToCopy: copy.bestMs / bestMs,
    medianMs: medianMs / repeats,
    bestMs: bestMs / repeats,
    ratioToFirst: medianMs / copy.medianMs,
    nsPerElement: (medianMs * 1e6) / (elements * repeats),
    gbPerSecond: (gigabytes / medianMs) * 1000,
    bestGbPerSecond: (gigabytes / bestMs) * 1000,
  };
}
