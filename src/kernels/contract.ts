/**
 * The contract between a compiled plan and a kernel set: what a command is, what each operation computes,
 * and in which arithmetic. Both kernel sets (reference: TypeScript, native: C++) implement exactly this file;
 * `conformance.test.ts` runs one suite over both. Knows nothing of graphs, modules or recipes.
 *
 * Shape letters: N batch, H W rows and columns, C input channels, K output channels, R S kernel rows and
 * columns. Images are NHWC, convolution weights KRSC (C counts the channels of one group).
 */
import type { FloatFormat, Overflow, Rounding } from "../formats/format.ts";
import { ATTENTION_ATTR_ORDER, type AttentionAttrs } from "./contract/attention.ts";
import { ELEMENTWISE_ATTR_ORDER, type ElementwiseAttrs } from "./contract/elementwise.ts";
import { INDEXING_ATTR_ORDER, type IndexingAttrs } from "./contract/indexing.ts";
import { LOSS_ATTR_ORDER, type LossAttrs } from "./contract/losses.ts";
import { MOVEMENT_ATTR_ORDER, type MovementAttrs } from "./contract/movement.ts";
import { NORMALIZATION_ATTR_ORDER, type NormalizationAttrs } from "./contract/normalization.ts";
import { PRODUCT_ATTR_ORDER, type ProductAttrs } from "./contract/products.ts";
import { QUANTIZATION_ATTR_ORDER, type QuantizationAttrs } from "./contract/quantization.ts";
import { REDUCTION_ATTR_ORDER, type ReductionAttrs } from "./contract/reductions.ts";
import { REGULARIZATION_ATTR_ORDER, type RegularizationAttrs } from "./contract/regularization.ts";
import { SEQUENCE_ATTR_ORDER, type SequenceAttrs } from "./contract/sequences.ts";
import { UPDATE_ATTR_ORDER, type UpdateAttrs } from "./contract/updates.ts";
import { WINDOW_ATTR_ORDER, type WindowAttrs } from "./contract/windows.ts";

export {
  ACCUMULATOR_KINDS,
  type Accumulator,
  type AccumulatorKind,
  accumulatorOverflow,
} from "./contract/accumulators.ts";
export {
  BINARY_KINDS,
  type BinaryKind,
  GRAD_FROM_OUTPUT,
  UNARY_KINDS,
  UNARY_PARAMETERS,
  type UnaryAttrs,
  type UnaryKind,
} from "./contract/elementwise.ts";
export { CTC_REDUCTIONS, type CtcAttrs } from "./contract/losses.ts";
export { PAD_MODES, type PadEdgeAttrs, type PadMode } from "./contract/movement.ts";
export type { Carrier, ConvAttrs } from "./contract/products.ts";
export { REDUCE_KINDS, type ReduceKind } from "./contract/reductions.ts";
export { EMBEDDING_MODES, type EmbeddingAttrs } from "./contract/sequences.ts";
export type { AdamAttrs, OptimizerAttrs, OptimizerOp } from "./contract/updates.ts";
export { NORM_TYPES, OPTIMIZER_OPS, OPTIMIZER_STATES } from "./contract/updates.ts";
export type { AvgPoolAttrs, PoolAttrs } from "./contract/windows.ts";
export { INTERPOLATIONS, type Interpolation, type ResampleAttrs } from "./contract/windows.ts";

/**
 * How the elements of a buffer are stored. Values are the same in every kernel set; only the bytes differ. `code8`,
 * `code16`: the codes of the buffer's `codes` format in one or two bytes. Every operation reads and writes every storage
 * of real numbers, but operands of products are f32, bf16 or i16.
 */
export type DType = "f32" | "bf16" | "i16" | "i32" | "code8" | "code16";

/** Round a result to a float format as it is stored: once, from the exact FP32 result. */
export interface StoreRounding {
  /** With a sign, and inside FP32: not e8m0, not fp64. */
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
   * Outputs only: the rounding applied on store, whatever the operation computes (also where a skipped update
   * hands w and its states through). Absent: stored as computed (FP32; an output in bf16 or codes must then hold values of that format already).
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
  /** Of code8 and code16: a float format with a sign and a code for NaN. All values stored are values of it. */
  readonly codes?: FloatFormat;
}

/** A command of the flat list that a kernel set runs in order. */
export type Command = { [Op in OpName]: CommandOf<Op> }[OpName];

export interface CommandOf<Op extends OpName> {
  readonly op: Op;
  readonly attrs: OpAttrs[Op];
  readonly inputs: readonly Operand[];
  readonly outputs: readonly Operand[];
  /** Commands of EPILOGUE_OPS only: what happens to the first output before its own `store`, in this order. */
  readonly epilogue?: readonly EpilogueStep[];
  /** Likewise: what else is written of the first output, as its elements are stored. Overlaps no other operand. */
  readonly beside?: { readonly [Side in StoreSide]?: Operand };
}

/**
 * `amax`: f32 [1], the largest magnitude of the elements as they are stored; NaN if one is. `signs`: of the output's elements, the
 * sign of each (−1, 0, 1 or NaN), in any storage that holds these.
 */
export type StoreSide = "amax" | "signs";

/**
 * An element-wise operation on a command's result before it is stored: it computes what the command of that name would
 * if the result were stored in FP32, rounded to `round`, and read back. It never rounds elsewhere than that command.
 */
export type EpilogueStep = { [Op in EpilogueStepOp]: EpilogueStepOf<Op> }[EpilogueStepOp];
export type EpilogueStepOp = (typeof EPILOGUE_STEP_OPS)[number];

export interface EpilogueStepOf<Op extends EpilogueStepOp> {
  readonly op: Op;
  readonly attrs: OpAttrs[Op];
  /** The rounding of the value that the step reads. */
  readonly round?: StoreRounding;
  /**
   * unaryGrad: z (the result is g), of the result's shape. binary: the other operand, of the result's shape, a row along its
   * last axis, or one number. It overlaps no output of the command.
   */
  readonly operand?: Operand;
  /** binary: the result is the left operand. */
  readonly resultFirst?: boolean;
}

/** In this order in native/include/command.h. */
export const EPILOGUE_STEP_OPS = [
  "unary",
  "unaryGrad",
  "binary",
  "affine",
] as const satisfies readonly OpName[];

/** The operations that may have an epilogue: natively, every element of their first output is stored once, by store_block. */
export const EPILOGUE_OPS: ReadonlySet<OpName> = new Set<OpName>([
  "conv2d",
  "conv2dGradInput",
  "matmul",
  "unary",
  "unaryGrad",
  "binary",
  "where",
  "affine",
  "batchNormTrain",
  "batchNormTrainGrad",
]);

export interface Plan {
  readonly buffers: readonly Buffer[];
  readonly arenaBytes: number;
  readonly commands: readonly Command[];
  /**
   * Index of the external i32 buffer [seedLow, seedHigh, step] that keys stochastic rounding, or −1 when no
   * command rounds stochastically or drops out.
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
  /**
   * Runs every command once, or those from number `first` on, with what the ones before left in memory. Native: one
   * asynchronous call off the main thread. Never concurrent with itself.
   */
  run(first?: number): Promise<void>;
  /** Runs every command once; how long each took, in seconds. Native only. */
  profile?(): Promise<Float64Array>;
  /** Frees its memory now instead of with its last reference. Not while it runs; it cannot run again. */
  dispose?(): void;
}

/**
 * Attributes of each operation. What it computes is in the comment of its entry in contract/, one file per theme.
 * All results are FP32 unless the output's dtype or `store` says otherwise. Broadcasting follows NumPy.
 * Real-valued attributes of element-wise arithmetic (scale, offset, momentum, weightDecay, factors) are rounded to
 * FP32 before use. Where each step is said to be rounded, the steps are separate FP32 operations, never fused.
 */
export interface OpAttrs
  extends ProductAttrs,
    ElementwiseAttrs,
    MovementAttrs,
    IndexingAttrs,
    ReductionAttrs,
    WindowAttrs,
    NormalizationAttrs,
    RegularizationAttrs,
    LossAttrs,
    SequenceAttrs,
    AttentionAttrs,
    QuantizationAttrs,
    UpdateAttrs {}

export type OpName = keyof OpAttrs;

/** The shared exponent that marks a dynamic-fixed-point tensor with NaN or Inf in it. */
export { EXPONENT_NOT_A_NUMBER } from "../formats/dynamic-fixed-point.ts";

/**
 * The attributes of each operation that the native binding passes as numbers, in this order. Booleans become 0 or
 * 1, lists (axes, perm) are appended last with their own length known from the shape, strings become their index in
 * the named list. `native/include/command.h` reads them in the same order.
 */
export const ATTR_ORDER = {
  ...PRODUCT_ATTR_ORDER,
  ...ELEMENTWISE_ATTR_ORDER,
  ...MOVEMENT_ATTR_ORDER,
  ...INDEXING_ATTR_ORDER,
  ...REDUCTION_ATTR_ORDER,
  ...WINDOW_ATTR_ORDER,
  ...NORMALIZATION_ATTR_ORDER,
  ...REGULARIZATION_ATTR_ORDER,
  ...LOSS_ATTR_ORDER,
  ...SEQUENCE_ATTR_ORDER,
  ...ATTENTION_ATTR_ORDER,
  ...QUANTIZATION_ATTR_ORDER,
  ...UPDATE_ATTR_ORDER,
} as const satisfies { readonly [Op in OpName]: readonly (keyof OpAttrs[Op])[] };

export const OP_NAMES = Object.keys(ATTR_ORDER) as readonly OpName[];
