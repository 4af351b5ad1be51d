/**
 * What `gemm` computes: both matrices rounded to their formats, multiplied and added up under one accumulator profile. Knows
 * nothing of files or options.
 */
import { require } from "../base/errors.ts";
import type { FixedFormat, NumberFormat, Overflow, Rounding, ScaleRule } from "../formats/format.ts";
import { type AccumulatorProfile, accumulatorProfile } from "../kernels/accumulators.ts";
import type { BulkKernels, BulkKey, BulkRequest } from "../kernels/bulk.ts";
import type { Operand } from "../kernels/contract.ts";
import { unpackCodes } from "../kernels/packed-codes.ts";
import type { SelectedKernels } from "../kernels/select.ts";
import { ProductMemory } from "./product-memory.ts";

export interface GemmSize {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

export interface OperandRounding {
  readonly format: NumberFormat;
  readonly rounding: Rounding;
  readonly overflow: Overflow;
  readonly scaleRule?: ScaleRule;
  readonly randomBits: number;
  readonly key: BulkKey;
}

export interface GemmRequest extends GemmSize {
  readonly a: OperandRounding;
  readonly b: OperandRounding;
  readonly profile: AccumulatorProfile;
}

export interface GemmResult {
  readonly c: Float32Array;
  /** Time of the product alone, operands rounded and packed into plain arrays. */
  readonly milliseconds: number;
}

/**
 * The profile when none is named: what the products of the formats are added with on the fast paths.
 * Integers of up to 16 bits: INT32 sums; everything else FP32.
 */
export function defaultProfile(formats: readonly NumberFormat[], k: number): AccumulatorProfile {
  const bits = formats.map((format) => (format.kind === "fixed" ? format.bits : Number.POSITIVE_INFINITY));
  if (Math.max(...bits) <= 8 && k <= longestInt32Sum(bits)) return accumulatorProfile("int32");
  return accumulatorProfile(Math.max(...bits) <= 16 ? "int32Spill" : "fp32");
}

/** Products of integers of these widths that an INT32 sum holds, with a factor of two to spare. */
function longestInt32Sum([a, b]: readonly number[]): number {
  return 2 ** (30 - (a - 1) - (b - 1));
}

/** @throws RoundoffError UNSUPPORTED if the profile cannot take operands of these formats. */
export function requireOperands(
  formats: readonly NumberFormat[],
  k: number,
  profile: AccumulatorProfile,
): void {
  const { operands, name } = profile;
  if (typeof operands === "string") return;
  const fits = formats.every((format) => format.kind === "fixed" && format.bits <= operands.bits);
  require(fits, "UNSUPPORTED", () => ({
    what: `accumulator ${name} adds products of integers`,
    expected: `formats int2 to int${operands.bits} for both operands`,
    received: formats.map((format) => format.name).join(","),
    hint: "Use --accumulator fp32.",
  }));
  const longest =
    name === "int32" ? longestInt32Sum(formats.map(({ bits }) => bits)) : Number.POSITIVE_INFINITY;
  require(k <= longest, "UNSUPPORTED", () => ({
    what: "a sum in one INT32 could overflow",
    expected: `--k of at most ${longest} with ${formats.map((format) => format.name).join(" and ")}`,
    received: String(k),
    hint: "Use --accumulator int32Spill.",
  }));
}

/** C = A·B, a[m,k] and b[k,n] row-major. @throws RoundoffError as the bulk kernels; UNSUPPORTED for values not in BF16. */
export async function multiply(
  { kernels, bulk }: Pick<SelectedKernels, "kernels" | "bulk">,
  a: Float32Array,
  b: Float32Array,
  request: GemmRequest,
): Promise<GemmResult> {
  const { m, n, k, profile } = request;
  const memory = new ProductMemory();
  const place = profile.carrier === "i16" ? placeIntegers : placeValues;
  const left = place(memory, bulk, { name: "A", values: a, shape: [m, k], axis: 1 }, request.a, profile);
  const right = place(memory, bulk, { name: "B", values: b, shape: [k, n], axis: 0 }, request.b, profile);
  const c = new Float32Array(m * n);
  const output = memory.external("C", [m, n], "f32", c);
  memory.commands.push({
    op: "matmul",
    attrs: { transA: false, transB: false, carrier: profile.carrier, accumulator: profile.accumulator },
    inputs: [left.operand, right.operand, ...left.exponents, ...right.exponents],
    outputs: [output],
  });
  const prepared = kernels.prepare(memory.plan(), memory.externals);
  const start = process.hrtime.bigint();
  await prepared.run();
  return { c, milliseconds: Number(process.hrtime.bigint() - start) / 1e6 };
}

interface Matrix {
  readonly name: "A" | "B";
  readonly values: Float32Array;
  readonly shape: readonly [number, number];
  /** The axis of k, along which blocks run. */
  readonly axis: 0 | 1;
}

interface Placed {
  readonly operand: Operand;
  /** The shared exponent, for integers. */
  readonly exponents: readonly Operand[];
}

function requestFor({ shape, axis }: Matrix, rounding: OperandRounding): BulkRequest {
  return {
    ...rounding,
    shape,
    blockAxis: rounding.format.kind === "block" ? axis : undefined,
    statistics: false,
  };
}

function placeValues(
  memory: ProductMemory,
  bulk: BulkKernels,
  matrix: Matrix,
  rounding: OperandRounding,
  profile: AccumulatorProfile,
): Placed {
  const rounded = roundedValues(bulk, matrix, rounding);
  if (profile.operands === "bf16") requireBf16(rounded, matrix.name, profile.name);
  return { operand: memory.external(matrix.name, matrix.shape, "f32", rounded), exponents: [] };
}

function roundedValues(bulk: BulkKernels, matrix: Matrix, rounding: OperandRounding): Float32Array {
  const { format } = rounding;
  const [rows, columns] = matrix.shape;
  // Tiles lie with their columns along k and their rows along the other axis: B is turned for them.
  const turned = matrix.axis === 0 && format.kind === "block" && format.block.rows > 1;
  const source = turned ? transposed(matrix.values, rows, columns) : matrix.values;
  const laid: Matrix = turned ? { ...matrix, shape: [columns, rows], axis: 1 } : matrix;
  const target = new Float32Array(source.length);
  bulk.round(source, target, requestFor(laid, rounding));
  return turned ? transposed(target, columns, rows) : target;
}

function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) result[j * rows + i] = values[i * columns + j];
  return result;
}

function requireBf16(values: Float32Array, name: string, profile: string): void {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const at = words.findIndex((word, i) => (word & 0xffff) !== 0 && !Number.isNaN(values[i]));
  require(at < 0, "UNSUPPORTED", () => ({
    what: `accumulator ${profile} multiplies BF16 values`,
    expected: `a format whose values are all BF16 values, such as bf16, e5m2 or e4m3`,
    received: `${values[at]} in ${name}`,
  }));
}

/** Integers of dynamic fixed point: the codes and their shared exponent. */
function placeIntegers(
  memory: ProductMemory,
  bulk: BulkKernels,
  matrix: Matrix,
  rounding: OperandRounding,
): Placed {
  const { name, shape, values } = matrix;
  const { bits } = rounding.format as FixedFormat;
  const { codes, scales, elements } = bulk.encode(values, requestFor(matrix, rounding));
  const integers = Float32Array.from(unpackCodes(codes, elements, { bits, signed: true }));
  const wide = memory.external(name, shape, "f32", integers);
  const exponent = Int32Array.of(scales?.[0] ?? 0);
  return {
    operand: memory.stored(wide, "i16"),
    exponents: [memory.external(`E${name}`, [1], "i32", exponent)],
  };
}
