/**
 * Training steps: a loss of any model and any batch, compiled with its gradients and its update into one plan per shapes of
 * the batch. What is trained is shared by reference with every other plan of the model.
 */
import type { Graph } from "../graph/graph.ts";
import { Tensor } from "../graph/tensor.ts";
import type { KernelSet } from "../kernels/contract.ts";
import { initialize, type Module } from "../nn/index.ts";
import type { Optimizer, ParameterInfo } from "../optim/optimizer.ts";
import type { Recipe } from "../precision/recipe.ts";
import { BoundPlan } from "./bound-plan.ts";
import { resultOf } from "./compile.ts";
import { defaultKernels } from "./default-kernels.ts";
import { heldNumbers, type Numbers, numbersOf } from "./eager.ts";
import { optimizerName, stateOf } from "./model-registry.ts";
import { PlanCache } from "./plan-cache.ts";
import { StepInputs } from "./step-inputs.ts";
import { forEachTensor, sameSignature, signature, tensorsOf } from "./structure.ts";
import { type StepTrace, traceStep } from "./trace-step.ts";
import { addTrainingState, type ModelState, roundInitialState } from "./training-state.ts";

/** What a loss function returns: the loss alone, or with scalars to report, and with `outputs` of any structure. */
export type Losses = Tensor | { readonly loss: Tensor; readonly outputs?: unknown };

export interface TrainStepOptions<M, Batch, L extends Losses> {
  readonly loss: (model: M, batch: Batch) => L;
  readonly optimizer: Optimizer;
  /** Default: FP32 throughout. */
  readonly recipe?: Recipe;
  /** Which parameters are trained. Default: all of the model that the loss depends on. */
  readonly parameters?: (parameter: ParameterInfo) => boolean;
  /** Updates once in so many calls, with the mean of their gradients. Default 1. */
  readonly accumulate?: number;
  /** Keeps moving averages of the parameters: see `swapAverages`. */
  readonly emaDecay?: number;
  /** Keys stochastic rounding and dropout, and the start of a model that has no numbers yet. Default 0. */
  readonly seed?: number | bigint;
  /** Default: the best of this machine. */
  readonly kernels?: KernelSet;
  /** How many programs are kept, one for each shapes of a batch. Default 32. */
  readonly maxPlans?: number;
}

/** Scalars as numbers, `outputs` as eager tensors. */
export type StepResult<L extends Losses> = (L extends Tensor
  ? { readonly loss: number }
  : { readonly [K in Exclude<keyof L, "outputs">]: number } & Pick<L, Extract<keyof L, "outputs">>) & {
  /** Norm of all gradients before clipping; only where the optimizer clips by it. */
  readonly gradientNorm?: number;
  /** The factor that the loss was multiplied by; 1 without scaling. */
  readonly lossScale: number;
  /** Steps skipped so far because a gradient was not finite. */
  readonly skippedSteps: number;
};

export interface StepControl {
  /** Instead of the optimizer's, for this call. */
  readonly learningRate?: number;
}

export interface TrainStep<Batch, L extends Losses> {
  (batch: Batch, control?: StepControl): Promise<StepResult<L>>;
  /** Updates done: what schedules and random streams are keyed by. Set it when a run is resumed. */
  steps: number;
  /** Parameters, buffers, optimizer state and loss scale by name: all that a checkpoint must hold. */
  readonly state: ModelState;
  /** Programs that are kept now. */
  readonly plans: number;
  /** The rounded graph for such a batch: for explainPlan and mermaid. */
  graph(batch: Batch): Graph;
  /** Lets go of the programs now. Optional. */
  dispose(): void;
}

/** Compiles on the first batch of each shapes. */
export function compileTrainStep<M extends Module<unknown>, Batch, L extends Losses>(
  model: M,
  options: TrainStepOptions<M, Batch, L>,
): TrainStep<Batch, L> {
  initialize(model, { seed: options.seed });
  const runner = new StepRunner<M, Batch, L>(model, options);
  const call = (batch: Batch, control: StepControl = {}) => runner.call(batch, control);
  return Object.defineProperties(call, {
    steps: {
      get: () => runner.steps,
      set: (steps: number) => {
        runner.steps = steps;
      },
    },
    state: { value: runner.state },
    plans: { get: () => runner.plans },
    graph: { value: (batch: Batch) => runner.trace(batch).graph },
    dispose: { value: () => runner.dispose() },
    [Symbol.dispose ?? Symbol.for("dispose")]: { value: () => runner.dispose() },
  }) as unknown as TrainStep<Batch, L>;
}

interface StepPlans {
  readonly trace: StepTrace;
  readonly forward: BoundPlan;
  readonly update?: BoundPlan;
  /** What the loss function returned but for `outputs`. */
  readonly scalars: readonly (readonly [name: string, value: unknown])[];
  dispose(): void;
}

class StepRunner<M extends Module<unknown>, Batch, L extends Losses> {
  steps = 0;
  readonly state: ModelState;
  private readonly model: M;
  private readonly options: TrainStepOptions<M, Batch, L>;
  private readonly cache: PlanCache<StepPlans>;
  private latest: StepPlans | undefined;
  private readonly inputs: StepInputs;
  /** Sums of gradients between updates. */
  private readonly sums: ModelState = new Map();
  private summed = 0;
  private usedScale = 1;

  constructor(model: M, options: TrainStepOptions<M, Batch, L>) {
    this.model = model;
    this.options = options;
    this.state = stateOf(model);
    this.cache = new PlanCache(options.maxPlans);
    const { optimizer, recipe, seed = 0 } = options;
    this.inputs = new StepInputs({ optimizer, lossScaling: recipe?.lossScaling, state: this.state, seed });
  }

  get plans(): number {
    return this.cache.size;
  }

  trace(batch: Batch): StepTrace {
    const name = optimizerName(this.model, this.options.optimizer);
    return traceStep(this.model, batch, { ...this.options, name });
  }

  dispose(): void {
    this.latest = undefined;
    this.cache.clear();
  }

  async call(batch: Batch, { learningRate }: StepControl): Promise<StepResult<L>> {
    const given =
      heldOf(batch) ??
      (await Promise.all(tensorsOf(batch).map(({ path, tensor }) => numbersOf(tensor, path))));
    const plans = this.plansFor(batch);
    const { inputs } = plans.trace;
    const { accumulate = 1 } = this.options;
    const result = await plans.forward.run(
      () => {
        for (let i = 0; i < given.length; i++) plans.forward.write(inputs[i].source!.name, given[i]);
        this.writeInputs(plans.forward, learningRate);
      },
      () => this.read(plans),
    );
    if (plans.update === undefined) this.steps++;
    else if (++this.summed === accumulate) await this.update(plans.update, learningRate);
    return result;
  }

  /** Those of the last step in most cases. */
  private plansFor(batch: Batch): StepPlans {
    if (this.latest !== undefined && sameSignature(this.latest.trace.batch, batch)) return this.latest;
    this.latest = this.cache.get(signature(batch), () => this.build(batch));
    return this.latest;
  }

  private build(batch: Batch): StepPlans {
    const trace = this.trace(batch);
    const { updateGraph, losses } = trace;
    const forward = this.bind(trace.graph);
    const update = updateGraph === undefined ? undefined : this.bind(updateGraph);
    const dispose = () => {
      forward.dispose();
      update?.dispose();
    };
    const { outputs: _, ...scalars } = losses;
    return { trace, forward, update, scalars: Object.entries(scalars), dispose };
  }

  private bind(graph: Graph): BoundPlan {
    const { recipe, kernels = defaultKernels() } = this.options;
    const sums = graph.sources.filter(({ source }) => source!.sum === true).map(({ source }) => source!.name);
    addTrainingState(this.state, graph, recipe?.lossScaling ?? { kind: "none" });
    // Sums of gradients are no part of a checkpoint: it is taken between updates.
    for (const name of sums) {
      if (!this.sums.has(name)) this.sums.set(name, this.state.get(name)!);
      this.state.delete(name);
    }
    const plan = new BoundPlan(graph, {
      kernels,
      states: new Map([...this.state, ...this.sums]),
      clock: this.inputs.clock,
    });
    roundInitialState(plan.states, plan.built.plan);
    return plan;
  }

  private writeInputs(plan: BoundPlan, learningRate: number | undefined): void {
    const { accumulate = 1 } = this.options;
    const { steps: step, summed } = this;
    const clock = step * accumulate + summed;
    const { lossScale } = this.inputs.write(plan, { step, clock, accumulate, learningRate });
    this.usedScale = lossScale;
  }

  private async update(plan: BoundPlan, learningRate: number | undefined): Promise<void> {
    await plan.run(
      () => this.writeInputs(plan, learningRate),
      () => {
        for (const { data } of this.sums.values()) data.fill(0);
      },
    );
    this.summed = 0;
    this.steps++;
  }

  private read({ forward, scalars, trace: { losses, gradientNorm } }: StepPlans): StepResult<L> {
    const result: Record<string, unknown> = {};
    for (const [name, value] of scalars)
      result[name] = value instanceof Tensor ? forward.scalar(`result ${name}`) : value;
    const { outputs } = losses;
    if (outputs !== undefined) Object.assign(result, resultOf(forward, { outputs }));
    if (gradientNorm !== undefined) result.gradientNorm = forward.scalar("gradientNorm");
    result.lossScale = this.usedScale;
    result.skippedSteps = this.inputs.skippedSteps;
    return result as StepResult<L>;
  }
}

/** The numbers of all tensors of a batch in order, if none has to be computed first. */
function heldOf(batch: unknown): Numbers[] | undefined {
  const found: Numbers[] = [];
  let complete = true;
  forEachTensor(batch, (one) => {
    const numbers = heldNumbers(one);
    if (numbers === undefined) complete = false;
    else found.push(numbers);
  });
  return complete ? found : undefined;
}
