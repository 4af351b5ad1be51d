/**
 * The primitives of a graph: the operations of the kernel contract, and the few that exist only in graphs because a
 * pass removes them (a reshape is an alias, a quantize becomes a rounding on store or a command).
 */
import type { BlockSize, NumberFormat, Overflow, Rounding, ScaleRule, Scaling } from "../formats/format.ts";
import type { TensorView } from "../formats/scaled/layout.ts";
import type { OpAttrs } from "../kernels/contract.ts";

/** How a tensor is rounded: into which format, how between neighbours, and what happens above the range. */
export interface Quantizer {
  readonly format: NumberFormat;
  readonly rounding: Rounding;
  /** Of float formats; elements under a scale and posits always saturate. */
  readonly overflow: Overflow;
  /** How shared exponents follow from amax (block formats, power-of-two integers). Default: "floor". */
  readonly scaleRule?: ScaleRule;
  /** Integer formats. The axis is one of the tensor as it lies. Default: one power of two for the tensor. */
  readonly scaling?: Scaling;
}

/** Which elements of a tensor share a block, and along which axis that is, in words. */
export interface BlockPlacement {
  readonly view: TensorView;
  readonly block: BlockSize;
  readonly along: string;
}

/** Output shape of a primitive whose inputs do not tell it. */
interface Shaped {
  readonly shape: readonly number[];
}

/** Output type of a primitive that makes or converts integers. */
interface Typed {
  readonly dtype: "f32" | "i32";
}

export interface PrimitiveAttrs extends Omit<OpAttrs, "broadcastTo" | "cast" | "quantizeValues"> {
  conv2dGradInput: OpAttrs["conv2dGradInput"] & Shaped;
  conv2dGradWeight: OpAttrs["conv2dGradWeight"] & Shaped;
  maxPool2d: OpAttrs["maxPool2d"] & Shaped;
  maxPool2dGrad: OpAttrs["maxPool2dGrad"] & Shaped;
  avgPool2d: OpAttrs["avgPool2d"] & Shaped;
  avgPool2dGrad: OpAttrs["avgPool2dGrad"] & Shaped;
  resample2d: OpAttrs["resample2d"] & Shaped;
  resample2dGrad: OpAttrs["resample2dGrad"] & Shaped;
  broadcastTo: Shaped;
  fill: OpAttrs["fill"] & Shaped;
  embeddingGrad: OpAttrs["embeddingGrad"] & Shaped;
  arange: OpAttrs["arange"] & Shaped & Typed;
  cast: Typed;
  slice: OpAttrs["slice"] & Shaped;
  place: OpAttrs["place"] & Shaped;
  padEdge: OpAttrs["padEdge"] & Shaped;
  padEdgeGrad: OpAttrs["padEdgeGrad"] & Shaped;
  scatterAdd: OpAttrs["scatterAdd"] & Shaped;
  indexAdd: OpAttrs["indexAdd"] & Shaped;
  /** `k` is the size of the outputs along `axis`. */
  topK: OpAttrs["topK"] & { readonly k: number };
  /** x → x with another shape of the same element count. */
  reshape: Shaped;
  /**
   * x → x rounded to `quantizer.format`. The derivative is taken as 1 (straight-through). `tensorId` keys the bits of
   * stochastic rounding; absent: its number among the graph's roundings. `blocks`: of block formats; absent: along the
   * last axis.
   */
  quantize: {
    readonly quantizer: Quantizer;
    readonly tensorId?: number;
    readonly blocks?: BlockPlacement;
  };
}

export type Primitive = keyof PrimitiveAttrs;

/** The GEMM-shaped primitives: the ones whose operands a recipe quantises. */
export const GEMM_PRIMITIVES: ReadonlySet<Primitive> = new Set([
  "conv2d",
  "conv2dGradInput",
  "conv2dGradWeight",
  "matmul",
]);
