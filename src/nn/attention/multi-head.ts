/**
 * Multi-head attention with PyTorch's names, masks and start (Glorot's uniform for the projections in, zeros for biases).
 * Source: Vaswani et al. 2017.
 */
import { RoundoffError } from "../../base/errors.ts";
import { Tensor } from "../../graph/tensor.ts";
import { attentionWithWeights } from "../functional/attention.ts";
import { constant, xavierUniform } from "../initializers.ts";
import { Linear } from "../layers/linear.ts";
import { Module, Parameter } from "../module.ts";

export interface MultiheadAttentionOptions {
  readonly bias?: boolean;
  /** Features of keys and of values; default the embedding's. */
  readonly kdim?: number;
  readonly vdim?: number;
  /** Sequences are [N, T, E] instead of [T, N, E]. */
  readonly batchFirst?: boolean;
  /** Applied to the probabilities: dropout. */
  readonly transformProbabilities?: (probabilities: Tensor) => Tensor;
}

export interface AttentionMasks {
  /** [N, S]. i32: keys where it is not 0 are left out; f32: added to the scores. */
  readonly keyPaddingMask?: Tensor;
  /** [T, S] or [N·heads, T, S]. i32: places where it is not 0 are left out; f32: added to the scores. */
  readonly attnMask?: Tensor;
  /** Place s is left out of row t if s > t. */
  readonly isCausal?: boolean;
}

export interface AttentionOutput {
  /** [T, N, E] (or [N, T, E]). */
  readonly output: Tensor;
  /** Mean of the heads' probabilities, [N, T, S]; computed only if something reads it. */
  readonly weights: Tensor;
}

export class MultiheadAttention extends Module<AttentionOutput> {
  readonly in_proj_weight?: Parameter;
  readonly q_proj_weight?: Parameter;
  readonly k_proj_weight?: Parameter;
  readonly v_proj_weight?: Parameter;
  readonly in_proj_bias?: Parameter;
  readonly out_proj: Linear;
  private readonly heads: number;
  private readonly features: number;
  private readonly options: MultiheadAttentionOptions;

  constructor(embedDim: number, numHeads: number, options: MultiheadAttentionOptions = {}) {
    super();
    const { bias = true, kdim = embedDim, vdim = embedDim } = options;
    if (embedDim % numHeads !== 0) {
      throw new RoundoffError("INVALID_ARGUMENT", {
        what: "the features do not divide among the heads",
        expected: `a multiple of ${numHeads} features`,
        received: String(embedDim),
      });
    }
    const projection = (rows: number, columns: number) =>
      new Parameter([rows, columns], "weight", xavierUniform(columns, rows));
    if (kdim === embedDim && vdim === embedDim) this.in_proj_weight = projection(3 * embedDim, embedDim);
    else {
      this.q_proj_weight = projection(embedDim, embedDim);
      this.k_proj_weight = projection(embedDim, kdim);
      this.v_proj_weight = projection(embedDim, vdim);
    }
    if (bias) this.in_proj_bias = new Parameter([3 * embedDim], "bias", constant(0));
    this.out_proj = new Linear(embedDim, embedDim, { bias, start: { bias: constant(0) } });
    this.heads = numHeads;
    this.features = embedDim;
    this.options = options;
  }

  /** query [T, N, E], key and value [S, N, …] → output and the mean of the heads' weights. */
  forward(
    query: Tensor,
    key: Tensor = query,
    value: Tensor = key,
    masks: AttentionMasks = {},
  ): AttentionOutput {
    const { batchFirst = false, transformProbabilities } = this.options;
    const [q, k, v] = this.project(query, key, value);
    const { output, weights } = attentionWithWeights(q, k, v, {
      mask: this.masks(q, masks),
      causal: masks.isCausal ?? false,
      ...(transformProbabilities === undefined ? {} : { transformProbabilities }),
    });
    // [N, heads, T, D] → [T, N, E] or [N, T, E].
    const joined = output.transpose(batchFirst ? [0, 2, 1, 3] : [2, 0, 1, 3]).reshape(query.shape);
    return { output: this.out_proj.forward(joined), weights: weights.mean({ axes: [1] }) };
  }

  /** Queries, keys and values as [N, heads, T, D]. */
  private project(query: Tensor, key: Tensor, value: Tensor): Tensor[] {
    const weight = this.in_proj_weight?.in(query);
    if (weight !== undefined && query === key && key === value) return this.projectTogether(query, weight);
    const separate = [this.q_proj_weight, this.k_proj_weight, this.v_proj_weight];
    const bias = this.in_proj_bias?.in(query);
    return [query, key, value].map((x, i) => {
      const own = weight === undefined ? separate[i]!.in(query) : part(weight, i, this.features);
      const product = x.matmul(own, { transB: true });
      const biased = bias === undefined ? product : product.add(part(bias, i, this.features));
      const [first, second] = x.shape;
      const split = biased.reshape([first, second, this.heads, this.features / this.heads]);
      return split.transpose(this.options.batchFirst === true ? [0, 2, 1, 3] : [1, 2, 0, 3]);
    });
  }

  /** Self-attention: one GEMM for all three, and one pass that brings them into order. */
  private projectTogether(x: Tensor, weight: Tensor): Tensor[] {
    const product = x.matmul(weight, { transB: true });
    const biased = this.in_proj_bias === undefined ? product : product.add(this.in_proj_bias.in(x));
    const [first, second] = x.shape;
    const split = biased.reshape([first, second, 3, this.heads, this.features / this.heads]);
    const ordered = split.transpose(this.options.batchFirst === true ? [2, 0, 3, 1, 4] : [2, 1, 3, 0, 4]);
    return [0, 1, 2].map((i) => ordered.select(0, i));
  }

  private masks(q: Tensor, { keyPaddingMask, attnMask }: AttentionMasks): Tensor[] {
    const [batch, heads, steps] = q.shape;
    const masks: Tensor[] = [];
    if (keyPaddingMask !== undefined) {
      const [, keys] = keyPaddingMask.shape;
      masks.push(additiveOrKept(keyPaddingMask).reshape([batch, 1, 1, keys]));
    }
    if (attnMask !== undefined) {
      const mask = additiveOrKept(attnMask);
      const keys = mask.shape[mask.shape.length - 1];
      masks.push(mask.shape.length === 3 ? mask.reshape([batch, heads, steps, keys]) : mask);
    }
    return masks;
  }
}

/** Rows i·size … of a parameter; it stays a weight or a bias for the recipe. */
function part(parameter: Tensor, i: number, size: number): Tensor {
  const { graph, shape, value } = parameter;
  const attrs = {
    starts: shape.map((_, axis) => (axis === 0 ? i * size : 0)),
    steps: shape.map(() => 1),
    shape: [size, ...shape.slice(1)],
  };
  return new Tensor(graph, graph.apply("slice", [value], attrs, [value.role])[0]);
}

/** PyTorch's boolean masks say what is left out; the primitive's say what takes part. */
function additiveOrKept(mask: Tensor): Tensor {
  return mask.dtype === "i32" ? mask.cast("f32").eq(0).cast("i32") : mask;
}
