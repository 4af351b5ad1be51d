/**
 * How kernels read and write memory, over every kernel set: rounding on store bit for bit as formats/ defines it, and
 * 16-bit storage. What the operations compute is tested in ../conformance.test.ts.
 */
import { describe, expect, it } from "vitest";
import { FORMATS, floatFormat } from "../../formats/catalog.ts";
import { allValues } from "../../formats/codes.ts";
import {
  type FloatFormat,
  OVERFLOWS,
  type Overflow,
  ROUNDINGS,
  type Rounding,
} from "../../formats/format.ts";
import { roundToFormat } from "../../formats/round.ts";
import { roundingWord } from "../../random/rounding-bits.ts";
import { type DType, OP_NAMES, OPTIMIZER_OPS, type OpName, type StoreRounding } from "../contract.ts";
import { deviations } from "./bounds.ts";
import { allCases, caseName } from "./cases.ts";
import { bf16Normals, normals, roundingInputs } from "./data.ts";
import { differences } from "./differences.ts";
import { implementations, leftOut } from "./implementations.ts";
import { type AnyOpRun, type OpInput, type OpOutput, runOp } from "./run-op.ts";

const CASES = allCases();
/** All that a plan may store: floats with a sign whose values FP32 has. */
const FLOAT_FORMATS = FORMATS.filter(
  (format): format is FloatFormat => format.kind === "float" && format.hasSign && format.bits <= 32,
);
/** Their operands are f32, bf16 or i16. */
const PRODUCTS: ReadonlySet<OpName> = new Set(["conv2d", "conv2dGradInput", "conv2dGradWeight", "matmul"]);
/** All but the one whose outputs are integers and their exponent. */
const STORING_OPS = OP_NAMES.filter((op) => op !== "quantizeDynamicFixed");
const CLOCK = [0x89abcdef, 0x01234567, 41] as const;
const TENSOR_ID = 77;

function storing(format: FloatFormat, rounding: Rounding, overflow: Overflow): StoreRounding {
  return { format, rounding, overflow, tensorId: TENSOR_ID };
}

/** What `store` must give, straight from the definition of rounding. */
function roundedValues(values: ArrayLike<number>, store: StoreRounding): number[] {
  const { format, rounding, overflow, tensorId } = store;
  return Array.from(values, (x, i) =>
    roundToFormat(x, format, rounding, overflow, roundingWord(...CLOCK, tensorId, i)),
  );
}

function copyRun(values: Float32Array, store: StoreRounding, dtype: "f32" | "bf16"): AnyOpRun {
  const shape = [values.length];
  const output = { shape, store, dtype };
  return { op: "copy", attrs: {}, inputs: [{ shape, values }], outputs: [output], clock: CLOCK };
}

/** The same run with every real output rounded to E4M3 stochastically and stored as `dtype`. */
function storingRun(run: AnyOpRun, dtype: "f32" | "bf16" | "code8"): AnyOpRun {
  const outputs = run.outputs.map((output, o): OpOutput => {
    // Integers are not rounded; what is overwritten keeps its storage.
    if (output.dtype === "i16" || output.dtype === "i32") return output;
    const codes = floatFormat("e4m3");
    const store = { ...storing(codes, "stochastic", "saturate"), tensorId: TENSOR_ID + o };
    return output.inPlaceOf === undefined ? { ...output, dtype, codes, store } : { ...output, store };
  });
  return { ...run, outputs, clock: CLOCK };
}

/** Operands that the contract wants in FP32: the state of the update. */
const FP32_INPUTS: { readonly [Op in OpName]?: readonly number[] } = {
  lossScaleUpdate: [0, 1],
  countStep: [0],
  emaUpdate: [0],
  putRows: [0],
  // The gradient comes second; weights and states are overwritten, and the rest are scalars of the step.
  ...Object.fromEntries(OPTIMIZER_OPS.map((op) => [op, [0, 2, 3, 4, 5, 6, 7, 8, 9]])),
};

/** A storage type and the format of its values. */
interface Storage {
  readonly dtype: DType;
  readonly format: FloatFormat;
}

const stored = (dtype: DType, name: string): Storage => ({ dtype, format: floatFormat(name) });
const NARROW = [stored("bf16", "bf16"), stored("code8", "e5m2"), stored("code16", "fp16")];
/** Formats whose codes can be stored: a sign, a code for NaN. (bf16 has a storage of its own.) */
const CODE_FORMATS = FLOAT_FORMATS.filter(
  ({ name, bits, hasNaN }) => bits <= 16 && hasNaN && name !== "bf16",
);

/** The same run with its real operands rounded to a format and stored so. */
function narrowRun(run: AnyOpRun, { dtype, format }: Storage): AnyOpRun {
  const inputs = run.inputs.map((input, i): OpInput => {
    if (input.dtype !== undefined || FP32_INPUTS[run.op]?.includes(i)) return input;
    const values = Float32Array.from(input.values, (x) =>
      roundToFormat(x, format, "nearestEven", "infinity"),
    );
    return { ...input, values, dtype, codes: format };
  });
  return { ...run, inputs };
}

it.skip.each(leftOut())("%s", () => undefined);

describe.each(implementations())("$name", ({ kernels }) => {
  it.each(OP_NAMES)("%s reads operands in any storage", async (op) => {
    const runs = [...CASES.entries()].filter(([, run]) => run.op === op);
    for (const storage of NARROW.filter(({ dtype }) => dtype === "bf16" || !PRODUCTS.has(op))) {
      for (const [i, run] of runs.filter((_, n) => storage.dtype === "bf16" || n % 4 === 0)) {
        const narrow = narrowRun(run, storage);
        expect(await deviations(kernels, narrow), `${caseName(run, i)} ${storage.dtype}`).toEqual([]);
      }
    }
  });

  it.each(CODE_FORMATS.map((format) => [format.name, format] as const))(
    "keeps every value of %s in codes, and rounds to them",
    async (_, format) => {
      const dtype = format.bits <= 8 ? "code8" : "code16";
      const values = Float32Array.from(allValues(format), ({ value }) => value);
      const shape = [values.length];
      const input = { shape, values, dtype, codes: format } as const;
      const [kept] = await runOp(kernels, { op: "copy", attrs: {}, inputs: [input], outputs: [{ shape }] });
      expect(differences(kept, Array.from(values))).toEqual([]);
      const inputs = roundingInputs(format, 91);
      const store = storing(format, "stochastic", "saturate");
      const output = { shape: [inputs.length], store, dtype, codes: format } as const;
      const [rounded] = await runOp(kernels, {
        op: "copy",
        attrs: {},
        inputs: [{ shape: output.shape, values: inputs }],
        outputs: [output],
        clock: CLOCK,
      });
      expect(differences(rounded, roundedValues(inputs, store))).toEqual([]);
    },
  );

  describe("rounding on store", () => {
    for (const format of FLOAT_FORMATS) {
      it(`${format.name}: every mode and overflow as roundToFormat, bit for bit`, async () => {
        const values = roundingInputs(format, 90);
        for (const rounding of ROUNDINGS) {
          for (const overflow of OVERFLOWS) {
            const store = storing(format, rounding, overflow);
            const [actual] = await runOp(kernels, copyRun(values, store, "f32"));
            expect(differences(actual, roundedValues(values, store)), `${rounding} ${overflow}`).toEqual([]);
          }
        }
      });
    }

    it.each(STORING_OPS)("of %s is that of its FP32 result, whatever the storage", async (op) => {
      for (const [n, run] of CASES.filter((run) => run.op === op).entries()) {
        const plain = await runOp(kernels, { ...run, clock: CLOCK });
        for (const dtype of ["f32", "bf16", "code8"] as const) {
          if (dtype === "code8" && n % 4 !== 0) continue;
          const stored = storingRun(run, dtype);
          const actual = await runOp(kernels, stored);
          stored.outputs.forEach(({ store }, o) => {
            const expected = store === undefined ? plain[o] : roundedValues(plain[o], store);
            expect(differences(actual[o], expected), `${caseName(run, 0)}, output ${o}, ${dtype}`).toEqual(
              [],
            );
          });
        }
      }
    });

    it("narrows to bf16 storage without changing the value", async () => {
      const store = storing(floatFormat("bf16"), "nearestEven", "infinity");
      const values = roundingInputs(store.format, 92);
      const [actual] = await runOp(kernels, copyRun(values, store, "bf16"));
      expect(differences(actual, roundedValues(values, store))).toEqual([]);
    });

    it("reads bf16 operands and rounds a sum once", async () => {
      const store = storing(floatFormat("e4m3"), "stochastic", "saturate");
      const shape = [3, 347];
      const [a, b] = [bf16Normals(1041, 93), bf16Normals(1041, 94)];
      const inputs = [
        { shape, values: a, dtype: "bf16" },
        { shape, values: b, dtype: "bf16" },
      ] as const;
      const outputs = [{ shape, store, dtype: "bf16" }] as const;
      const [sum] = await runOp(kernels, {
        op: "binary",
        attrs: { kind: "add" },
        inputs,
        outputs,
        clock: CLOCK,
      });
      const exact = a.map((x, i) => x + b[i]);
      expect(differences(sum, roundedValues(exact, store))).toEqual([]);
    });

    it("rounds each output of an update by its own format, in place", async () => {
      const shape = [517];
      const [w, g, v] = [normals(517, 95), normals(517, 96), normals(517, 97)];
      const weightStore = storing(floatFormat("fp16"), "stochastic", "saturate");
      const velocityStore = { ...storing(floatFormat("bf16"), "nearestEven", "infinity"), tensorId: 5 };
      const [nextW, nextV] = await runOp(kernels, {
        op: "sgdUpdate",
        attrs: { momentum: 0.5, weightDecay: 0, nesterov: false, dampening: 0, clipValue: Infinity },
        inputs: [
          ...[w, g, v].map((values) => ({ shape, values })),
          ...[0.25, 2].map((value) => ({ shape: [1], values: [value] })),
        ],
        outputs: [
          { shape, inPlaceOf: 0, store: weightStore },
          { shape, inPlaceOf: 2, store: velocityStore },
        ],
        clock: CLOCK,
      });
      const velocity = v.map((x, i) => 0.5 * x + g[i]);
      const weight = w.map((x, i) => x - 0.25 * velocity[i]);
      expect(differences(nextW, roundedValues(weight, weightStore))).toEqual([]);
      expect(differences(nextV, roundedValues(velocity, velocityStore))).toEqual([]);
    });
  });
});
