/**
 * The native bulk kernels of every tier against the reference: values, codes, scales and statistics of every format of the
 * catalogue in every mode, bit for bit; the same bits for any number of threads, in place, and in pieces.
 */
import { describe, expect, it } from "vitest";
import { FORMATS, format as formatOf } from "../../formats/catalog.ts";
import { isScaled, type NumberFormat, type Rounding } from "../../formats/format.ts";
import type { BulkKernels, BulkRequest, BulkStatistics } from "../bulk.ts";

import { createNativeKernels } from "../native.ts";
import { loadAddon, type Tier } from "../native-load.ts";
import { createReferenceBulkKernels } from "../reference/bulk.ts";
import {
  blockInputs,
  blockRows,
  choicesFor,
  elementInputs,
  KEY,
  longInput,
  MODES,
  twoLevelBlocks,
} from "./bulk-data.ts";
import { differences } from "./differences.ts";
import { leftOut } from "./implementations.ts";

const loaded = loadAddon();
const tiers: readonly Tier[] = "addon" in loaded ? loaded.addon.info().tiers : [];
const reference = createReferenceBulkKernels();

const UNCATALOGUED = [
  "e3m2ieeens",
  "e2m3ieeeuz",
  "e8m0fn",
  "e4m3b130f",
  "e7m16ieee",
  "e1m2f",
  "bfp5b7",
  "bfp4b2000",
  "bfp6t3x5",
].map(formatOf);
const ALL: readonly NumberFormat[] = [...FORMATS, ...UNCATALOGUED];

function bulkOf(tier: Tier, threads = 2): BulkKernels {
  if ("reason" in loaded) throw new Error(loaded.reason);
  return createNativeKernels(loaded.addon, { tier, threads }).bulk;
}

/** Statistics that differ; sums may be added in another order. */
function statisticDifferences(actual: BulkStatistics | undefined, expected: BulkStatistics | undefined) {
  const { sqnrDb: ours, ...counts } = actual!;
  const { sqnrDb, ...expectedCounts } = expected!;
  const near = Object.is(ours, sqnrDb) || Math.abs(ours - sqnrDb) <= 1e-9 * Math.abs(sqnrDb);
  return JSON.stringify(counts) === JSON.stringify(expectedCounts) && near ? [] : [{ actual, expected }];
}

function roundDifferences(kernels: BulkKernels, source: Float32Array, request: BulkRequest): unknown[] {
  const [actual, expected] = [new Float32Array(source.length), new Float32Array(source.length)];
  const expectedStatistics = reference.round(source, expected, request);
  const statistics = kernels.round(source, actual, request);
  const unmeasured = new Float32Array(source.length);
  kernels.round(source, unmeasured, { ...request, statistics: false });
  return [
    ...differences(actual, expected),
    ...differences(unmeasured, expected),
    ...statisticDifferences(statistics, expectedStatistics),
  ];
}

function roundingOf(name: string): Rounding {
  return name === "stochastic" ? "stochastic" : "nearestEven";
}

/** The error's code, where the format refuses a value. */
function attempt<T>(make: () => T): T | string {
  try {
    return make();
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}

function codeDifferences(kernels: BulkKernels, source: Float32Array, request: BulkRequest): unknown[] {
  const expected = attempt(() => reference.encode(source, request));
  const actual = attempt(() => kernels.encode(source, request));
  if (typeof expected === "string" || typeof actual === "string")
    return expected === actual ? [] : [expected, actual];
  return [
    ...differences(actual.codes, expected.codes),
    ...differences(actual.scales ?? [], expected.scales ?? []),
    ...differences(actual.zeroPoints ?? [], expected.zeroPoints ?? []),
    ...differences([actual.tensorScale ?? 1], [expected.tensorScale ?? 1]),
    ...statisticDifferences(actual.statistics, expected.statistics),
    ...differences(kernels.decode(expected, request), reference.decode(expected, request)),
  ];
}

function inputsFor(format: NumberFormat): Float32Array[] {
  if (!isScaled(format)) return [elementInputs(format, 300)];
  return [blockInputs(310, { finite: false }), blockInputs(311, { finite: true })];
}

// A report must also say what is not tested.
it.skip.each(leftOut())("%s", () => undefined);

describe.each(tiers)("native %s bulk kernels", (tier) => {
  const kernels = bulkOf(tier);

  it.each(ALL)("$name: values and statistics in every mode", (format) => {
    for (const mode of MODES) {
      for (const choices of choicesFor(format)) {
        const request = { format, key: KEY, ...mode, ...choices };
        for (const source of inputsFor(format)) {
          expect(roundDifferences(kernels, source, request), JSON.stringify({ ...mode, ...choices })).toEqual(
            [],
          );
        }
      }
    }
  });

  it.each(ALL.filter(({ bits }) => bits <= 32))("$name: codes and back", (format) => {
    for (const choices of choicesFor(format)) {
      const request: BulkRequest = { format, rounding: "nearestEven", ...choices };
      for (const source of inputsFor(format)) {
        const text = JSON.stringify(choices);
        expect(codeDifferences(kernels, source, request), text).toEqual([]);
        const numbers = source.map((x) => (Number.isNaN(x) ? 1 : x));
        expect(codeDifferences(kernels, numbers, request), text).toEqual([]);
      }
    }
  });

  // Loops over many blocks at once have ends, borders and blocks that they leave to others.
  it.each(
    ["mxfp8e4m3", "mxfp4", "mxint8", "bfp8b16", "nvfp4"].flatMap((name) => [name, `${name} stochastic`]),
  )("%s: rows of blocks, wherever the arrays begin", (text) => {
    const [name, rounding = "nearestEven"] = text.split(" ");
    const request: BulkRequest = {
      format: formatOf(name),
      rounding: roundingOf(rounding),
      overflow: "saturate",
      key: KEY,
    };
    for (const input of blockRows(330)) {
      const expected = new Float32Array(input.length);
      reference.round(input, expected, request);
      for (const [from, to] of [
        [0, 0],
        [1, 1],
        [4, 4],
        [15, 2],
        [0, 9],
      ]) {
        const source = new Float32Array(input.length + from).subarray(from);
        source.set(input);
        const target = new Float32Array(input.length + to).subarray(to);
        kernels.round(source, target, { ...request, statistics: false });
        expect(differences(target, expected), `from ${from} to ${to}`).toEqual([]);
        kernels.round(source, source, { ...request, statistics: false });
        expect(differences(source, expected), `in place at ${from}`).toEqual([]);
      }
    }
  });

  // Powers of two, for which all places are FP32 numbers; odd significands; the ends that registers leave to others.
  it.each([1, 2 ** -60, 1 + 2 ** -23, 1.7654321 * 2 ** 9, 3.3 * 2 ** -81, 1.1 * 2 ** 81, 1.5 * 2 ** -120])(
    "nvfp4: every block scale and every tie, under the tensor scale %s",
    (unit) => {
      const input = twoLevelBlocks(unit);
      const request: BulkRequest = {
        format: formatOf("nvfp4"),
        rounding: "nearestEven",
        overflow: "saturate",
        key: KEY,
      };
      expect(roundDifferences(kernels, input, request)).toEqual([]);
      expect(codeDifferences(kernels, input, request)).toEqual([]);
    },
  );

  it.each(["nvfp4", "mxfp4", "bfp8b16"])("%s: the NaN of a block is positive, by every path", (name) => {
    const [positiveNaN, negativeNaN] = [0x7fc00000, 0xffc00001];
    const input = longInput(340).subarray(0, 1000);
    new Uint32Array(input.buffer)[700] = negativeNaN;
    for (const statistics of [false, true]) {
      const values = new Float32Array(input.length);
      const request: BulkRequest = { format: formatOf(name), rounding: "nearestEven", overflow: "saturate" };
      kernels.round(input, values, { ...request, statistics });
      const bits = new Uint32Array(values.buffer);
      const spoilt = Array.from(bits.filter((_, i) => Number.isNaN(values[i])));
      expect(spoilt.length).toBe(name === "nvfp4" ? input.length : name === "mxfp4" ? 32 : 16);
      expect([...new Set(spoilt)]).toEqual([positiveNaN]);
    }
  });

  it.each(["e4m3", "bf16", "e8m0", "posit16", "int8", "mxfp4", "mxint8", "nvfp4", "bfp8"])(
    "%s: the same bits on one thread and two, in place, and without statistics",
    (name) => {
      const format = formatOf(name);
      const source = longInput(320);
      // Tiles of several rows need two axes.
      const shape = [1, source.length];
      const request: BulkRequest = { format, rounding: "stochastic", overflow: "saturate", key: KEY, shape };
      const [two, one, place] = [
        new Float32Array(source.length),
        new Float32Array(source.length),
        source.slice(),
      ];
      const statistics = kernels.round(source, two, request);
      expect(bulkOf(tier, 1).round(source, one, request)).toEqual(statistics);
      expect(kernels.round(place, place, request)).toEqual(statistics);
      expect(differences(one, two)).toEqual([]);
      expect(differences(place, two)).toEqual([]);
      expect(kernels.round(source, one, { ...request, statistics: false })).toBeUndefined();
      expect(differences(one, two)).toEqual([]);
    },
  );
});
