/** Embedding tables: rows by index, and sums or means of rows. Names and defaults as PyTorch's Embedding and EmbeddingBag. */
import { Tensor } from "../../graph/tensor.ts";
import type { EmbeddingAttrs } from "../../kernels/contract.ts";
import type { Initializer } from "../initializers.ts";
import { Module, Parameter } from "../module.ts";

export interface EmbeddingOptions {
  /** This index starts as a row of zeros and is not trained. */
  readonly paddingIdx?: number;
  /**
   * The gradient stays the rows that were read, as in PyTorch: for SGD without momentum and Adagrad, both without weight
   * decay; other optimizers are refused. Those two use rows by themselves, to the same bits, where they are fewer.
   */
  readonly sparse?: boolean;
  readonly initialize?: Initializer;
}

export interface EmbeddingBagOptions extends EmbeddingOptions {
  /** Default `mean`. */
  readonly mode?: "sum" | "mean";
}

const NO_PADDING = -1;

/** Rows of weight[V, D] by indices i32[…] → […, D]. `paddingIdx` (negative: from the end) gets no gradient. */
export function embedding(
  indices: Tensor,
  weight: Tensor,
  { paddingIdx }: Pick<EmbeddingOptions, "paddingIdx"> = {},
): Tensor {
  return apply([weight, indices], { mode: "lookup", paddingIndex: fromStart(paddingIdx, weight.shape[0]) });
}

/**
 * Bags of rows of weight[V, D] → [B, D]: the rows of indices i32[B, L], or the runs of indices i32[n] that start at
 * offsets i32[B]. `paddingIdx` counts in no bag.
 */
export function embeddingBag(
  indices: Tensor,
  weight: Tensor,
  {
    offsets,
    mode = "mean",
    paddingIdx,
  }: Pick<EmbeddingBagOptions, "paddingIdx" | "mode"> & { readonly offsets?: Tensor } = {},
): Tensor {
  const operands = offsets === undefined ? [weight, indices] : [weight, indices, offsets];
  return apply(operands, { mode, paddingIndex: fromStart(paddingIdx, weight.shape[0]) });
}

function apply(operands: readonly Tensor[], attrs: EmbeddingAttrs): Tensor {
  const { graph } = operands[0];
  const values = operands.map(({ value }) => value);
  return new Tensor(graph, graph.apply("embedding", values, attrs)[0]);
}

function fromStart(index: number | undefined, rows: number): number {
  if (index === undefined) return NO_PADDING;
  return index < 0 ? index + rows : index;
}

/** Standard normal rows, the padding row 0. */
function normalRows(features: number, padding: number): Initializer {
  return (target, random) => {
    for (let i = 0; i < target.length; i++) {
      const value = random.normal();
      target[i] = Math.floor(i / features) === padding ? 0 : value;
    }
  };
}

function table(
  rows: number,
  features: number,
  { paddingIdx, sparse, initialize }: EmbeddingOptions,
): Parameter {
  const start = initialize ?? normalRows(features, fromStart(paddingIdx, rows));
  const weight = new Parameter([rows, features], "weight", start);
  weight.sparse = sparse ?? false;
  return weight;
}

/** A table of `numEmbeddings` rows; indices i32[…] → […, embeddingDim]. */
export class Embedding extends Module {
  readonly weight: Parameter;
  private readonly options: EmbeddingOptions;

  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingOptions = {}) {
    super();
    this.weight = table(numEmbeddings, embeddingDim, options);
    this.options = options;
  }

  forward(indices: Tensor): Tensor {
    return embedding(indices, this.weight.in(indices), this.options);
  }
}

/** Sums or means of rows: indices i32[B, L], or i32[n] with offsets i32[B] → [B, embeddingDim]. */
export class EmbeddingBag extends Module {
  readonly weight: Parameter;
  private readonly options: EmbeddingBagOptions;

  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingBagOptions = {}) {
    super();
    this.weight = table(numEmbeddings, embeddingDim, options);
    this.options = options;
  }

  forward(indices: Tensor, offsets?: Tensor): Tensor {
    return embeddingBag(indices, this.weight.in(indices), { ...this.options, offsets });
  }
}
