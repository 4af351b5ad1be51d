import { describe, expect, it } from "vitest";
import { format } from "../formats/catalog.ts";
import type { BlockFormat } from "../formats/format.ts";
import { blockGroups } from "../formats/scaled/layout.ts";
import { Graph, type Node } from "../graph/graph.ts";
import type { BlockPlacement, PrimitiveAttrs } from "../graph/primitives.ts";
import { operandBlocks, storedBlocks } from "./block-placement.ts";

const block = (name: string) => format(name) as BlockFormat;

/** The group of every element, straight from the placement. */
function groupsOf({ view, block }: BlockPlacement): (element: number) => number {
  const { outer, rows, columns, inner } = view;
  const shape = [outer, rows, columns, inner];
  return blockGroups(outer * rows * columns * inner, { shape, blockAxis: 2 }, block).of;
}

/** A product: one output, one element of each operand. */
type Product = readonly [output: number, a: number, b: number];

const N = 7;
const H = 4;
const W = 5;
const C = 6;
const K = 10;
const GROUPS = 2;
const CONV: PrimitiveAttrs["conv2d"] = {
  strideH: 2,
  strideW: 1,
  padH: 1,
  padW: 0,
  dilationH: 1,
  dilationW: 2,
  groups: GROUPS,
  carrier: "f32",
};
const [R, S] = [3, 2];
const [OH, OW] = [2, 3];
const [X, WEIGHT, Y] = [
  [N, H, W, C],
  [K, R, S, C / GROUPS],
  [N, OH, OW, K],
];

/** All products of a grouped convolution, as indices of x, w and y. */
function convolutionProducts(): { x: number; w: number; y: number }[] {
  const products: { x: number; w: number; y: number }[] = [];
  const each = (sizes: readonly number[], visit: (...index: number[]) => void, done: number[] = []): void => {
    if (done.length === sizes.length) visit(...done);
    else for (let i = 0; i < sizes[done.length]; i++) each(sizes, visit, [...done, i]);
  };
  each([N, OH, OW, K, R, S, C / GROUPS], (n, oh, ow, k, r, s, c) => {
    const [h, w] = [oh * 2 - 1 + r, ow + 2 * s];
    if (h < 0 || h >= H || w >= W) return;
    const channel = Math.floor(k / (K / GROUPS)) * (C / GROUPS) + c;
    products.push({
      x: ((n * H + h) * W + w) * C + channel,
      w: ((k * R + r) * S + s) * (C / GROUPS) + c,
      y: ((n * OH + oh) * OW + ow) * K + k,
    });
  });
  return products;
}

function gemm<Op extends "conv2d" | "conv2dGradInput" | "conv2dGradWeight" | "matmul">(
  op: Op,
  shapes: readonly (readonly number[])[],
  attrs: PrimitiveAttrs[Op],
): Node {
  const graph = new Graph();
  const inputs = shapes.map((shape, i) => graph.source({ kind: "input", name: `${i}` }, shape, "input"));
  graph.apply(op, inputs, attrs as never);
  return graph.nodes[0];
}

/**
 * Within one output a block of one operand meets one block of the other, and the other way round: both scales leave the sum
 * over it. That is what blocks of one row are placed for.
 */
function expectAligned(node: Node, products: readonly Product[], name: string): void {
  const [ofA, ofB] = [0, 1].map((index) => groupsOf(operandBlocks(node, index, block(name))));
  const partners = new Map<string, string>();
  const meets = (key: string, partner: string) => {
    expect(partners.get(key) ?? partner, key).toBe(partner);
    partners.set(key, partner);
  };
  for (const [output, a, b] of products) {
    meets(`${output} a${ofA(a)}`, `b${ofB(b)}`);
    meets(`${output} b${ofB(b)}`, `a${ofA(a)}`);
  }
  // Blocks are blocks: some output sums several elements of one.
  expect(partners.size).toBeLessThan(2 * products.length);
}

describe("blocks of a GEMM's operands", () => {
  const products = convolutionProducts();
  const conv2d = gemm("conv2d", [X, WEIGHT], CONV);
  const gradInput = gemm("conv2dGradInput", [Y, WEIGHT], { ...CONV, shape: X });
  const gradWeight = gemm("conv2dGradWeight", [Y, X], { ...CONV, shape: WEIGHT });

  it.each(["bfp4b2", "bfp4b4", "mxfp4"])(
    "of %s meet in pairs, in all directions of a convolution",
    (name) => {
      expectAligned(
        conv2d,
        products.map(({ x, w, y }) => [y, x, w]),
        name,
      );
      expectAligned(
        gradInput,
        products.map(({ x, w, y }) => [x, y, w]),
        name,
      );
      expectAligned(
        gradWeight,
        products.map(({ x, w, y }) => [w, y, x]),
        name,
      );
    },
  );

  it.each([
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ])("meet in pairs in a matrix product (transA %s, transB %s)", (transA, transB) => {
    const [batch, rows, inner, columns] = [2, 3, 7, 5];
    const a = transA ? [batch, inner, rows] : [batch, rows, inner];
    const b = transB ? [columns, inner] : [inner, columns];
    const node = gemm("matmul", [a, b], { transA, transB, carrier: "f32" });
    const all: Product[] = [];
    for (let n = 0; n < batch; n++)
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++)
          for (let k = 0; k < inner; k++) {
            const left = n * rows * inner + (transA ? k * rows + i : i * inner + k);
            all.push([(n * rows + i) * columns + j, left, transB ? j * inner + k : k * columns + j]);
          }
    expectAligned(node, all, "bfp4b4");
  });

  it("are the same for both directions where they are square tiles, so that they are rounded once", () => {
    const hbfp = block("hbfp8");
    expect(operandBlocks(gradInput, 1, hbfp)).toEqual(operandBlocks(conv2d, 1, hbfp));
    const [forward, backward] = [
      gemm("conv2d", [X, [K, R, S, C]], { ...CONV, groups: 1 }),
      gemm("conv2dGradWeight", [Y, X], { ...CONV, groups: 1, shape: [K, R, S, C] }),
    ];
    expect(operandBlocks(backward, 1, hbfp)).toEqual(operandBlocks(forward, 0, hbfp));
    expect(storedBlocks(WEIGHT, true, hbfp).view).toEqual(operandBlocks(conv2d, 1, hbfp).view);
  });

  it("turns tiles that are not square with the summed axis", () => {
    const node = gemm(
      "matmul",
      [
        [6, 4],
        [6, 5],
      ],
      { transA: true, transB: false, carrier: "f32" },
    );
    const tiles = block("bfp4t2x3");
    expect(operandBlocks(node, 0, tiles).block).toEqual({ rows: 3, columns: 2 });
    expect(
      operandBlocks(
        gemm(
          "matmul",
          [
            [4, 6],
            [6, 5],
          ],
          { transA: false, transB: false, carrier: "f32" },
        ),
        0,
        tiles,
      ).block,
    ).toEqual({ rows: 2, columns: 3 });
  });

  it("lie along the last axis of what is only stored", () => {
    expect(storedBlocks([2, 3, 40], false, block("mxfp8")).view).toEqual({
      outer: 1,
      rows: 6,
      columns: 40,
      inner: 1,
    });
    expect(storedBlocks([], false, block("mxfp8")).view).toEqual({ outer: 1, rows: 1, columns: 1, inner: 1 });
  });
});
