/**
 * How near to the truth each operation must come: the error budget as a table, and the comparison. The truth is the
 * reference in FP64 on the same inputs, u = 2^−24 the unit roundoff of FP32. Knows nothing of kernel sets.
 */
import { exponentOf } from "../../formats/exponents.ts";
import type { BinaryKind, KernelSet, OpName, UnaryKind } from "../contract.ts";
import { createReferenceKernels } from "../reference/kernel-set.ts";
import { type AnyOpRun, runOp } from "./run-op.ts";

export type Bound =
  /** The truth rounded once to FP32. */
  | { readonly kind: "rounded" }
  /** The bits of the FP32 reference, which follows the contract's order of roundings. */
  | { readonly kind: "reference" }
  /** At most `ulps` units in the last place of FP32. */
  | { readonly kind: "ulp"; readonly ulps: number }
  /** factor · u · the same operation on absolute values: Σ|a||b| for products, Σ|x| for sums. */
  | { readonly kind: "magnitude"; readonly factor: number }
  /** factor · u · |element of input `by`|. */
  | { readonly kind: "operand"; readonly factor: number; readonly by: number }
  /** factor · u · the largest magnitude of the output. */
  | { readonly kind: "peak"; readonly factor: number };

const ROUNDED: Bound = { kind: "rounded" };
const REFERENCE: Bound = { kind: "reference" };
/** Blocked FP32 sums of the lengths tested here (up to about a thousand terms): √K·u with room. */
const SUM: Bound = { kind: "magnitude", factor: 8 };

export const UNARY_BOUNDS: { readonly [Kind in UnaryKind]: Bound } = {
  relu: ROUNDED,
  neg: ROUNDED,
  abs: ROUNDED,
  square: ROUNDED,
  sqrt: ROUNDED,
  rsqrt: { kind: "ulp", ulps: 2 },
  reciprocal: ROUNDED,
  exp: { kind: "ulp", ulps: 2 },
  log: { kind: "ulp", ulps: 2 },
  tanh: { kind: "ulp", ulps: 4 },
  sigmoid: { kind: "ulp", ulps: 4 },
  gelu: { kind: "magnitude", factor: 8 },
  sin: { kind: "ulp", ulps: 2 },
  cos: { kind: "ulp", ulps: 2 },
  erf: { kind: "ulp", ulps: 2 },
  expm1: { kind: "ulp", ulps: 2 },
  log1p: { kind: "ulp", ulps: 2 },
  sign: ROUNDED,
  floor: ROUNDED,
  ceil: ROUNDED,
  round: ROUNDED,
  softplus: { kind: "ulp", ulps: 2 },
  silu: { kind: "ulp", ulps: 4 },
  elu: { kind: "ulp", ulps: 2 },
  selu: { kind: "ulp", ulps: 2 },
  mish: { kind: "ulp", ulps: 4 },
  geluTanh: { kind: "ulp", ulps: 4 },
  leakyRelu: ROUNDED,
  hardtanh: ROUNDED,
  clamp: ROUNDED,
  hardsigmoid: { kind: "ulp", ulps: 2 },
  hardswish: { kind: "ulp", ulps: 2 },
  pow: { kind: "ulp", ulps: 2 },
};

/** Products and quotients lose an ulp per operation; differences such as 1 − y are bounded against g. */
export const UNARY_GRAD_BOUNDS: { readonly [Kind in UnaryKind]: Bound } = {
  relu: ROUNDED,
  neg: ROUNDED,
  abs: ROUNDED,
  square: ROUNDED,
  sqrt: { kind: "ulp", ulps: 3 },
  rsqrt: { kind: "ulp", ulps: 4 },
  reciprocal: { kind: "ulp", ulps: 3 },
  exp: ROUNDED,
  log: ROUNDED,
  tanh: { kind: "operand", factor: 4, by: 1 },
  sigmoid: { kind: "operand", factor: 4, by: 1 },
  gelu: { kind: "operand", factor: 8, by: 1 },
  sin: { kind: "ulp", ulps: 2 },
  cos: { kind: "ulp", ulps: 2 },
  erf: { kind: "ulp", ulps: 2 },
  expm1: { kind: "ulp", ulps: 2 },
  log1p: { kind: "ulp", ulps: 2 },
  sign: ROUNDED,
  floor: ROUNDED,
  ceil: ROUNDED,
  round: ROUNDED,
  softplus: { kind: "ulp", ulps: 4 },
  silu: { kind: "operand", factor: 8, by: 1 },
  elu: { kind: "ulp", ulps: 2 },
  selu: { kind: "ulp", ulps: 2 },
  mish: { kind: "operand", factor: 8, by: 1 },
  geluTanh: { kind: "operand", factor: 8, by: 1 },
  leakyRelu: ROUNDED,
  hardtanh: ROUNDED,
  clamp: ROUNDED,
  hardsigmoid: { kind: "ulp", ulps: 2 },
  hardswish: { kind: "operand", factor: 4, by: 1 },
  pow: { kind: "ulp", ulps: 4 },
};

/** Correctly rounded, but for the two that no hardware has. */
export const BINARY_BOUNDS: { readonly [Kind in BinaryKind]?: Bound } = {
  pow: { kind: "ulp", ulps: 2 },
  atan2: { kind: "ulp", ulps: 2 },
};

/** Every operation that has one bound; unary and unaryGrad have one per kind, and so have two kinds of binary. */
export const BOUNDS: { readonly [Op in Exclude<OpName, "unary" | "unaryGrad">]: Bound } = {
  conv2d: SUM,
  conv2dGradInput: SUM,
  conv2dGradWeight: SUM,
  matmul: SUM,
  binary: ROUNDED,
  where: ROUNDED,
  affine: REFERENCE,
  fill: ROUNDED,
  arange: ROUNDED,
  copy: ROUNDED,
  cast: ROUNDED,
  broadcastTo: ROUNDED,
  transpose: ROUNDED,
  slice: ROUNDED,
  place: ROUNDED,
  concat: ROUNDED,
  padEdge: ROUNDED,
  padEdgeGrad: SUM,
  gather: ROUNDED,
  scatterAdd: SUM,
  indexSelect: ROUNDED,
  indexAdd: SUM,
  putRows: ROUNDED,
  topK: ROUNDED,
  argReduce: ROUNDED,
  reduceSum: SUM,
  reduce: { kind: "ulp", ulps: 2 },
  reduceGrad: { kind: "ulp", ulps: 4 },
  softmax: { kind: "ulp", ulps: 4 },
  softmaxGrad: { kind: "peak", factor: 8 },
  cumsum: SUM,
  quantizeDynamicFixed: ROUNDED,
  quantizeValues: ROUNDED,
  maxPool2d: ROUNDED,
  maxPool2dGrad: SUM,
  avgPool2d: SUM,
  avgPool2dGrad: SUM,
  batchNormTrain: { kind: "peak", factor: 16 },
  batchNormTrainGrad: { kind: "peak", factor: 32 },
  dropout: REFERENCE,
  resample2d: SUM,
  resample2dGrad: SUM,
  groupNorm: { kind: "peak", factor: 16 },
  groupNormGrad: { kind: "peak", factor: 32 },
  localResponseNorm: { kind: "magnitude", factor: 8 },
  localResponseNormGrad: { kind: "peak", factor: 16 },
  softmaxCrossEntropy: { kind: "peak", factor: 16 },
  softmaxCrossEntropyGrad: { kind: "peak", factor: 16 },
  ctcLoss: { kind: "ulp", ulps: 2 },
  ctcLossGrad: { kind: "peak", factor: 2 },
  embedding: ROUNDED,
  embeddingGrad: ROUNDED,
  embeddingGradRows: ROUNDED,
  lstmCell: { kind: "ulp", ulps: 2 },
  lstmCellGrad: { kind: "peak", factor: 1 },
  gruCell: { kind: "peak", factor: 2 },
  gruCellGrad: { kind: "peak", factor: 1 },
  maskedSoftmax: { kind: "peak", factor: 16 },
  maskedSoftmaxGrad: { kind: "peak", factor: 2 },
  countNonFinite: ROUNDED,
  lossScaleUpdate: REFERENCE,
  countStep: ROUNDED,
  clipByNorm: { kind: "ulp", ulps: 1 },
  sgdUpdate: REFERENCE,
  adamUpdate: REFERENCE,
  rmspropUpdate: REFERENCE,
  adagradUpdate: REFERENCE,
  // Norms are summed in another order: the layer's factor may differ by an ulp.
  larsUpdate: { kind: "peak", factor: 8 },
  lambUpdate: { kind: "peak", factor: 8 },
  emaUpdate: REFERENCE,
};

export function boundOf(run: AnyOpRun): Bound {
  if (run.op === "unary") return UNARY_BOUNDS[run.attrs.kind];
  if (run.op === "unaryGrad") return UNARY_GRAD_BOUNDS[run.attrs.kind];
  if (run.op === "binary") return BINARY_BOUNDS[run.attrs.kind] ?? BOUNDS.binary;
  return BOUNDS[run.op];
}

const truth = createReferenceKernels({ precision: "f64" });
const reference = createReferenceKernels();

/** Runs an operation and lists what is out of bounds: empty when it conforms. At most ten entries. */
export async function deviations(kernels: KernelSet, run: AnyOpRun): Promise<string[]> {
  const bound = boundOf(run);
  const actual = await runOp(kernels, run);
  const exact = bound.kind === "reference" ? await runOp(reference, run) : await runOp(truth, run, "f64");
  const magnitudes = bound.kind === "magnitude" ? await runOp(truth, magnitudeRun(run), "f64") : [];
  const found: string[] = [];
  exact.forEach((expected, output) => {
    // NaN has no say in how large the others are.
    const peak = expected.reduce((largest, x) => Math.max(largest, Math.abs(x) || 0), 0);
    expected.forEach((want, i) => {
      const got = actual[output][i];
      const rounded = Math.fround(want);
      if (got === rounded || (Number.isNaN(got) && Number.isNaN(rounded))) return;
      const tolerance = toleranceOf(bound, want, magnitudes[output]?.[i], operand(run, bound)?.[i], peak);
      // Written so that NaN is a deviation.
      if (Math.abs(got - want) <= tolerance || found.length >= 10) return;
      found.push(`output ${output}[${i}]: ${got}, truth ${want}, tolerance ${tolerance}`);
    });
  });
  return found;
}

function toleranceOf(
  bound: Bound,
  want: number,
  magnitude: number | undefined,
  operandValue: number | undefined,
  peak: number,
): number {
  const unit = 2 ** -24;
  switch (bound.kind) {
    case "rounded":
    case "reference":
      return 0;
    case "ulp":
      return bound.ulps * 2 ** (Math.max(exponentOf(want), -126) - 23);
    // Sums may also be off by the spacing of the FP32 subnormals.
    case "magnitude":
      return bound.factor * unit * (magnitude ?? 0) + 2 ** -149;
    case "operand":
      return bound.factor * unit * Math.abs(operandValue ?? 0) + 2 ** -149;
    case "peak":
      return bound.factor * unit * peak;
  }
  return bound satisfies never;
}

function operand(run: AnyOpRun, bound: Bound): ArrayLike<number> | undefined {
  return bound.kind === "operand" ? run.inputs[bound.by].values : undefined;
}

/** The same operation on the absolute values of its real operands. */
function magnitudeRun(run: AnyOpRun): AnyOpRun {
  const inputs = run.inputs.map((input) =>
    input.dtype === "i32" ? input : { ...input, values: Float64Array.from(input.values, Math.abs) },
  );
  return { ...run, inputs };
}
