/**
 * Reference matrix product. Every product and sum in FP64, one rounding per output: products of FP32 values are exact,
 * and the integers of dynamic fixed point (carrier i16) give exact sums. With an accumulator profile every sum is as
 * accumulate.ts says instead. Meaning: contract.ts.
 */
import { elementCount } from "../../base/shape.ts";
import type { Accumulator, OpAttrs } from "../contract.ts";
import { accumulate } from "./accumulate.ts";
import { productScale } from "./quantize.ts";
import type { RefArray, ReferenceKernel } from "./tensor.ts";

interface Sizes {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

/** a[…,M,K], b[…,K,N] (, Ea, Eb) → c[…,M,N]. */
export const matmul: ReferenceKernel<"matmul"> = ([a, b, ...exponents], [c], attrs) => {
  const scale = productScale(attrs.carrier, exponents);
  const [rows, columns] = c.shape.slice(-2);
  const sizes = { rows, columns, inner: a.shape.at(attrs.transA ? -2 : -1) ?? 0 };
  const batch = elementCount(c.shape.slice(0, -2));
  const stepA = a.shape.length > 2 ? rows * sizes.inner : 0;
  const stepB = b.shape.length > 2 ? sizes.inner * columns : 0;
  for (let n = 0; n < batch; n++) {
    const matrixA = a.data.subarray(n * stepA, n * stepA + rows * sizes.inner);
    const matrixB = b.data.subarray(n * stepB, n * stepB + sizes.inner * columns);
    product(
      matrixA,
      matrixB,
      c.data.subarray(n * rows * columns, (n + 1) * rows * columns),
      sizes,
      attrs,
      scale,
    );
  }
};

function product(
  a: RefArray,
  b: RefArray,
  c: RefArray,
  { rows, inner, columns }: Sizes,
  { transA, transB, accumulator }: OpAttrs["matmul"],
  scale: number,
): void {
  const rowA = new Float64Array(inner);
  const sums = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < inner; k++) rowA[k] = transA ? a[k * rows + i] : a[i * inner + k];
    if (accumulator !== undefined) dotWithColumns(rowA, b, sums, { transB, accumulator });
    else if (transB) dotWithRows(rowA, b, sums);
    else addScaledRows(rowA, b, sums);
    for (let j = 0; j < columns; j++) c[i * columns + j] = sums[j] * scale;
  }
}

/** sums[j] = Σ_k rowA[k] · b[j][k]. */
function dotWithRows(rowA: Float64Array, b: RefArray, sums: Float64Array): void {
  const inner = rowA.length;
  for (let j = 0; j < sums.length; j++) {
    const base = j * inner;
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += rowA[k] * b[base + k];
    sums[j] = sum;
  }
}

/** sums[j] = Σ_k rowA[k] · b[k][j], in the same order of k. */
function addScaledRows(rowA: Float64Array, b: RefArray, sums: Float64Array): void {
  const columns = sums.length;
  sums.fill(0);
  for (let k = 0; k < rowA.length; k++) {
    const factor = rowA[k];
    const base = k * columns;
    for (let j = 0; j < columns; j++) sums[j] += factor * b[base + j];
  }
}

/** sums[j] = Σ_k rowA[k] · b[k][j] (transB: b[j][k]) as an accumulator profile adds. */
function dotWithColumns(
  rowA: Float64Array,
  b: RefArray,
  sums: Float64Array,
  { transB, accumulator }: { readonly transB: boolean; readonly accumulator: Accumulator },
): void {
  const inner = rowA.length;
  const columns = sums.length;
  const column = new Float64Array(inner);
  for (let j = 0; j < columns; j++) {
    for (let k = 0; k < inner; k++) column[k] = transB ? b[j * inner + k] : b[k * columns + j];
    sums[j] = accumulate(rowA, column, accumulator);
  }
}
