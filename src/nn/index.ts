/** The public names of `nn`: modules, layers and losses. A list, no logic. */

export {
  type AttentionOptions,
  attentionWithWeights,
  scaledDotProductAttention,
} from "./functional/attention.ts";
export type { Initializer } from "./initializers.ts";
export {
  BatchNorm2d,
  type BatchNormOptions,
  Conv2d,
  type Conv2dOptions,
  Flatten,
  GlobalAvgPool2d,
  Linear,
  type LinearOptions,
  MaxPool2d,
  ReLU,
  Sequential,
} from "./layers.ts";
export { type CrossEntropyOptions, crossEntropy } from "./losses/cross-entropy.ts";
export { type CtcLengths, type CtcLossOptions, ctcLoss } from "./losses/ctc.ts";
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
export type { StateDict, StateDictEntry } from "./state-dict.ts";
