/**
 * Layers of a Transformer with PyTorch's names, order and defaults. Source: Vaswani et al. 2017; `normFirst`: Xiong et al.
 * 2020. Dropout is given as a function, so that its kind and stream are the caller's.
 */
import type { Tensor } from "../../graph/tensor.ts";
import { Linear } from "../layers/linear.ts";
import { LayerNorm } from "../layers/normalization.ts";
import { Module } from "../module.ts";
import { type AttentionMasks, MultiheadAttention } from "./multi-head.ts";

export interface TransformerLayerOptions {
  /** Default 2048. */
  readonly dimFeedforward?: number;
  readonly activation?: "relu" | "gelu";
  readonly layerNormEps?: number;
  readonly batchFirst?: boolean;
  /** Normalise before attention and feed-forward instead of behind them. */
  readonly normFirst?: boolean;
  /** Applied to probabilities, to hidden units and to every branch before it is added. */
  readonly dropout?: (x: Tensor) => Tensor;
}

interface Settings {
  readonly attention: ConstructorParameters<typeof MultiheadAttention>[2];
  readonly dimFeedforward: number;
  readonly eps: number;
  readonly normFirst: boolean;
  readonly activate: (x: Tensor) => Tensor;
  readonly dropout: (x: Tensor) => Tensor;
}

function settingsOf(options: TransformerLayerOptions): Settings {
  const { dimFeedforward = 2048, layerNormEps = 1e-5, normFirst = false, batchFirst = false } = options;
  const { activation = "relu", dropout } = options;
  return {
    attention: { batchFirst, ...(dropout === undefined ? {} : { transformProbabilities: dropout }) },
    dimFeedforward,
    eps: layerNormEps,
    normFirst,
    activate: (x) => (activation === "relu" ? x.relu() : x.gelu()),
    dropout: dropout ?? ((x) => x),
  };
}

/** x + branch(x), normalised before the branch or behind the sum. */
function residual(x: Tensor, norm: LayerNorm, settings: Settings, branch: (x: Tensor) => Tensor): Tensor {
  const { normFirst, dropout } = settings;
  if (normFirst) return x.add(dropout(branch(norm.forward(x))));
  return norm.forward(x.add(dropout(branch(x))));
}

/** Self-attention and a feed-forward network, each with a residual connection and layer norm. */
export class TransformerEncoderLayer extends Module {
  readonly self_attn: MultiheadAttention;
  readonly linear1: Linear;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  private readonly settings: Settings;

  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}) {
    super();
    const settings = settingsOf(options);
    this.self_attn = new MultiheadAttention(dModel, nhead, settings.attention);
    this.linear1 = new Linear(dModel, settings.dimFeedforward);
    this.linear2 = new Linear(settings.dimFeedforward, dModel);
    this.norm1 = new LayerNorm(dModel, { eps: settings.eps });
    this.norm2 = new LayerNorm(dModel, { eps: settings.eps });
    this.settings = settings;
  }

  /** [T, N, E] → the same shape. */
  forward(source: Tensor, masks: AttentionMasks = {}): Tensor {
    const { settings } = this;
    const attended = residual(
      source,
      this.norm1,
      settings,
      (x) => this.self_attn.forward(x, x, x, masks).output,
    );
    return residual(attended, this.norm2, settings, (x) =>
      this.linear2.forward(settings.dropout(settings.activate(this.linear1.forward(x)))),
    );
  }
}

export interface DecoderMasks {
  /** Of the attention to the target itself. */
  readonly target?: AttentionMasks;
  /** Of the attention to the encoder's output. */
  readonly memory?: AttentionMasks;
}

/** Self-attention, attention to the encoder's output and a feed-forward network. */
export class TransformerDecoderLayer extends Module {
  readonly self_attn: MultiheadAttention;
  readonly multihead_attn: MultiheadAttention;
  readonly linear1: Linear;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly norm3: LayerNorm;
  private readonly settings: Settings;

  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}) {
    super();
    const settings = settingsOf(options);
    this.self_attn = new MultiheadAttention(dModel, nhead, settings.attention);
    this.multihead_attn = new MultiheadAttention(dModel, nhead, settings.attention);
    this.linear1 = new Linear(dModel, settings.dimFeedforward);
    this.linear2 = new Linear(settings.dimFeedforward, dModel);
    this.norm1 = new LayerNorm(dModel, { eps: settings.eps });
    this.norm2 = new LayerNorm(dModel, { eps: settings.eps });
    this.norm3 = new LayerNorm(dModel, { eps: settings.eps });
    this.settings = settings;
  }

  /** target [T, N, E] and the encoder's output [S, N, E] → the target's shape. */
  forward(target: Tensor, memory: Tensor, masks: DecoderMasks = {}): Tensor {
    const { settings } = this;
    const own = residual(
      target,
      this.norm1,
      settings,
      (x) => this.self_attn.forward(x, x, x, masks.target).output,
    );
    const attended = residual(
      own,
      this.norm2,
      settings,
      (x) => this.multihead_attn.forward(x, memory, memory, masks.memory).output,
    );
    return residual(attended, this.norm3, settings, (x) =>
      this.linear2.forward(settings.dropout(settings.activate(this.linear1.forward(x)))),
    );
  }
}
