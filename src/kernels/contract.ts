/**
 * The contract between a compiled plan and a kernel set: what a command is, what each operation computes,
 * and in which arithmetic. Both kernel sets (reference: TypeScript, native: C++) implement exactly this file;
 * `conformance.test.ts` runs one suite over both. Knows nothing of graphs, modules or recipes.
 *
 * Shape letters: N batch, H W rows and columns, C input channels, K output channels, R S kernel rows and
 * columns. Images are NHWC, convolution weights KRSC (C counts the channels of one group).
 */
import type { FloatFormat, Overflow, Rounding } from "../formats/format.ts";

/** How the elements of a buffer are stored. Values are the same in every kernel set; only the bytes differ. */
export type DType = "f32" | "bf16" | "i16" | "i32";

/** Round a result to a float format as it is stored: once, from the exact FP32 result. */
export interface StoreRounding {
  readonly format: FloatFormat;
  readonly rounding: Rounding;
  readonly overflow: Overflow;
  /** Part of the key of the random bits of `stochastic`: Philox(seed; element / 4, tensorId, step). */
  readonly tensorId: number;
}

/** One operand of a command: a region of memory and how to read it. */
export interface Operand {
  /** Index into `Plan.buffers`. */
  readonly buffer: number;
  readonly shape: readonly number[];
  readonly dtype: DType;
  /**
   * Outputs only: the rounding applied on store, whatever the operation computes (also where a skipped `sgdUpdate`
   * hands w and v through). Absent: stored as computed (FP32; a bf16 output must then hold BF16 values already).
   */
  readonly store?: StoreRounding;
}

export interface Buffer {
  /** `arena`: lives at `offset` bytes (64-byte aligned) of the plan's arena. `external`: bound by name. */
  readonly place: "arena" | "external";
  readonly offset: number;
  /** For externals: unique name, and what `bind` must supply (f32 → Float32Array, i32 → Int32Array). */
  readonly name: string;
  readonly dtype: DType;
  readonly elements: number;
}

/** A command of the flat list that a kernel set runs in order. */
export type Command = { [Op in OpName]: CommandOf<Op> }[OpName];

export interface CommandOf<Op extends OpName> {
  readonly op: Op;
  readonly attrs: OpAttrs[Op];
  readonly inputs: readonly Operand[];
  readonly outputs: readonly Operand[];
}

export interface Plan {
  readonly buffers: readonly Buffer[];
  readonly arenaBytes: number;
  readonly commands: readonly Command[];
  /**
   * Index of the external i32 buffer [seedLow, seedHigh, step] that keys stochastic rounding, or −1 when no
   * command rounds stochastically.
   */
  readonly clockBuffer: number;
}

export type ExternalArray = Float32Array | Float64Array | Int32Array;

/** A kernel set that this process can use. */
export interface KernelSet {
  readonly name: "reference" | "native";
  /** Binds the externals by name and returns the runnable plan. The arrays stay shared with the caller. */
  prepare(plan: Plan, externals: ReadonlyMap<string, ExternalArray>): PreparedPlan;
}

export interface PreparedPlan {
  /** Runs every command once. Native: one asynchronous call off the main thread. Never concurrent with itself. */
  run(): Promise<void>;
}

/**
 * Arithmetic of the products of a GEMM or convolution.
 * `f32`: FP32 operands, FP32 accumulator (reference: FP64, rounded once to FP32).
 * `bf16`: every operand value is a BF16 value, so products are exact in FP32; FP32 accumulator.
 * `i16`: operands are integer · 2^sharedExponent; products are exact in INT32; integer chains are spilled to FP32
 * before any chain can overflow; the sum is scaled by 2^(Ea + Eb). The shared exponents come as two more
 * inputs (i32 [1] each, in operand order).
 */
export type Carrier = "f32" | "bf16" | "i16";

export interface ConvAttrs {
  readonly strideH: number;
  readonly strideW: number;
  readonly padH: number;
  readonly padW: number;
  readonly dilationH: number;
  readonly dilationW: number;
  readonly groups: number;
  readonly carrier: Carrier;
}

export interface PoolAttrs {
  readonly kernelH: number;
  readonly kernelW: number;
  readonly strideH: number;
  readonly strideW: number;
  readonly padH: number;
  readonly padW: number;
}

export const UNARY_KINDS = [
  "relu",
  "neg",
  "abs",
  "square",
  "sqrt",
  "rsqrt",
  "reciprocal",
  "exp",
  "log",
  "tanh",
  "sigmoid",
  "gelu",
] as const;
export type UnaryKind = (typeof UNARY_KINDS)[number];

export const BINARY_KINDS = ["add", "sub", "mul", "div", "maximum", "minimum"] as const;
export type BinaryKind = (typeof BINARY_KINDS)[number];

/**
 * Attributes of each operation, and, in the comment, what it computes: inputs → outputs.
 * All results are FP32 unless the output's dtype or `store` says otherwise. Broadcasting follows NumPy.
 * Real-valued attributes of element-wise arithmetic (scale, offset, momentum, weightDecay, factors) are rounded to
 * FP32 before use. Where each step is said to be rounded, the steps are separate FP32 operations, never fused.
 */
export interface OpAttrs {
  /** x[NHWC], w[KRSC] → y[N,OH,OW,K]: cross-correlation, as PyTorch's conv2d. OH = ⌊(H + 2·pad − dil·(R−1) − 1)/stride⌋ + 1. */
  conv2d: ConvAttrs;
  /** gy[N,OH,OW,K], w[KRSC] → gx[NHWC] (the shape of x is the output's shape). */
  conv2dGradInput: ConvAttrs;
  /** gy[N,OH,OW,K], x[NHWC] → gw[KRSC]. */
  conv2dGradWeight: ConvAttrs;
  /**
   * a[…,M,K], b[…,K,N] → c[…,M,N]; transA/transB: the last two axes of a/b are stored swapped.
   * Leading axes are equal, or the operand has none (rank 2 is shared by all).
   */
  matmul: { readonly transA: boolean; readonly transB: boolean; readonly carrier: Carrier };
  /** x → f(x). relu: x > 0 ? x : 0, NaN stays NaN. gelu: exact, x·Φ(x). */
  unary: { readonly kind: UnaryKind };
  /**
   * z, g → g · f′(x), where z is y = f(x) for the kinds in GRAD_FROM_OUTPUT and x for the others.
   * relu: y ≤ 0 ? 0 : g (so g where y is NaN, as PyTorch). abs: g · sign(x), sign(0) = 0.
   */
  unaryGrad: { readonly kind: UnaryKind };
  /** a, b → a ∘ b with broadcasting, rounded once. maximum and minimum: NaN if either is; the sign of a zero is free. */
  binary: { readonly kind: BinaryKind };
  /** x → scale · x + offset (one multiply, one add, each rounded; scale 1 or offset 0 are exact). */
  affine: { readonly scale: number; readonly offset: number };
  /** x → Σ x over `axes`, kept as size 1. Accumulated in FP64 chunks (reference) or pairwise FP32 (native). */
  reduceSum: { readonly axes: readonly number[] };
  /** x → x repeated to the output's shape (NumPy broadcasting). */
  broadcastTo: Record<string, never>;
  /** x → x with axes permuted: output axis i is input axis perm[i]. */
  transpose: { readonly perm: readonly number[] };
  /** → constant `value`. */
  fill: { readonly value: number };
  /**
   * x → x (same element count, the shapes may differ; rounds if the output has `store`). Converts between f32, bf16
   * and i16 (bare integers); an i32 operand is copied to i32 only.
   */
  copy: Record<string, never>;
  /**
   * x → q (dtype i16: integers; f32: integer · 2^E), E (i32 [1]). Dynamic fixed point of `bits` bits:
   * E = floor(log2 amax) − (bits − 2), integer = round(x · 2^−E) clamped to ±(2^(bits−1) − 1). amax = 0: E = 0, all
   * zeros. If x holds NaN or Inf there is no exponent: E = 2^30 marks the tensor as not a number, every
   * integer is 0 (f32: every element is NaN), and every GEMM that reads E = 2^30 gives NaN everywhere. q has
   * no `store`: its rounding is the attribute.
   */
  quantizeDynamicFixed: {
    readonly bits: number;
    readonly rounding: Rounding;
    readonly tensorId: number;
  };
  /** x[NHWC] → y[N,OH,OW,C], index i32 (position h·W + w of the first maximum; the first NaN wins). pad < kernel. */
  maxPool2d: PoolAttrs;
  /** gy, index → gx[NHWC]. */
  maxPool2dGrad: PoolAttrs;
  /** x[NHWC] → mean over the window, padding counted as zeros in a divisor kernelH·kernelW. */
  avgPool2d: PoolAttrs;
  avgPool2dGrad: PoolAttrs;
  /**
   * x[…,C], weight[C], bias[C], runningMean[C], runningVar[C] → y, mean[C], invStd[C], runningMean′, runningVar′.
   * y = (x − mean)·invStd·weight + bias; mean and biased variance over all axes but the last, invStd =
   * 1/√(var + eps). running′ = (1 − momentum)·running + momentum·batch, with the unbiased variance (the biased one if
   * there is one row). All in FP32 (reference: FP64 sums), whatever the recipe. The running outputs may alias the
   * running inputs.
   */
  batchNormTrain: { readonly eps: number; readonly momentum: number };
  /**
   * gy, x, weight, mean, invStd → gx, gWeight[C], gBias[C]. With x̂ = (x − mean)·invStd and M rows: gBias = Σ gy,
   * gWeight = Σ gy·x̂, gx = weight·invStd·(gy − gBias/M − x̂·gWeight/M).
   */
  batchNormTrainGrad: Record<string, never>;
  /**
   * logits[N,C], labels i32[N] → loss[] (mean over the rows whose label is not ignoreIndex; 0 rows: NaN), correct[]
   * (rows whose first maximum is the label, as a number; a row with NaN or an ignored row is not correct).
   * Row loss: −Σ target·log softmax, target = (1 − labelSmoothing)·onehot + labelSmoothing/C. A label outside [0, C)
   * that is not ignoreIndex makes the loss NaN; its row's gradient is NaN.
   */
  softmaxCrossEntropy: { readonly labelSmoothing: number; readonly ignoreIndex: number };
  /** gLoss[], logits, labels → gLogits = gLoss/rows · (softmax − target); ignored rows get 0. */
  softmaxCrossEntropyGrad: { readonly labelSmoothing: number; readonly ignoreIndex: number };
  /** g₁ … gₙ → found[]: number of elements that are NaN or Inf, as FP32 (saturates at 2^24). */
  countNonFinite: Record<string, never>;
  /**
   * state f32[4] = [lossScale, goodSteps, skippedSteps, foundNonFinite], found[] → state′ (may alias).
   * found > 0: lossScale ← max(minScale, lossScale·backoffFactor), goodSteps ← 0, skippedSteps + 1; else goodSteps + 1 and,
   * at growthInterval, lossScale ← min(maxScale, lossScale·growthFactor), goodSteps ← 0. foundNonFinite ← (found > 0).
   * growthFactor = backoffFactor = 1 makes the scale constant (steps are still skipped and counted).
   */
  lossScaleUpdate: {
    readonly growthFactor: number;
    readonly backoffFactor: number;
    readonly growthInterval: number;
    readonly minScale: number;
    readonly maxScale: number;
  };
  /**
   * w, g, v, lr f32[1] (, scaleState f32[4], found[]) → w′, v′ (may alias w, v). If found > 0: w′ = w, v′ = v. Else, in FP32:
   * g ← g / scaleState[0]; g ← g + weightDecay·w; v ← momentum·v + g; d = nesterov ? g + momentum·v : v; w ← w − lr·d,
   * every operation rounded, d from v as it is before `store`. momentum = 0: v is left alone and d = g. Each output
   * rounds by its own `store`. PyTorch's SGD with dampening 0 and v₀ = 0.
   */
  sgdUpdate: {
    readonly momentum: number;
    readonly weightDecay: number;
    readonly nesterov: boolean;
  };
}

export type OpName = keyof OpAttrs;

/** Kinds whose derivative is written in terms of the output y; the others use the input x. */
export const GRAD_FROM_OUTPUT: ReadonlySet<UnaryKind> = new Set([
  "relu",
  "sqrt",
  "rsqrt",
  "reciprocal",
  "exp",
  "tanh",
  "sigmoid",
]);

/** The shared exponent that marks a dynamic-fixed-point tensor with NaN or Inf in it. */
export { EXPONENT_NOT_A_NUMBER } from "../formats/dynamic-fixed-point.ts";

/**
 * The attributes of each operation that the native binding passes as numbers, in this order. Booleans become 0 or
 * 1, lists (axes, perm) are appended last with their own length known from the shape, strings become their index in
 * the named list. `native/include/command.h` reads them in the same order.
 */
export const ATTR_ORDER = {
  conv2d: ["strideH", "strideW", "padH", "padW", "dilationH", "dilationW", "groups", "carrier"],
  conv2dGradInput: ["strideH", "strideW", "padH", "padW", "dilationH", "dilationW", "groups", "carrier"],
  conv2dGradWeight: ["strideH", "strideW", "padH", "padW", "dilationH", "dilationW", "groups", "carrier"],
  matmul: ["transA", "transB", "carrier"],
  unary: ["kind"],
  unaryGrad: ["kind"],
  binary: ["kind"],
  affine: ["scale", "offset"],
  reduceSum: ["axes"],
  broadcastTo: [],
  transpose: ["perm"],
  fill: ["value"],
  copy: [],
  quantizeDynamicFixed: ["bits", "rounding", "tensorId"],
  maxPool2d: ["kernelH", "kernelW", "strideH", "strideW", "padH", "padW"],
  maxPool2dGrad: ["kernelH", "kernelW", "strideH", "strideW", "padH", "padW"],
  avgPool2d: ["kernelH", "kernelW", "strideH", "strideW", "padH", "padW"],
  avgPool2dGrad: ["kernelH", "kernelW", "strideH", "strideW", "padH", "padW"],
  batchNormTrain: ["eps", "momentum"],
  batchNormTrainGrad: [],
  softmaxCrossEntropy: ["labelSmoothing", "ignoreIndex"],
  softmaxCrossEntropyGrad: ["labelSmoothing", "ignoreIndex"],
  countNonFinite: [],
  lossScaleUpdate: ["growthFactor", "backoffFactor", "growthInterval", "minScale", "maxScale"],
  sgdUpdate: ["momentum", "weightDecay", "nesterov"],
} as const satisfies { readonly [Op in OpName]: readonly (keyof OpAttrs[Op])[] };

export const OP_NAMES = Object.keys(ATTR_ORDER) as readonly OpName[];
