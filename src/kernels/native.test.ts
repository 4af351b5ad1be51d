/**
 * What is particular to the native kernels: rounding of formats outside the catalogue, 16-bit storage in every operation,
 * work that is long enough to be cut into tasks. What an operation computes is tested in conformance.test.ts.
 */
import { describe, expect, it } from "vitest";
import { floatFormat } from "../formats/catalog.ts";
import { type FloatFormat, OVERFLOWS, ROUNDINGS } from "../formats/format.ts";
import { roundToFormat } from "../formats/round.ts";
import { roundingWord } from "../random/rounding-bits.ts";
import { allCases, caseName } from "./conformance/cases.ts";
import { bf16Normals, bitPatterns, normals, roundingInputs, uniforms } from "./conformance/data.ts";
import { leftOut } from "./conformance/implementations.ts";
import { type AnyOpRun, runOp } from "./conformance/run-op.ts";
import type { StoreRounding } from "./contract.ts";
import { createNativeKernels } from "./native.ts";
import { loadAddon, type Tier } from "./native-load.ts";

const loaded = loadAddon();
const tiers: readonly Tier[] = "addon" in loaded ? loaded.addon.info().tiers : [];

function kernelsOf(tier: Tier, threads = 2) {
  if ("reason" in loaded) throw new Error(loaded.reason);
  return createNativeKernels(loaded.addon, { tier, threads });
}

// Tests below are declared for the tiers that are there: a report must also say what is not tested.
it.skip.each(leftOut())("%s", () => undefined);

/** Indices at which the bits differ; every NaN is the same. */
function differences(actual: ArrayLike<number>, expected: ArrayLike<number>): string[] {
  const found: string[] = [];
  for (let i = 0; i < expected.length; i++) {
    if (!Object.is(actual[i], expected[i])) found.push(`[${i}]: ${actual[i]}, expected ${expected[i]}`);
  }
  return actual.length === expected.length ? found.slice(0, 5) : ["different lengths"];
}

function madeUp(name: string, fields: Partial<FloatFormat>): FloatFormat {
  return { ...floatFormat("fp16"), name, ...fields };
}

/** Formats whose properties the catalogue does not combine. */
const FORMATS: readonly FloatFormat[] = [
  madeUp("without subnormals", { hasSubnormals: false }),
  madeUp("bf16 without subnormals", { ...floatFormat("bf16"), hasSubnormals: false }),
  madeUp("without -0, Inf and NaN", { hasNegativeZero: false, hasInfinity: false, hasNaN: false }),
  madeUp("24 bits of precision, narrow", { precision: 24, maxFinite: (2 - 2 ** -23) * 2 ** 15 }),
  madeUp("one bit of precision", { precision: 1, bias: 60, maxFinite: 2 ** 60 }),
  madeUp("far from 1", { precision: 4, bias: 100, maxFinite: 1.875 * 2 ** -80 }),
  madeUp("almost no range", { precision: 2, bias: 1, maxFinite: 6, hasInfinity: false }),
  floatFormat("fp32"),
];
const CLOCK = { seedLow: 0xdeadbeef, seedHigh: 0x87654321, step: 0xfffffffe };

describe.each(tiers)(`native %s rounding`, (tier) => {
  const kernels = kernelsOf(tier);

  it.each(FORMATS)("to a format $name is roundToFormat, bit for bit", (format) => {
    const source = new Float32Array([...roundingInputs(format, 200), ...bitPatterns(1000, 201)]);
    const target = new Float32Array(source.length);
    for (const rounding of ROUNDINGS) {
      for (const overflow of OVERFLOWS) {
        const key = { ...CLOCK, tensorId: 0xffffffff };
        kernels.bulk.round(source, target, { format, rounding, overflow, key });
        const expected = source.map((x, i) => {
          const word = roundingWord(CLOCK.seedLow, CLOCK.seedHigh, CLOCK.step, key.tensorId, i);
          return roundToFormat(x, format, rounding, overflow, word);
        });
        expect(differences(target, expected), `${rounding} ${overflow}`).toEqual([]);
      }
    }
  });

  it("draws the same random words in place, in pieces of any length and on any number of threads", () => {
    const source = normals(200_003, 202);
    const request = {
      format: floatFormat("e4m3"),
      rounding: "stochastic",
      overflow: "saturate",
      key: { ...CLOCK, tensorId: 3 },
    } as const;
    const whole = new Float32Array(source.length);
    kernels.bulk.round(source, whole, request);
    const inPlace = source.slice();
    kernelsOf(tier, 1).bulk.round(inPlace, inPlace, request);
    expect(differences(inPlace, whole)).toEqual([]);
    const piece = new Float32Array(1021);
    kernels.bulk.round(source.subarray(0, 1021), piece, request);
    expect(differences(piece, whole.subarray(0, 1021))).toEqual([]);
    expect(new Set(whole).size).toBeGreaterThan(100);
  });
});

/** The same run with every FP32 input a BF16 value, kept in memory as `dtype`. */
function withInputsAs(run: AnyOpRun, dtype: "f32" | "bf16"): AnyOpRun {
  const bf16 = floatFormat("bf16");
  const inputs = run.inputs.map((input) => {
    if (input.dtype !== undefined && input.dtype !== "f32") return input;
    const values = Float32Array.from(input.values, (x) => roundToFormat(x, bf16, "nearestEven", "infinity"));
    return { ...input, values, dtype };
  });
  return { ...run, inputs };
}

function withOutputsAs(run: AnyOpRun, dtype: "f32" | "bf16"): AnyOpRun {
  const store: StoreRounding = {
    format: floatFormat("bf16"),
    rounding: "stochastic",
    overflow: "infinity",
    tensorId: 8,
  };
  const outputs = run.outputs.map((output) => {
    return output.dtype === undefined || output.dtype === "f32" ? { ...output, dtype, store } : output;
  });
  return { ...run, outputs };
}

describe.each(tiers.filter((tier) => tier !== "portable"))("native %s products", (tier) => {
  it("are contracted to FMA, as gemm_tile.cpp asks of the build", async () => {
    // x·x = 1 + 2^-11 + 2^-24 in full; rounded before the sum, the last bit would be lost and the sum 0.
    const x = 1 + 2 ** -12;
    const [sum] = await runOp(kernelsOf(tier), {
      op: "matmul",
      attrs: { transA: false, transB: false, carrier: "f32" },
      inputs: [
        { shape: [1, 2], values: Float32Array.of(-1, x) },
        { shape: [2, 1], values: Float32Array.of(1 + 2 ** -11, x) },
      ],
      outputs: [{ shape: [1, 1] }],
    });
    expect([...sum]).toEqual([2 ** -24]);
  });
});

describe.each(tiers)(`native %s storage`, (tier) => {
  const kernels = kernelsOf(tier);
  const runs = allCases()
    .map((run, i) => ({ name: caseName(run, i), run }))
    .filter(({ run }) => run.outputs.every(({ inPlaceOf }) => inPlaceOf === undefined));

  it("as bf16 of any input gives the bits of the same values as f32", async () => {
    for (const { name, run } of runs) {
      const expected = await runOp(kernels, withInputsAs(run, "f32"));
      const actual = await runOp(kernels, withInputsAs(run, "bf16"));
      expected.forEach((output, o) => {
        expect(differences(actual[o], output), name).toEqual([]);
      });
    }
  });

  it("as bf16 of any output gives the values that f32 storage rounds to", async () => {
    for (const { name, run } of runs.filter(({ run }) => run.op !== "quantizeDynamicFixed")) {
      const expected = await runOp(kernels, withOutputsAs(run, "f32"));
      const actual = await runOp(kernels, withOutputsAs(run, "bf16"));
      expected.forEach((output, o) => {
        expect(differences(actual[o], output), name).toEqual([]);
      });
    }
  });
});

const ROWS = [3, 41, 37];
const CHANNELS = 19;
const IMAGES = [...ROWS, CHANNELS];
const COUNT = ROWS.reduce((product, size) => product * size, CHANNELS);
const SCALAR = { shape: [] };
const VECTOR = { shape: [CHANNELS] };

function vector(id: number) {
  return { shape: [CHANNELS], values: uniforms(CHANNELS, id, 0.5, 2) };
}

/** Operations that reduce over more elements than one task takes (16384). */
const LONG_RUNS: readonly AnyOpRun[] = [
  ...[[0, 1, 2], [3], [1, 2], [0, 1, 2, 3], [0, 2]].map((axes): AnyOpRun => {
    const shape = IMAGES.map((size, axis) => (axes.includes(axis) ? 1 : size));
    return { op: "reduceSum", attrs: { axes }, inputs: [images(210)], outputs: [{ shape }] };
  }),
  {
    op: "batchNormTrain",
    attrs: { eps: 1e-5, momentum: 0.1 },
    inputs: [images(211), vector(212), vector(213), vector(214), vector(215)],
    outputs: [{ shape: IMAGES }, VECTOR, VECTOR, VECTOR, VECTOR],
  },
  {
    op: "batchNormTrainGrad",
    attrs: {},
    inputs: [images(216), images(217), vector(218), vector(219), vector(220)],
    outputs: [{ shape: IMAGES }, VECTOR, VECTOR],
  },
  {
    op: "softmaxCrossEntropy",
    attrs: { labelSmoothing: 0.1, ignoreIndex: -100 },
    inputs: [
      { shape: [COUNT / CHANNELS, CHANNELS], values: normals(COUNT, 221) },
      { shape: [COUNT / CHANNELS], values: new Int32Array(COUNT / CHANNELS).fill(3), dtype: "i32" },
    ],
    outputs: [SCALAR, SCALAR],
  },
  {
    op: "quantizeDynamicFixed",
    attrs: { bits: 16, rounding: "stochastic", tensorId: 4 },
    inputs: [images(222)],
    outputs: [
      { shape: IMAGES, dtype: "i16" },
      { shape: [1], dtype: "i32" },
    ],
  },
  { op: "countNonFinite", attrs: {}, inputs: [images(223), spoiled()], outputs: [SCALAR] },
];

function images(id: number) {
  return { shape: IMAGES, values: normals(COUNT, id).map((x) => x + 100) };
}

/** NaN in the first task's elements, Inf in the last's. */
function spoiled() {
  const values = bf16Normals(COUNT, 224);
  values[5] = Number.NaN;
  values[COUNT - 1] = Infinity;
  return { shape: IMAGES, values };
}

describe.each(tiers)(`native %s long runs`, (tier) => {
  it.each(LONG_RUNS.map((run, i) => ({ name: caseName(run, i), run })))("$name", async ({ run }) => {
    const [alone, two, five] = await Promise.all([1, 2, 5].map((n) => runOp(kernelsOf(tier, n), run)));
    alone.forEach((output, o) => {
      expect(differences(two[o], output)).toEqual([]);
      expect(differences(five[o], output)).toEqual([]);
    });
  });

  it("finds what is not finite wherever it is, also in the last element", async () => {
    const [[found]] = await runOp(kernelsOf(tier), LONG_RUNS[LONG_RUNS.length - 1]);
    expect(found).toBe(2);
  });

  it("batch normalises data whose mean is large against its spread", async () => {
    const values = normals(COUNT, 225).map((x) => 2 ** -6 * x + 4096);
    const inputs = [{ shape: IMAGES, values }, vector(226), vector(227), vector(228), vector(229)];
    const outputs = [{ shape: IMAGES }, VECTOR, VECTOR, VECTOR, VECTOR];
    const attrs = { eps: 1e-12, momentum: 0.1 };
    const [, , invStd] = await runOp(kernelsOf(tier), { op: "batchNormTrain", attrs, inputs, outputs });
    for (let c = 0; c < CHANNELS; c++) {
      const channel = Array.from(values).filter((_, i) => i % CHANNELS === c);
      const mean = channel.reduce((sum, x) => sum + x, 0) / channel.length;
      const variance = channel.reduce((sum, x) => sum + (x - mean) ** 2, 0) / channel.length;
      expect(invStd[c] * Math.sqrt(variance + 1e-12)).toBeCloseTo(1, 6);
    }
  });
});
