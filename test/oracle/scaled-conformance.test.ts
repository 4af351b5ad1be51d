/**
 * Formats with scales against the oracle of blocks.ts, bit for bit, values and scales: every format × scale rule × rounding
 * mode, on tensors of several axes whose blocks have tails, made of what scales find hard.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FORMATS, format as formatOf } from "../../src/formats/catalog.ts";
import { EXPONENT_NOT_A_NUMBER } from "../../src/formats/dynamic-fixed-point.ts";
import type { BlockFormat, Rounding, ScaleRule, ScalingRule } from "../../src/formats/format.ts";
import { ROUNDINGS, SCALE_RULES } from "../../src/formats/format.ts";
import type { BulkKernels, BulkRequest } from "../../src/kernels/bulk.ts";
import { roundingCursor } from "../../src/random/rounding-bits.ts";
import { adversarialValues, elementsByBlock, elementsBySlice, elementsOf } from "./block-data.ts";
import type { ElementKind } from "./blocks.ts";
import { affineGroup, fixedBlock, mxBlock, mxInteger, symmetricGroup, twoLevelTensor } from "./blocks.ts";
import { bulkSubjects, remembered } from "./bulk-subjects.ts";
import { compareResults, showMismatch } from "./compare.ts";
import type { RoundingRule } from "./decide.ts";
import { NAN_PATTERN, patternOfValue } from "./exact.ts";

const KEY = { seedLow: 3, seedHigh: 5, step: 8, tensorId: 13 };
const word = roundingCursor(KEY);
const SHOWN = 8;
const expectedOnce = remembered<Expected>();
const blockFormats = [...FORMATS, ...["bfp4b7", "bfp8t3x5", "bfp16b64"].map(formatOf)].filter(
  (entry): entry is BlockFormat => entry.kind === "block",
);

/** Shape and block axis: tails, several axes, blocks along a strided axis, fewer elements than a block. */
const LAYOUTS: readonly Layout[] = [
  { shape: [13, 200], blockAxis: 1 },
  { shape: [3, 40, 21], blockAxis: 1 },
  { shape: [2, 5], blockAxis: 1 },
];

interface Layout {
  readonly shape: readonly number[];
  readonly blockAxis: number;
}

interface Expected {
  readonly values: Uint32Array;
  readonly scales: Uint32Array;
  /** None or one. */
  readonly tensorScale: readonly number[];
}

interface Case {
  readonly format: BlockFormat;
  readonly patterns: Uint32Array;
  readonly blocks: readonly (readonly number[])[];
  readonly scaleRule: ScaleRule;
  readonly mode: Rounding;
}

function ruleOf(mode: Rounding, element: number): RoundingRule {
  return mode === "stochastic" ? { mode, word: word(element) } : { mode };
}

function expectedOf({ format, patterns, blocks, scaleRule, mode }: Case): Expected {
  const inBlocks = blocks.map((block) => block.map((element) => patterns[element]));
  if (format.scale.kind === "twoLevel") {
    if (format.element.kind !== "float") throw new Error("two-level scales are for floats");
    const at = (block: number, i: number) => ruleOf(mode, blocks[block][i]);
    const all = twoLevelTensor(inBlocks, format.element, format.scale.format, at);
    return {
      values: scattered(all.results, blocks),
      scales: Uint32Array.from(all.blockScales),
      tensorScale: [all.tensorScale],
    };
  }
  const each = inBlocks.map((block, b) => {
    const at = (i: number) => ruleOf(mode, blocks[b][i]);
    if (format.scale.kind === "e8m0") return mxBlock(block, elementOf(format), scaleRule, at);
    return fixedBlock(block, format.bits, scaleRule === "ceil" ? "ceil" : "floor", at);
  });
  const isMx = format.scale.kind === "e8m0";
  const scales = each.map(({ exponent }) => {
    if (exponent === undefined) return isMx ? NAN_PATTERN : patternOfValue(EXPONENT_NOT_A_NUMBER);
    return patternOfValue(isMx ? 2 ** exponent : exponent);
  });
  const results = each.map((block) => block.results);
  return { values: scattered(results, blocks), scales: Uint32Array.from(scales), tensorScale: [] };
}

function elementOf({ element }: BlockFormat): ElementKind {
  return element.kind === "float" ? { kind: "float", format: element } : mxInteger(element.bits);
}

/** Results of blocks back to the order of the elements. */
function scattered(
  results: readonly (readonly number[])[],
  blocks: readonly (readonly number[])[],
): Uint32Array {
  const values = new Uint32Array(blocks.flat().length);
  blocks.forEach((block, b) => {
    block.forEach((element, i) => {
      values[element] = results[b][i];
    });
  });
  return values;
}

function rulesOf(format: BlockFormat): readonly ScaleRule[] {
  if (format.scale.kind === "twoLevel") return ["floor"];
  return format.scale.kind === "e8m0" ? SCALE_RULES : ["floor", "ceil"];
}

function differences(actual: ArrayLike<number>, expected: Uint32Array, what: string): string[] {
  if (actual.length !== expected.length) return [`${what}: ${actual.length} numbers, not ${expected.length}`];
  const words = new Uint32Array(Float32Array.from(actual).buffer);
  return compareResults(words, expected, (i) => i).first.map(
    (mismatch) => `${what}, element ${mismatch.input}: ${showMismatch(mismatch)}`,
  );
}

/** One format on one tensor, in every rounding mode under every scale rule. */
function judgeBlocks(
  kernels: BulkKernels,
  format: BlockFormat,
  source: Float32Array<ArrayBuffer>,
  layout: Layout,
): string[] {
  const { shape, blockAxis } = layout;
  const blocks = elementsByBlock(shape, blockAxis, format.block);
  const patterns = new Uint32Array(source.buffer);
  const choices = rulesOf(format).flatMap((scaleRule) => ROUNDINGS.map((mode) => ({ scaleRule, mode })));
  return choices.flatMap(({ scaleRule, mode }) => {
    const what = `${shape.join("x")}, axis ${blockAxis}, ${scaleRule}, ${mode}`;
    const expected = expectedOnce(`${format.name}, ${what}, ${source.join()}`, () =>
      expectedOf({ format, patterns, blocks, scaleRule, mode }),
    );
    const rule = format.scale.kind === "twoLevel" ? undefined : scaleRule;
    const request: BulkRequest = {
      ...layout,
      format,
      rounding: mode,
      overflow: "saturate",
      key: KEY,
      scaleRule: rule,
    };
    const target = new Float32Array(source.length);
    kernels.round(source, target, request);
    const encoded = kernels.encode(source, request);
    const decoded = kernels.decode(encoded, { ...layout, format });
    return [
      ...differences(target, expected.values, what),
      ...differences(encoded.scales ?? [], expected.scales, `${what}, scales`),
      ...differences(decoded, expected.values, `${what}, decoded`),
      ...differences(
        encoded.tensorScale === undefined ? [] : [encoded.tensorScale],
        Uint32Array.from(expected.tensorScale),
        `${what}, tensor scale`,
      ),
    ];
  });
}

/** Integers of some width, one scale per group, in every rounding mode. */
function judgeIntegers(
  kernels: BulkKernels,
  bits: number,
  rule: ScalingRule,
  axis: number | undefined,
): string[] {
  const shape = [6, 70];
  const groups = elementsBySlice(shape, axis);
  const source = adversarialValues(elementsOf(shape), 35, axis === undefined);
  const patterns = new Uint32Array(source.buffer);
  return ROUNDINGS.flatMap((mode) => {
    const results = groups.map((group) => {
      const at = (i: number) => ruleOf(mode, group[i]);
      const inGroup = group.map((element) => patterns[element]);
      if (rule === "powerOfTwo") return fixedBlock(inGroup, bits, "floor", at).results;
      return symmetricGroup(inGroup, bits, at).results;
    });
    const target = new Float32Array(source.length);
    const format = formatOf(`int${bits}`);
    const scaling = { rule, axis };
    kernels.round(source, target, { format, rounding: mode, overflow: "saturate", shape, key: KEY, scaling });
    return differences(target, scattered(results, groups), `axis ${axis}, ${rule}, ${mode}`);
  });
}

/** Integers with a code for zero, in every rounding mode: values, scales and zero points, rounded and through codes. */
function judgeAffine(kernels: BulkKernels, bits: number, axis: number | undefined): string[] {
  const shape = [6, 70];
  const groups = elementsBySlice(shape, axis);
  const patterns = new Uint32Array(adversarialValues(elementsOf(shape), 35, axis === undefined).buffer);
  // One group of positive numbers only, where zero is the lowest code, and one of negative ones.
  for (const element of groups[0]) patterns[element] &= 0x7fffffff;
  for (const element of groups.at(1) ?? []) patterns[element] |= 0x80000000;
  const source = new Float32Array(patterns.buffer);
  const format = formatOf(`int${bits}`);
  const layout = { format, shape, scaling: { rule: "affine", axis } } as const;
  return ROUNDINGS.flatMap((mode) => {
    const expected = expectedAffine(groups, patterns, bits, mode);
    const request: BulkRequest = { ...layout, rounding: mode, overflow: "saturate", key: KEY };
    const target = new Float32Array(source.length);
    kernels.round(source, target, request);
    const encoded = kernels.encode(source, request);
    const what = `axis ${axis}, affine, ${mode}`;
    const values = scattered(
      expected.map(({ results }) => results),
      groups,
    );
    const scales = Uint32Array.from(expected, ({ scale }) => scale);
    const zeroPoints = expected.map(({ zeroPoint }) => zeroPoint);
    const sameZeros = (encoded.zeroPoints ?? []).join() === zeroPoints.join();
    return [
      ...differences(target, values, what),
      ...differences(kernels.decode(encoded, layout), values, `${what}, decoded`),
      ...differences(encoded.scales ?? [], scales, `${what}, scales`),
      ...(sameZeros ? [] : [`${what}: zero points ${encoded.zeroPoints?.join()}, not ${zeroPoints.join()}`]),
    ];
  });
}

function expectedAffine(groups: readonly number[][], patterns: Uint32Array, bits: number, mode: Rounding) {
  return groups.map((group) =>
    affineGroup(
      group.map((element) => patterns[element]),
      bits,
      (i) => ruleOf(mode, group[i]),
    ),
  );
}

describe.each(bulkSubjects())("$name", ({ kernels }) => {
  it.each(blockFormats.map((format) => [format.name, format] as const))(
    "%s: values and scales",
    (_, format) => {
      // One NaN makes a whole tensor of two-level scales NaN.
      const choices = format.scale.kind === "twoLevel" ? [true, false] : [false];
      const wrong = LAYOUTS.flatMap((layout) =>
        choices.flatMap((numbersOnly) => {
          const source = adversarialValues(elementsOf(layout.shape), format.block.columns + 1, numbersOnly);
          return judgeBlocks(kernels, format, source, layout);
        }),
      );
      expect(wrong.slice(0, SHOWN)).toEqual([]);
    },
  );

  it.each(["nvfp4", "mxfp4", "mxint8", "bfp8b16"])("%s: any short row of numbers", (name) => {
    const format = formatOf(name);
    if (format.kind !== "block") throw new Error(`${name} has no blocks`);
    const options = { noNaN: true, noDefaultInfinity: true };
    const number = fc.oneof(fc.float(options), fc.float({ ...options, min: -8, max: 8 }));
    fc.assert(
      fc.property(fc.array(number, { minLength: 1, maxLength: 40 }), (row) => {
        const layout = { shape: [1, row.length], blockAxis: 1 };
        expect(judgeBlocks(kernels, format, Float32Array.from(row), layout)).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });

  it.each([2, 3, 8, 12, 16])(
    "int%d: shared exponent and symmetric scale, per tensor and per axis",
    (bits) => {
      const wrong = [undefined, 0, 1].flatMap((axis) =>
        (["powerOfTwo", "symmetric"] as const).flatMap((rule) => judgeIntegers(kernels, bits, rule, axis)),
      );
      expect(wrong.slice(0, SHOWN)).toEqual([]);
    },
  );

  it.each([2, 3, 8, 12, 16])("int%d: affine, per tensor and per axis", (bits) => {
    const wrong = [undefined, 0, 1].flatMap((axis) => judgeAffine(kernels, bits, axis));
    expect(wrong.slice(0, SHOWN)).toEqual([]);
  });
});
