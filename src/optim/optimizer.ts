/**
 * What an optimizer is: its settings, and how they become one update primitive per parameter. Holds no numbers: state lives
 * under its names beside the parameters. The arithmetic is in kernels/contract/updates.ts. Settings have PyTorch's names.
 */
import { RoundoffError } from "../base/errors.ts";
import { NORM_TYPES, type OpAttrs, type OptimizerOp } from "../kernels/contract.ts";

/** A learning rate, or a function from the step (from 0) to one: see schedules/. */
export type LearningRate = number | ((step: number) => number);

/** What a group is chosen by. */
export interface ParameterInfo {
  /** Full name, `layer1.0.conv1.weight`. */
  readonly name: string;
  /** `bias`: biases and the parameters of norms. */
  readonly kind: "weight" | "bias";
  readonly shape: readonly number[];
  /** Its gradient is wanted as rows: an optimizer that cannot use them is refused. */
  readonly sparse?: boolean;
}

/** Settings of all optimizers. */
export interface SharedOptions {
  /** Default 1e-3 or what PyTorch has. */
  readonly lr?: LearningRate;
  /** Default 0 (AdamW: 0.01). */
  readonly weightDecay?: number;
  /** Scales all gradients so that their common norm is at most this: PyTorch's clip_grad_norm_. */
  readonly clipNorm?: number;
  /** Which norm `clipNorm` is of: 2 (default), 1 or Infinity, the largest magnitude. */
  readonly clipNormType?: number;
  /** Largest magnitude of a gradient's element: PyTorch's clip_grad_value_. */
  readonly clipValue?: number;
}

/** Settings that some parameters have of their own. A parameter belongs to the first group that matches. */
export type ParameterGroup<Options> = Omit<Options, "groups" | "clipNorm" | "clipNormType"> & {
  readonly parameters: (parameter: ParameterInfo) => boolean;
};

/** State of a parameter beside its weight. */
export interface OptimizerState {
  /** Last part of its name, `momentum`. */
  readonly name: string;
  /** Its value before the first step. */
  readonly initial: number;
}

/** The primitive that updates a parameter, with its attributes, and the states that it reads and writes, in order. */
export interface UpdateRule<Op extends OptimizerOp = OptimizerOp> {
  readonly op: Op;
  readonly attrs: OpAttrs[Op];
  readonly states: readonly OptimizerState[];
}

/** Group 0 is the optimizer's own settings; the others follow in the order given. */
export interface AssignedRule {
  readonly rule: UpdateRule;
  readonly group: number;
}

export abstract class Optimizer<Options extends SharedOptions = SharedOptions> {
  readonly options: Options;
  readonly groups: readonly ParameterGroup<Options>[];
  protected abstract readonly defaultRate: number;

  constructor(options: Options & { readonly groups?: readonly ParameterGroup<Options>[] }) {
    const { groups = [], ...own } = options;
    this.options = own as unknown as Options;
    this.groups = groups;
    for (const settings of [this.options, ...groups]) checkSettings(settings);
  }

  protected abstract rule(options: Options): UpdateRule;

  /** How all gradients together are clipped; undefined: not at all. */
  get clipping(): { readonly maxNorm: number; readonly normType: number } | undefined {
    const { clipNorm: maxNorm, clipNormType: normType = 2 } = this.options;
    if (!NORM_TYPES.some((type) => type === normType)) {
      throw new RoundoffError("INVALID_ARGUMENT", {
        what: "gradients cannot be clipped by that norm",
        expected: `a norm of type ${NORM_TYPES.join(", ")}`,
        received: String(normType),
      });
    }
    return maxNorm === undefined ? undefined : { maxNorm, normType };
  }

  /** How `parameter` is updated. */
  ruleOf(parameter: ParameterInfo): AssignedRule {
    const group = 1 + this.groups.findIndex(({ parameters }) => parameters(parameter));
    return { rule: this.rule(this.settings(group)), group };
  }

  /** The learning rate of each group at `step` (from 0). A group without one has the optimizer's. */
  learningRates(step: number): number[] {
    return Array.from({ length: 1 + this.groups.length }, (_, group) => this.learningRate(group, step));
  }

  /** That of group `group`; 0 is the optimizer's own. */
  learningRate(group: number, step: number): number {
    const lr = this.groups[group - 1]?.lr ?? this.options.lr ?? this.defaultRate;
    return typeof lr === "function" ? lr(step) : lr;
  }

  private settings(group: number): Options {
    return group === 0 ? this.options : { ...this.options, ...this.groups[group - 1] };
  }
}

/** A group for `groups`: biases and the parameters of norms are not decayed. */
export const withoutDecay = {
  parameters: ({ kind }: ParameterInfo): boolean => kind === "bias",
  weightDecay: 0,
};

/** Numbers that can be no setting are refused where they are given, not where they spoil a run. */
function checkSettings(settings: object): void {
  for (const [name, value] of Object.entries(settings)) {
    const values: unknown[] = Array.isArray(value) ? value : [value];
    for (const x of values) {
      if (typeof x === "number" && !(x >= 0)) {
        throw new RoundoffError("INVALID_ARGUMENT", {
          what: `optimizer setting "${name}" is out of range`,
          expected: "a number of at least 0",
          received: String(x),
        });
      }
    }
  }
}
