/** The public names of `nn`: modules, layers and losses. A list, no logic. */
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
export { type CrossEntropyOptions, crossEntropy } from "./losses.ts";
export {
  bindNames,
  Module,
  namedModules,
  namedParameters,
  namedStates,
  Parameter,
  type ParameterKind,
  StateBuffer,
} from "./module.ts";
