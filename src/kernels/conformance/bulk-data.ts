/**
 * Arrays and requests for bulk conversions at which they go wrong if they can. Knows nothing of kernels.
 */
import type { FixedFormat, NumberFormat, Rounding } from "../../formats/format.ts";
import { OVERFLOWS, ROUNDINGS, SCALE_RULES } from "../../formats/format.ts";
import type { BulkRequest } from "../bulk.ts";
import { bitPatterns, normals, roundingInputs, stream } from "./data.ts";

export const KEY = { seedLow: 0xdeadbeef, seedHigh: 0x12345678, step: 0xfffffffe, tensorId: 77 };

/** Everything that a float or posit can stumble over, and lengths that are multiples of nothing. */
export function elementInputs(format: NumberFormat, id: number): Float32Array {
  const edges = format.kind === "float" && format.bits <= 32 ? roundingInputs(format, id) : [];
  const powers = Array.from({ length: 130 }, (_, i) => 2 ** (i - 65) * (1 + (i % 7) / 8));
  return Float32Array.from([...edges, ...powers, ...powers.map((x) => -x), ...bitPatterns(301, id + 1)]);
}

/**
 * Blocks of 64 elements: ordinary ones, all zeros of both signs, one NaN, one Infinity, one large among small ones,
 * amax just below and at powers of two, a huge range, FP32's subnormals, and FP32's largest values.
 */
export function blockInputs(id: number, { finite }: { readonly finite: boolean }): Float32Array {
  const random = stream(id);
  const makers: ((i: number) => number)[] = [
    () => random.normal(),
    (i) => (i % 2 === 0 ? 0 : -0),
    (i) => (i === 17 && !finite ? Number.NaN : random.normal()),
    (i) => (i === 41 && !finite ? -Infinity : random.normal()),
    (i) => (i === 30 ? 1e6 : random.normal()),
    (i) => (i === 3 ? 4 * (1 - 2 ** -24) : random.uniform()),
    (i) => (i === 3 ? -4 : random.uniform()),
    (i) => (i === 5 ? 4 * (1 + 2 ** -23) : random.uniform()),
    () => random.normal() * 2 ** (random.below(80) - 40),
    () => random.normal() * 2 ** -140,
    () => random.normal() * 2 ** -120,
    () => (finite ? 1 : 3.4028234663852886e38) * (2 * random.uniform() - 1),
    () => (random.below(9) - 4) / 2,
  ];
  return Float32Array.from(makers.flatMap((make) => Array.from({ length: 64 }, (_, i) => make(i))));
}

/** Rows of a few thousand elements, with and without blocks of zeros, of subnormals and of what is no number. */
export function blockRows(id: number): Float32Array[] {
  const values = normals(3_001, id);
  const edges = values.map((x, i) =>
    i % 5 === 0 ? Math.sign(x) * 0 : i % 7 === 0 ? Math.round(4 * x) / 4 : x,
  );
  edges.fill(-0, 64, 96);
  const small = edges.map((x, i) => (i >= 1200 && i < 1264 ? x * 2 ** -130 : x));
  small[2600] = 1e38;
  const special = small.slice();
  special[700] = Number.NaN;
  special[2200] = -Infinity;
  return [values, values.subarray(0, 2048), values.subarray(0, 40), edges, small, special];
}

/**
 * Blocks of 16 for two levels of scales: one for every scale below the largest and for every tie between two of them, whose
 * elements lie at, just below and just above the places where rounding passes from one element to the next. `unit` is the
 * scale of the tensor.
 */
export function twoLevelBlocks(unit: number): Float32Array {
  const scales = Array.from({ length: 126 }, (_, i) =>
    i < 8 ? i * 2 ** -9 : (8 + (i % 8)) * 2 ** (Math.floor(i / 8) - 10),
  );
  const exact = scales.flatMap((scale, i) => [scale, (scale + (scales[i + 1] ?? 448)) / 2]);
  const halfways = [0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5];
  const blocks = exact.flatMap((quotient, i) =>
    [0, 1, -1].map((ulps) => {
      // What the quotient is rounded to, but for ties: those below and above lie on either side.
      const scale = scales[Math.floor(i / 2) + (i % 2 === 1 && ulps >= 0 ? 1 : 0)] ?? 448;
      const elements = halfways.flatMap((halfway, k) => {
        const place = halfway * scale * unit;
        return [neighbour(place, (k % 3) - 1), -neighbour(place, ulps)];
      });
      return [neighbour(6 * quotient * unit, ulps), ...elements, -0];
    }),
  );
  return Float32Array.from([2688 * unit, ...new Array<number>(15).fill(0), ...blocks.flat()]);
}

/** The FP32 number that is nearest to x, or as many numbers away. x ≥ 0. */
function neighbour(x: number, ulps: number): number {
  const bits = new Uint32Array(new Float32Array([x]).buffer);
  bits[0] = Math.max(0, bits[0] + ulps);
  return new Float32Array(bits.buffer)[0];
}

type Choices = Omit<BulkRequest, "format" | "rounding" | "key">;

const AFFINE_AND_OTHERS = [
  undefined,
  { rule: "powerOfTwo", axis: 1 },
  { rule: "symmetric" },
  { rule: "symmetric", axis: 0 },
  { rule: "affine" },
  { rule: "affine", axis: -1 },
] as const;

/** What can be chosen for a format beside the rounding mode; shapes are for the 832 elements of `blockInputs`. */
export function choicesFor(format: NumberFormat): Choices[] {
  if (format.kind === "float") return OVERFLOWS.map((overflow) => ({ overflow }));
  const overflow = "saturate";
  if (format.kind === "posit") return [{ overflow }];
  if (format.kind === "fixed") return fixedChoices(format);
  const rules =
    format.scale.kind === "twoLevel"
      ? []
      : SCALE_RULES.filter((rule) => format.scale.kind === "e8m0" || rule === "floor" || rule === "ceil");
  return [
    { overflow, shape: [13, 64] },
    { overflow, shape: [32, 26], blockAxis: 1 },
    { overflow, shape: [4, 52, 4], blockAxis: 1 },
    { overflow, shape: [16, 13, 4] },
    { overflow, shape: [8, 104] },
    { overflow, shape: [52, 16] },
    ...rules.map((scaleRule): Choices => ({ overflow, scaleRule, shape: [13, 64] })),
  ];
}

function fixedChoices(format: FixedFormat): Choices[] {
  const scalings =
    format.bits % 4 === 0 || format.bits === 2 ? AFFINE_AND_OTHERS : AFFINE_AND_OTHERS.slice(0, 1);
  return scalings.map((scaling) => ({ overflow: "saturate", scaling, shape: [13, 16, 4] }));
}

/** Every mode; stochastic with all, few and nearly all of the random bits. */
export const MODES: readonly { readonly rounding: Rounding; readonly randomBits?: number }[] = [
  ...ROUNDINGS.map((rounding) => ({ rounding })),
  { rounding: "stochastic", randomBits: 3 },
  { rounding: "stochastic", randomBits: 31 },
];

/** Long enough for many chunks on two threads, and a multiple of nothing. */
export function longInput(id: number): Float32Array {
  const values = normals(100_003, id);
  values[77_777] = 1e30;
  return values;
}
