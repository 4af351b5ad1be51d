/** The public names of `optim`: optimizers and schedules. A list, no logic. */
export {
  type LearningRate,
  Optimizer,
  type ParameterGroup,
  type ParameterInfo,
  type SharedOptions,
  withoutDecay,
} from "./optimizer.ts";
export {
  Adagrad,
  type AdagradOptions,
  Adam,
  type AdamOptions,
  AdamW,
  LAMB,
  LARS,
  type LambOptions,
  type LarsOptions,
  RMSprop,
  type RmspropOptions,
  SGD,
  type SgdOptions,
} from "./optimizers.ts";
export {
  constant,
  cosine,
  cosineRestarts,
  exponential,
  inverse,
  multiStep,
  oneCycle,
  piecewise,
  polynomial,
  type Schedule,
  step,
  warmUp,
} from "./schedules/classic.ts";
export { type CyclicOptions, type CyclicPolicy, cyclic } from "./schedules/cyclic.ts";
