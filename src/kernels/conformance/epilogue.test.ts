/**
 * Epilogues, over every kernel set: a command with steps gives the bits of the commands one by one, for every operation that may
 * have an epilogue, in odd shapes, with NaN and Inf, rounded in between, whatever the number of threads.
 */
import { describe, expect, it } from "vitest";
import { elementCount } from "../../base/shape.ts";
import { floatFormat } from "../../formats/catalog.ts";
import type { Rounding } from "../../formats/format.ts";
import { EPILOGUE_OPS, type KernelSet, type StoreRounding } from "../contract.ts";
import { allCases, caseName } from "./cases.ts";
import { bitPatterns, normals } from "./data.ts";
import { differences } from "./differences.ts";
import { implementations, leftOut } from "./implementations.ts";
import { type AnyOpRun, type OpInput, type OpStep, runOp } from "./run-op.ts";

const CLOCK = [0x01234567, 0x89abcdef, 5] as const;

/** A few cases of every operation: the first, the last and some between. */
const CASES = [...EPILOGUE_OPS].flatMap((op) => {
  const cases = allCases().filter((run) => run.op === op && elementCount(run.outputs[0].shape) > 1);
  const step = Math.max(1, Math.floor(cases.length / 6));
  return cases.filter((_, i) => i % step === 0 || i === cases.length - 1);
});

function rounding(name: string, mode: Rounding, tensorId: number): StoreRounding {
  return { format: floatFormat(name), rounding: mode, overflow: "saturate", tensorId };
}

function filled(shape: readonly number[], id: number): OpInput {
  const values = normals(elementCount(shape), id);
  values.set([Number.NaN, Infinity, -Infinity, -0, 1e-40].slice(0, values.length));
  return { shape, values };
}

/** Every kind of step and operand. */
function stepsFor(shape: readonly number[]): OpStep[] {
  const row = shape.slice(-1);
  return [
    { op: "binary", attrs: { kind: "add" }, operand: filled(row, 501), resultFirst: true },
    {
      op: "unary",
      attrs: { kind: "geluTanh" },
      round: rounding("fp16", "nearestEven", 1),
    },
    { op: "binary", attrs: { kind: "sub" }, operand: filled(shape, 502), resultFirst: false },
    {
      op: "unaryGrad",
      attrs: { kind: "relu" },
      operand: { shape, values: bitPatterns(elementCount(shape), 503) },
      round: rounding("e5m2", "stochastic", 2),
    },
    { op: "affine", attrs: { scale: 1.5, offset: 0.1 } },
    { op: "binary", attrs: { kind: "mul" }, operand: { shape: [1], values: [0.3] }, resultFirst: true },
    { op: "unary", attrs: { kind: "sin" }, round: rounding("bf16", "towardZero", 3) },
  ];
}

/** The first output, of the command and its steps as commands of their own. */
async function oneByOne(kernels: KernelSet, run: AnyOpRun, steps: readonly OpStep[]): Promise<Float64Array> {
  const [{ shape, dtype, store }] = run.outputs;
  const outputOf = (step: OpStep | undefined) =>
    step === undefined ? { shape, dtype, store } : { shape, store: step.round };
  let [values] = await runOp(kernels, { ...run, outputs: [outputOf(steps[0]), ...run.outputs.slice(1)] });
  for (const [i, step] of steps.entries()) {
    const result: OpInput = { shape, values };
    const others = step.operand === undefined ? [] : [step.operand];
    const inputs = step.resultFirst === true ? [result, ...others] : [...others, result];
    const outputs = [outputOf(steps[i + 1])];
    [values] = await runOp(kernels, {
      op: step.op,
      attrs: step.attrs,
      inputs,
      outputs,
      clock: CLOCK,
    } as AnyOpRun);
  }
  return values;
}

it.skip.each(leftOut())("%s", () => undefined);

describe.each(implementations())("$name", ({ kernels, withThreads }) => {
  it.each(CASES.map((run, i) => ({ name: caseName(run, i), run })))("$name", async ({ run }) => {
    const [first, ...others] = run.outputs;
    const steps = stepsFor(first.shape);
    const store = rounding("bf16", "nearestEven", 4);
    const plain = {
      ...run,
      clock: CLOCK,
      outputs: [{ ...first, dtype: "bf16", store }, ...others],
    } as AnyOpRun;
    const fused = { ...plain, epilogue: steps };
    const expected = await oneByOne(kernels, plain, steps);
    expect(differences((await runOp(kernels, fused))[0], expected)).toEqual([]);
    const alone = withThreads?.(1) ?? kernels;
    expect(differences((await runOp(alone, fused))[0], expected)).toEqual([]);
  });

  it("one step stores FP32 as computed", async () => {
    const shape = [5, 67];
    const run: AnyOpRun = {
      op: "matmul",
      attrs: { transA: false, transB: false, carrier: "f32" },
      inputs: [filled([5, 9], 510), filled([9, 67], 511)],
      outputs: [{ shape }],
    };
    const steps: OpStep[] = [{ op: "unary", attrs: { kind: "relu" } }];
    const [fused] = await runOp(kernels, { ...run, epilogue: steps });
    expect(differences(fused, await oneByOne(kernels, run, steps))).toEqual([]);
    expect(fused.some((value) => value > 0)).toBe(true);
  });
});

const NATIVE = implementations().filter(({ withThreads }) => withThreads !== undefined);

describe.each(NATIVE)("$name refuse", ({ kernels }) => {
  const [x, y] = [filled([4, 6], 520), filled([4, 6], 521)];
  const run = (epilogue: readonly OpStep[], op: "unary" | "copy" = "unary"): AnyOpRun =>
    ({
      op,
      attrs: op === "unary" ? { kind: "abs" } : {},
      inputs: [x],
      outputs: [{ shape: [4, 6] }],
      epilogue,
    }) as AnyOpRun;
  const add = (operand?: OpInput): OpStep => ({
    op: "binary",
    attrs: { kind: "add" },
    operand,
    resultFirst: true,
  });

  it.each<[string, AnyOpRun, RegExp]>([
    ["an operation that has none", run([add(y)], "copy"), /has no epilogue/],
    ["a binary step without its operand", run([add()]), /an operand too many or too few/],
    [
      "an operand of a unary step",
      run([{ op: "unary", attrs: { kind: "neg" }, operand: y }]),
      /too many or too few/,
    ],
    ["an operand along another axis", run([add(filled([4, 1], 522))]), /neither of the result's shape/],
    ["an operand of another size", run([add(filled([5], 523))]), /does not broadcast/],
  ])("an epilogue: %s", async (_, refused, message) => {
    await expect(runOp(kernels, refused)).rejects.toThrow(message);
  });
});
