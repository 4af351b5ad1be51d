/**
 * Where the blocks of a block format lie in a tensor: along the axis that a GEMM sums over, so that every block of one
 * operand meets one block of the other and both scales leave the sum. Facts about GEMM-shaped primitives and shapes only.
 *
 * Source: OCP MX 1.0 (the dot product of two blocks); microsoft/microxcaling, which takes the batch axis for the weight
 * gradient of a convolution (recalled); Drumond et al. 2018 (tiles).
 *
 * | GEMM | rows of one element height | tiles of several rows |
 * | --- | --- | --- |
 * | convolution, forward | input channels of one tap and group | matrices x[pixels, C], w[K, R·S·C] |
 * | … gradient of its input | output channels of one group | matrices gy[pixels, K], w[K, R·S·C] |
 * | … gradient of its weight | images of the batch, at one pixel and channel | matrices gy[pixels, K], x[pixels, C] |
 * | matrix product | the summed axis | the matrices themselves |
 */
import type { BlockFormat, BlockSize } from "../formats/format.ts";
import type { Node } from "../graph/graph.ts";
import type { BlockPlacement } from "../graph/primitives.ts";

/** Blocks of operand `index` (0 or 1) of a GEMM. */
export function operandBlocks(node: Node, index: number, format: BlockFormat): BlockPlacement {
  const operand = operandOf(node, index);
  return format.block.rows === 1 ? lines(operand, format.block) : tiles(operand, format.block);
}

/**
 * Blocks of a tensor that is rounded as it is stored, whoever reads it: along its last axis; tiles of weights as their
 * GEMMs cut them, of other tensors over (all axes but the last, the last).
 */
export function storedBlocks(
  shape: readonly number[],
  isWeight: boolean,
  format: BlockFormat,
): BlockPlacement {
  const [first, last] = [shape[0] ?? 1, shape.at(-1) ?? 1];
  const elements = product(shape);
  const columns = isWeight && format.block.rows > 1 ? elements / Math.max(first, 1) : last;
  const view = { outer: 1, rows: elements / Math.max(columns, 1), columns, inner: 1 };
  return { view, block: format.block, along: "the last axis" };
}

/** An operand as matrices [outer][rows, columns] with the summed axis as one of the two; `along` names that axis. */
interface MatrixOperand {
  readonly outer: number;
  readonly rows: number;
  readonly columns: number;
  readonly sums: "rows" | "columns";
  readonly along: string;
  /** Where single-row blocks along the rows of the matrix would cross the summed axis: [outer, columns, inner] instead. */
  readonly line?: { readonly outer: number; readonly columns: number; readonly inner: number };
}

function operandOf(node: Node, index: number): MatrixOperand {
  const { shape } = node.inputs[index];
  switch (node.op) {
    case "conv2d":
      return index === 0
        ? channels(shape, node.attrs.groups, "the input channels of a tap")
        : kernel(shape, node.attrs.groups, "columns");
    case "conv2dGradInput":
      return index === 0
        ? channels(shape, node.attrs.groups, "the output channels of a tap")
        : kernel(shape, node.attrs.groups, "rows");
    case "conv2dGradWeight":
      return pixels(shape);
    case "matmul": {
      const transposed = index === 0 ? node.attrs.transA : node.attrs.transB;
      const sumsLast = index === 0 ? !transposed : transposed;
      return matrix(shape, sumsLast ? "columns" : "rows");
    }
    default:
      return matrix(shape, "columns");
  }
}

/** Pixels [N,H,W,C] that a convolution sums over the channels of. */
function channels(shape: readonly number[], groups: number, along: string): MatrixOperand {
  const columns = shape[3] / groups;
  return { outer: 1, rows: product(shape) / Math.max(columns, 1), columns, sums: "columns", along };
}

/** A kernel [K,R,S,C]: summed over C of a tap going forward, over the K of a group going back. */
function kernel(shape: readonly number[], groups: number, sums: "rows" | "columns"): MatrixOperand {
  const [outputs, height, width, inputs] = shape;
  const columns = height * width * inputs;
  const line =
    sums === "columns"
      ? { outer: outputs * height * width, columns: inputs, inner: 1 }
      : { outer: groups, columns: outputs / groups, inner: columns };
  const along = sums === "columns" ? "the input channels of a tap" : "the output channels of a tap";
  return { outer: 1, rows: outputs, columns, sums, along, line };
}

/** Pixels [N,H,W,C] that a weight gradient sums over: single-row blocks keep to one pixel and run along the batch. */
function pixels(shape: readonly number[]): MatrixOperand {
  const columns = shape[3];
  const rows = product(shape.slice(0, 3));
  const line = { outer: 1, columns: shape[0], inner: product(shape.slice(1)) };
  return { outer: 1, rows, columns, sums: "rows", along: "the batch", line };
}

function matrix(shape: readonly number[], sums: "rows" | "columns"): MatrixOperand {
  const [rows, columns] = shape.slice(-2);
  return { outer: product(shape.slice(0, -2)), rows, columns, sums, along: "the summed axis" };
}

function lines({ outer, rows, columns, sums, along, line }: MatrixOperand, block: BlockSize): BlockPlacement {
  const { inner, ...axis } = line ?? {
    outer: sums === "columns" ? outer * rows : outer,
    columns: sums === "columns" ? columns : rows,
    inner: sums === "columns" ? 1 : columns,
  };
  // Rows of a last axis have no order: one tensor has one layout, however it is reached.
  const view =
    inner === 1
      ? { outer: 1, rows: axis.outer, columns: axis.columns, inner }
      : { outer: axis.outer, rows: 1, columns: axis.columns, inner };
  return { view, block, along };
}

function tiles({ outer, rows, columns, sums }: MatrixOperand, block: BlockSize): BlockPlacement {
  const turned = sums === "rows" ? { rows: block.columns, columns: block.rows } : block;
  return { view: { outer, rows, columns, inner: 1 }, block: turned, along: "both axes of the matrix" };
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}
