/**
 * The end of a training step: appends the check and the clipping of the gradients, the update of every parameter, the
 * averages and the loss scale to a graph. Knows optimizers and loss scaling, no models and no formats.
 */
import type { Graph, Role, Value } from "../graph/graph.ts";
import type { OpAttrs } from "../kernels/contract.ts";
import { appendLossScaling, appendScaleUpdate, type ScaleControl } from "../precision/loss-scaling.ts";
import type { LossScaling } from "../precision/recipe.ts";
import type { AssignedRule, Optimizer, ParameterInfo } from "./optimizer.ts";
import { rowGradient, updateRows } from "./row-updates.ts";

/** Name of the external f32 [1] array that holds the step's learning rate: of the optimizer, or of one of its groups. */
export const learningRateName = (group = 0): string =>
  group === 0 ? "learningRate" : `learningRate.${group}`;

/** Of the one optimizer that a model usually has. */
export const DEFAULT_OPTIMIZER_NAME = "optimizer";

/** The state of a parameter that an optimizer keeps: `fc.weight.momentum`, of a second one `fc.weight.optimizer2.momentum`. */
const stateName = (parameter: string, state: string, optimizer: string): string =>
  optimizer === DEFAULT_OPTIMIZER_NAME ? `${parameter}.${state}` : `${parameter}.${optimizer}.${state}`;

/** The moving average of a parameter. */
export const averageName = (parameter: string): string => `${parameter}.ema`;

export interface Trained {
  readonly info: ParameterInfo;
  readonly parameter: Value;
  readonly gradient: Value;
}

interface Updated extends Trained {
  /** The rows that the gradient is of; absent: of all. */
  readonly rows?: Value;
  readonly assigned: AssignedRule;
}

export interface UpdateOptions {
  readonly lossScaling: LossScaling;
  /** Tells optimizers of one model apart: part of the names of their states. Default "optimizer". */
  readonly name?: string;
  /** Keep moving averages of the parameters with this decay. */
  readonly emaDecay?: number;
}

/** Appends everything in the phase `update`. Returns the norm of the gradients when the optimizer clips by it. */
export function appendUpdate(
  graph: Graph,
  optimizer: Optimizer,
  trained: readonly Trained[],
  { lossScaling, name = DEFAULT_OPTIMIZER_NAME, emaDecay }: UpdateOptions,
): { readonly gradientNorm?: Value } {
  return graph.during("update", () => {
    const updated = trained.map((one) => {
      const assigned = optimizer.ruleOf(one.info);
      return { ...one, ...rowGradient(graph, one, assigned.rule), assigned };
    });
    const gradients = updated.map(({ gradient }) => gradient);
    const control = appendLossScaling(graph, lossScaling, gradients);
    const step = appendStepCount(graph, `${name}.step`, control);
    const clip = appendClipping(graph, optimizer.clipping, gradients, control);
    const tail = clip === undefined ? scaleInputs(control) : [clip.state, clip.found, clip.factor];
    for (const one of updated) {
      const next = appendRule(graph, one, { name, step, tail });
      if (emaDecay !== undefined) appendAverage(graph, one, next, emaDecay, control);
    }
    if (control !== undefined) appendScaleUpdate(graph, lossScaling, control);
    return { gradientNorm: clip?.norm };
  });
}

const scaleInputs = (control: ScaleControl | undefined): Value[] =>
  control === undefined ? [] : [control.state, control.found];

function appendStepCount(graph: Graph, name: string, control: ScaleControl | undefined): Value {
  const step = graph.source({ kind: "state", name }, [1], "control");
  const inputs = control === undefined ? [step] : [step, control.found];
  const [next] = graph.apply("countStep", inputs, {});
  graph.update(step, next);
  return next;
}

/** The operands of a clipped update; without loss scaling a scale of 1 and nothing found stand in. */
function appendClipping(
  graph: Graph,
  clipping: OpAttrs["clipByNorm"] | undefined,
  gradients: readonly Value[],
  control: ScaleControl | undefined,
): { state: Value; found: Value; norm: Value; factor: Value } | undefined {
  if (clipping === undefined || gradients.length === 0) return undefined;
  const fill = (value: number, shape: readonly number[]) =>
    graph.apply("fill", [], { value, shape }, ["control"])[0];
  const { state, found } = control ?? { state: fill(1, [4]), found: fill(0, []) };
  const [norm, factor] = graph.apply("clipByNorm", [state, ...gradients], clipping);
  return { state, found, norm, factor };
}

function appendRule(
  graph: Graph,
  { info, parameter, gradient, rows, assigned: { rule, group } }: Updated,
  { name: optimizer, step, tail }: { name: string; step: Value; tail: readonly Value[] },
): Value {
  const states = rule.states.map(({ name, initial }) =>
    graph.source(
      { kind: "state", name: stateName(info.name, name, optimizer), initial },
      parameter.shape,
      "optimizerState",
    ),
  );
  const rate = graph.source({ kind: "input", name: learningRateName(group) }, [1], "control");
  const role: Role = parameter.role === "weight" ? "masterWeight" : "masterBias";
  const roles: Role[] = [role, ...states.map((): Role => "optimizerState")];
  const apply = (operands: readonly Value[], given: readonly Role[]) => {
    const [w, ...kept] = operands;
    return graph.apply(rule.op, [w, gradient, ...kept, rate, step, ...tail], rule.attrs, given);
  };
  const whole = [parameter, ...states];
  const [next, ...nextStates] =
    rows === undefined ? apply(whole, roles) : updateRows(graph, { whole, rows, roles }, apply);
  graph.update(parameter, next);
  states.forEach((state, i) => {
    graph.update(state, nextStates[i]);
  });
  return next;
}

function appendAverage(
  graph: Graph,
  { info, parameter }: Trained,
  next: Value,
  decay: number,
  control: ScaleControl | undefined,
): void {
  const name = averageName(info.name);
  const source = { kind: "state", name, initial: info.name } as const;
  const average = graph.source(source, parameter.shape, "statistic");
  const inputs = [average, next, ...(control === undefined ? [] : [control.found])];
  graph.update(average, graph.apply("emaUpdate", inputs, { decay }, ["statistic"])[0]);
}
