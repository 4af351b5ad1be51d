/**
 * One suite over every kernel set: each operation against the reference in FP64 within the bounds of
 * conformance/bounds.ts, and what must hold whatever the numbers are. Storage has its suite in conformance/.
 */
import { describe, expect, it } from "vitest";
import { deviations } from "./conformance/bounds.ts";
import { allCases, caseName } from "./conformance/cases.ts";
import { integers, normals } from "./conformance/data.ts";
import { differences } from "./conformance/differences.ts";
import { implementations, leftOut } from "./conformance/implementations.ts";
import { carrierExponents } from "./conformance/product-cases.ts";
import { runOp } from "./conformance/run-op.ts";
import { EXPONENT_NOT_A_NUMBER, OP_NAMES } from "./contract.ts";

const CASES = allCases();

it("has a case for every operation", () => {
  const covered = new Set(CASES.map((run) => run.op));
  expect(OP_NAMES.filter((op) => !covered.has(op))).toEqual([]);
});

it.skip.each(leftOut())("%s", () => undefined);

describe.each(implementations())("$name", ({ kernels }) => {
  it.each(CASES.map((run, i) => ({ name: caseName(run, i), run })))("$name", async ({ run }) => {
    expect(await deviations(kernels, run)).toEqual([]);
  });

  it("batch normalisation updates its running statistics in place", async () => {
    const shape = [9, 3];
    const statistics = [normals(3, 80), normals(3, 81), normals(3, 82), normals(3, 83)];
    const inputs = [
      { shape, values: normals(27, 84) },
      ...statistics.map((values) => ({ shape: [3], values })),
    ];
    const apart = [shape, [3], [3], [3], [3]].map((shape) => ({ shape }));
    const inPlace = apart.map((output, i) => (i < 3 ? output : { ...output, inPlaceOf: i }));
    const run = { op: "batchNormTrain", attrs: { eps: 1e-5, momentum: 0.1 }, inputs } as const;
    const expected = await runOp(kernels, { ...run, outputs: apart });
    expect(await runOp(kernels, { ...run, outputs: inPlace })).toEqual(expected);
  });

  describe("products", () => {
    it("of NaN and Inf reach exactly the outputs that depend on them", async () => {
      const values = normals(6 * 9, 85);
      values[2 * 9 + 4] = Number.NaN;
      values[4 * 9 + 1] = Infinity;
      const [c] = await runOp(kernels, {
        op: "matmul",
        attrs: { transA: false, transB: false, carrier: "f32" },
        inputs: [
          { shape: [6, 9], values },
          { shape: [9, 11], values: normals(99, 86) },
        ],
        outputs: [{ shape: [6, 11] }],
      });
      const finiteRows = [0, 1, 3, 5];
      for (let i = 0; i < c.length; i++) {
        const row = Math.floor(i / 11);
        expect(Number.isFinite(c[i]), `row ${row}`).toBe(finiteRows.includes(row));
        if (row === 2) expect(c[i]).toBeNaN();
      }
    });

    it("of an i16 operand without an exponent are NaN everywhere", async () => {
      const [c] = await runOp(kernels, {
        op: "matmul",
        attrs: { transA: false, transB: false, carrier: "i16" },
        inputs: [
          { shape: [3, 4], values: new Float32Array(12), dtype: "i16" },
          { shape: [4, 5], values: integers(20, 87, 9), dtype: "i16" },
          { shape: [1], values: [EXPONENT_NOT_A_NUMBER], dtype: "i32" },
          { shape: [1], values: [0], dtype: "i32" },
        ],
        outputs: [{ shape: [3, 5] }],
      });
      expect(Array.from(c)).toEqual(new Array(15).fill(Number.NaN));
    });

    it.each([1, 2, 3, 64, 301])("of %i extreme i16 pairs do not overflow", async (inner) => {
      const signs = Array.from({ length: inner }, (_, k) => (k % 7 === 6 ? -1 : 1));
      const a = [...signs.map((sign) => 32767 * sign), ...signs.map(() => 32767)];
      const b = [...signs.map((sign) => 32767 * sign), ...signs.map(() => -32767)];
      const [c] = await runOp(kernels, {
        op: "matmul",
        attrs: { transA: false, transB: true, carrier: "i16" },
        inputs: [
          { shape: [2, inner], values: a, dtype: "i16" },
          { shape: [2, inner], values: b, dtype: "i16" },
          ...carrierExponents("i16"),
        ],
        outputs: [{ shape: [2, 2] }],
      });
      const balance = signs.reduce((sum, sign) => sum + sign, 0);
      const products = [inner, -balance, balance, -inner];
      // Chains spilled to FP32 are rounded at each spill: at most one unit per spilled pair.
      products.forEach((count, i) => {
        const exact = count * 32767 ** 2 * 2 ** -13;
        expect(Math.abs(c[i] - exact)).toBeLessThanOrEqual(inner * 32767 ** 2 * 2 ** -13 * 8 * 2 ** -24);
      });
    });
  });
});

const threaded = implementations().filter(({ withThreads }) => withThreads !== undefined);

describe.each(threaded)("$name on one and on two threads", ({ withThreads }) => {
  it("give the same bits for every case", async () => {
    const [alone, together] = [1, 2].map((threads) => withThreads?.(threads));
    for (const [i, run] of CASES.entries()) {
      if (alone === undefined || together === undefined) break;
      const expected = await runOp(alone, run);
      const actual = await runOp(together, run);
      expected.forEach((output, o) => {
        expect(differences(actual[o], output), `${caseName(run, i)}, output ${o}`).toEqual([]);
      });
    }
  });
});
