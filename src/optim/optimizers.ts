/**
 * The optimizers by PyTorch's names, with PyTorch's settings and defaults; LARS and LAMB with those of their papers. Each
 * only says which primitive it is: the formulas are in kernels/contract/updates.ts.
 */
import { Optimizer, type OptimizerState, type SharedOptions, type UpdateRule } from "./optimizer.ts";

const zero = (...names: string[]): OptimizerState[] => names.map((name) => ({ name, initial: 0 }));
const shared = ({ weightDecay = 0, clipValue = Infinity }: SharedOptions) => ({ weightDecay, clipValue });

export interface SgdOptions extends SharedOptions {
  readonly momentum?: number;
  readonly dampening?: number;
  readonly nesterov?: boolean;
}

/** torch.optim.SGD. */
export class SGD extends Optimizer<SgdOptions> {
  protected readonly defaultRate = 1e-3;

  protected rule(options: SgdOptions): UpdateRule<"sgdUpdate"> {
    const { momentum = 0, dampening = 0, nesterov = false } = options;
    const attrs = { ...shared(options), momentum, dampening, nesterov };
    return { op: "sgdUpdate", attrs, states: momentum === 0 ? [] : zero("momentum") };
  }
}

export interface AdamOptions extends SharedOptions {
  readonly betas?: readonly [number, number];
  readonly eps?: number;
  readonly amsgrad?: boolean;
}

function adamRule(options: AdamOptions, decoupled: boolean): UpdateRule<"adamUpdate"> {
  const { betas = [0.9, 0.999], eps = 1e-8, amsgrad = false } = options;
  const attrs = { ...shared(options), beta1: betas[0], beta2: betas[1], eps, decoupled, amsgrad };
  const states = zero("expAvg", "expAvgSq", ...(amsgrad ? ["maxExpAvgSq"] : []));
  return { op: "adamUpdate", attrs, states };
}

/** torch.optim.Adam: weight decay is an L2 term of the gradient. */
export class Adam extends Optimizer<AdamOptions> {
  protected readonly defaultRate = 1e-3;

  protected rule(options: AdamOptions): UpdateRule {
    return adamRule(options, false);
  }
}

/** torch.optim.AdamW: weight decay shrinks the weights directly. */
export class AdamW extends Optimizer<AdamOptions> {
  protected readonly defaultRate = 1e-3;

  protected rule(options: AdamOptions): UpdateRule {
    return adamRule({ ...options, weightDecay: options.weightDecay ?? 0.01 }, true);
  }
}

export interface RmspropOptions extends SharedOptions {
  readonly alpha?: number;
  readonly eps?: number;
  readonly momentum?: number;
  readonly centered?: boolean;
}

/** torch.optim.RMSprop. */
export class RMSprop extends Optimizer<RmspropOptions> {
  protected readonly defaultRate = 1e-2;

  protected rule(options: RmspropOptions): UpdateRule<"rmspropUpdate"> {
    const { alpha = 0.99, eps = 1e-8, momentum = 0, centered = false } = options;
    const names = ["squareAvg", ...(centered ? ["gradAvg"] : []), ...(momentum > 0 ? ["momentum"] : [])];
    return {
      op: "rmspropUpdate",
      attrs: { ...shared(options), alpha, eps, momentum, centered },
      states: zero(...names),
    };
  }
}

export interface AdagradOptions extends SharedOptions {
  readonly lrDecay?: number;
  readonly eps?: number;
  readonly initialAccumulatorValue?: number;
}

/** torch.optim.Adagrad. */
export class Adagrad extends Optimizer<AdagradOptions> {
  protected readonly defaultRate = 1e-2;

  protected rule(options: AdagradOptions): UpdateRule<"adagradUpdate"> {
    const { lrDecay = 0, eps = 1e-10, initialAccumulatorValue: initial = 0 } = options;
    return {
      op: "adagradUpdate",
      attrs: { ...shared(options), lrDecay, eps },
      states: [{ name: "sum", initial }],
    };
  }
}

export interface LarsOptions extends SharedOptions {
  readonly momentum?: number;
  readonly nesterov?: boolean;
  /** The paper's η. */
  readonly trustCoefficient?: number;
  readonly eps?: number;
  /** False: plain SGD, as is usual for biases and norms. */
  readonly adapt?: boolean;
}

/** Layer-wise adaptive rates: You, Gitman, Ginsburg 2017, with their momentum and trust coefficient. */
export class LARS extends Optimizer<LarsOptions> {
  protected readonly defaultRate = 1e-2;

  protected rule(options: LarsOptions): UpdateRule {
    const { momentum = 0.9, nesterov = false, adapt = true } = options;
    const { trustCoefficient: trust = 0.001, eps = 1e-8 } = options;
    if (!adapt) {
      const attrs = { ...shared(options), momentum, dampening: 0, nesterov };
      return { op: "sgdUpdate", attrs, states: momentum === 0 ? [] : zero("momentum") };
    }
    const attrs = { ...shared(options), momentum, nesterov, trust, eps };
    return { op: "larsUpdate", attrs, states: zero("momentum") };
  }
}

export type LambOptions = Omit<AdamOptions, "amsgrad">;

/** Layer-wise Adam: You et al. 2020, algorithm 2, with its defaults. */
export class LAMB extends Optimizer<LambOptions> {
  protected readonly defaultRate = 1e-3;

  protected rule(options: LambOptions): UpdateRule<"lambUpdate"> {
    const { betas = [0.9, 0.999], eps = 1e-6 } = options;
    const attrs = { ...shared(options), beta1: betas[0], beta2: betas[1], eps };
    return { op: "lambUpdate", attrs, states: zero("expAvg", "expAvgSq") };
  }
}
