/** The composed functions of this folder on small numbers that can be checked by eye. */
import { describe, expect, it } from "vitest";
import { evaluate } from "../../compile/evaluate.ts";
import { Graph } from "../../graph/graph.ts";
import { Tensor } from "../../graph/tensor.ts";
import { selectKernels } from "../../kernels/select.ts";
import { glu, logSigmoid, prelu, softsign, threshold } from "./activations.ts";
import { arange, pixelShuffle, pixelUnshuffle, stack, tril, triu } from "./joining.ts";

const { kernels } = selectKernels({ prefer: "native" });

/** The elements of a function of x = first, first + step, … of a shape. */
async function run(
  shape: readonly number[],
  build: (x: Tensor) => Tensor,
  at: (i: number) => number = (i) => i,
): Promise<{ shape: readonly number[]; values: number[] }> {
  const graph = new Graph();
  const x = new Tensor(graph, graph.source({ kind: "input", name: "x" }, shape, "input"));
  const y = build(x);
  graph.output("y", y.value);
  const count = shape.reduce((product, size) => product * size, 1);
  const feeds = new Map([["x", Float32Array.from({ length: count }, (_, i) => at(i))]]);
  const values = (await evaluate(graph, { kernels, feeds })).get("y");
  return { shape: y.shape, values: Array.from(values ?? []) };
}

describe("pixelShuffle", () => {
  it("spreads the channels of a pixel over a square, as PyTorch", async () => {
    const { shape, values } = await run([1, 1, 2, 4], (x) => pixelShuffle(x, 2));
    expect(shape).toEqual([1, 2, 4, 1]);
    expect(values).toEqual([0, 1, 4, 5, 2, 3, 6, 7]);
  });

  it("is undone by pixelUnshuffle", async () => {
    const { values } = await run([2, 3, 2, 18], (x) => pixelUnshuffle(pixelShuffle(x, 3), 3));
    expect(values).toEqual(Array.from({ length: 216 }, (_, i) => i));
  });

  it("refuses channels that do not divide", async () => {
    await expect(run([1, 2, 2, 6], (x) => pixelShuffle(x, 2))).rejects.toThrow(/multiple of 4.*received 6/);
  });
});

describe("masks and positions", () => {
  it("tril and triu share the diagonal", async () => {
    const ones = () => 1;
    expect((await run([2, 3], (x) => tril(x), ones)).values).toEqual([1, 0, 0, 1, 1, 0]);
    expect((await run([2, 3], (x) => triu(x, 1), ones)).values).toEqual([0, 1, 1, 0, 0, 1]);
  });

  it("arange counts in integers", async () => {
    const { values } = await run([1], (x) => arange(x, 4, { start: 7, step: -3 }));
    expect(values).toEqual([7, 4, 1, -2]);
  });
});

describe("stack", () => {
  it("makes the new axis where it is asked for", async () => {
    const { shape, values } = await run([2, 2], (x) => stack([x, x.neg()], -1));
    expect(shape).toEqual([2, 2, 2]);
    expect(values.map(Math.abs)).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  });
});

describe("activations", () => {
  const around = (i: number) => i - 2;

  it("prelu has one slope per channel of its axis", async () => {
    const slopes = (x: Tensor) => arange(x, 2, { start: 1, dtype: "f32" }).affine(0.25);
    const last = await run([3, 2], (x) => prelu(x, slopes(x)), around);
    expect(last.values).toEqual([-0.5, -0.5, 0, 1, 2, 3]);
    const first = await run([2, 3], (x) => prelu(x, slopes(x), 0), around);
    expect(first.values).toEqual([-0.5, -0.25, 0, 1, 2, 3]);
  });

  it("glu gates the first half with the second", async () => {
    const { values } = await run(
      [1, 4],
      (x) => glu(x),
      (i) => (i < 2 ? i + 1 : 0),
    );
    expect(values).toEqual([0.5, 1]);
  });

  it("logSigmoid, softsign and threshold give known values", async () => {
    expect((await run([1], logSigmoid, () => -100)).values).toEqual([-100]);
    expect((await run([2], softsign, (i) => 3 - 4 * i)).values).toEqual([0.75, -0.5]);
    expect((await run([3], (x) => threshold(x, 0.5, 9))).values).toEqual([9, 1, 2]);
  });
});
