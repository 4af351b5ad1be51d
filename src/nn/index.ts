/** The public names of `nn`: modules, layers and losses. A list, no logic. */

export {
  type AttentionMasks,
  type AttentionOutput,
  MultiheadAttention,
  type MultiheadAttentionOptions,
} from "./attention/multi-head.ts";
export {
  LearnedPositions,
  type PositionOptions,
  SinusoidalPositions,
  sinusoidalEncoding,
} from "./attention/positions.ts";
export {
  type DecoderMasks,
  TransformerDecoderLayer,
  TransformerEncoderLayer,
  type TransformerLayerOptions,
} from "./attention/transformer.ts";
export { checkpoint } from "./checkpoint.ts";
export { glu, logSigmoid, prelu, softsign, threshold } from "./functional/activations.ts";
export {
  type AttentionOptions,
  attentionWithWeights,
  scaledDotProductAttention,
} from "./functional/attention.ts";
export {
  type Conv1dOptions as Conv1dFunctionOptions,
  type ConvolutionOptions,
  type ConvTranspose1dOptions as ConvTranspose1dFunctionOptions,
  type ConvTransposeOptions,
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
  type Padding2d,
} from "./functional/convolution.ts";
export { channelDropout, type DropoutOptions, dropout } from "./functional/dropout.ts";
export { type InterpolateOptions, interpolate } from "./functional/interpolate.ts";
export {
  type ArangeOptions,
  arange,
  concat,
  pixelShuffle,
  pixelUnshuffle,
  stack,
  tril,
  triu,
  where,
} from "./functional/joining.ts";
export {
  type AffineOptions,
  groupNorm,
  instanceNorm,
  type LocalResponseNormOptions,
  layerNorm,
  localResponseNorm,
  rmsNorm,
} from "./functional/normalization.ts";
export {
  type AdaptiveSize,
  type AvgPool1dOptions,
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  avgPool1d,
  type MaxPool1dOptions,
  maxPool1d,
} from "./functional/pooling.ts";
export {
  constant,
  type Initializer,
  kaimingNormalFanOut,
  normal,
  type ParameterStart,
  uniformFanIn,
} from "./initializers.ts";
export {
  ELU,
  GELU,
  type GeluOptions,
  Hardsigmoid,
  Hardswish,
  Hardtanh,
  LeakyReLU,
  LogSoftmax,
  Mish,
  PReLU,
  ReLU,
  ReLU6,
  SELU,
  Sigmoid,
  SiLU,
  Softmax,
  Softplus,
  type SoftplusOptions,
  Tanh,
} from "./layers/activations.ts";
export { BatchNorm1d, BatchNorm2d, type BatchNormOptions } from "./layers/batch-norm.ts";
export { Flatten, Identity, Sequential } from "./layers/containers.ts";
export {
  Conv1d,
  type Conv1dOptions,
  Conv2d,
  type Conv2dOptions,
  ConvTranspose1d,
  type ConvTranspose1dOptions,
  ConvTranspose2d,
  type ConvTranspose2dOptions,
} from "./layers/convolution.ts";
export { Dropout, Dropout2d } from "./layers/dropout.ts";
export { Linear, type LinearOptions } from "./layers/linear.ts";
export {
  GroupNorm,
  type GroupNormOptions,
  InstanceNorm2d,
  type InstanceNormOptions,
  LayerNorm,
  type LayerNormOptions,
  LocalResponseNorm,
  RMSNorm,
} from "./layers/normalization.ts";
export {
  AdaptiveAvgPool1d,
  AdaptiveAvgPool2d,
  AdaptiveMaxPool1d,
  AdaptiveMaxPool2d,
  AvgPool1d,
  AvgPool2d,
  GlobalAvgPool2d,
  MaxPool1d,
  MaxPool2d,
} from "./layers/pooling.ts";
export { PixelShuffle, PixelUnshuffle, Upsample } from "./layers/upsampling.ts";
export {
  type AdversarialGame,
  discriminatorLoss,
  generatorLoss,
  hingeEmbeddingLoss,
  hingeLoss,
} from "./losses/adversarial.ts";
export {
  type CrossEntropy,
  type CrossEntropyOptions,
  crossEntropy,
  nllLoss,
} from "./losses/cross-entropy.ts";
export { type CtcLengths, type CtcLossOptions, ctcLoss } from "./losses/ctc.ts";
export { type PerceptualOptions, perceptualLoss } from "./losses/perceptual.ts";
export {
  type BceOptions,
  bceLoss,
  bceWithLogits,
  huberLoss,
  type KlOptions,
  klDiv,
  l1Loss,
  mseLoss,
  smoothL1Loss,
} from "./losses/pointwise.ts";
export type { Reduction, ReductionOptions } from "./losses/reduction.ts";
export {
  bindNames,
  type InitOptions,
  init,
  initialize,
  Module,
  namedModules,
  namedParameters,
  namedStates,
} from "./module.ts";
export { initialNumbers, Parameter, type ParameterKind, StateBuffer } from "./parameter.ts";
export {
  Embedding,
  EmbeddingBag,
  type EmbeddingBagOptions,
  type EmbeddingOptions,
  embedding,
  embeddingBag,
} from "./sequences/embedding.ts";
export {
  type GatedOptions,
  GRU,
  LSTM,
  type LstmOutput,
  type RecurrentInputs,
  type RecurrentOptions,
  type RecurrentOutput,
  RNN,
  type RnnOptions,
} from "./sequences/recurrent.ts";
export { type SpectralNormOptions, spectralNorm } from "./spectral-norm.ts";
export type { StateDict, StateDictEntry } from "./state-dict.ts";
export { type ModelSummary, type SummaryInput, type SummaryRow, summary } from "./summary.ts";
export { type WeightNormOptions, weightNorm } from "./weight-norm.ts";
