/** The graphs of a training step: loss, gradients, and the update in the same graph or, with accumulation, in its own. */

import { gradients } from "../autodiff/gradients.ts";
import { RoundoffError } from "../base/errors.ts";
import { simplify } from "../compile/simplify.ts";
import { Graph, type Role, type Value } from "../graph/graph.ts";
import { Tensor } from "../graph/tensor.ts";
import { type Module, namedParameters } from "../nn/index.ts";
import { appendUpdate, type Trained } from "../optim/append-update.ts";
import type { Optimizer, ParameterInfo } from "../optim/optimizer.ts";
import { applyPolicy } from "../precision/apply-policy.ts";
import { LOSS_SCALE_SEED } from "../precision/loss-scaling.ts";
import type { Recipe } from "../precision/recipe.ts";
import { requireScalar } from "./compile.ts";
import { tensorsOf } from "./structure.ts";
import { trace } from "./trace.ts";

export interface StepTraceOptions<M, Batch> {
  readonly loss: (model: M, batch: Batch) => unknown;
  readonly optimizer: Optimizer;
  readonly recipe?: Recipe;
  readonly parameters?: (parameter: ParameterInfo) => boolean;
  readonly accumulate?: number;
  readonly emaDecay?: number;
  readonly name: string;
}

export interface StepTrace {
  readonly graph: Graph;
  /** With accumulation: the update from the sums of the gradients. */
  readonly updateGraph?: Graph;
  readonly inputs: readonly Value[];
  /** The batch with symbolic tensors. */
  readonly batch: unknown;
  readonly losses: Readonly<Record<string, unknown>>;
  readonly gradientNorm?: Value;
}

export function traceStep<M extends Module<unknown>, Batch>(
  model: M,
  batch: Batch,
  options: StepTraceOptions<M, Batch>,
): StepTrace {
  const { recipe, accumulate = 1 } = options;
  const traced = trace((given: never) => options.loss(model, given), [batch], true);
  const {
    graph,
    arguments: [given],
  } = traced;
  const losses = lossesOf(traced.result);
  for (const { path, tensor } of tensorsOf(losses)) graph.output(`result ${path}`, tensor.value);
  const trained = appendGradients(graph, model, losses.loss as Tensor, options);
  const round = (one: Graph) => simplify(recipe === undefined ? one : applyPolicy(one, recipe.policy));
  if (accumulate === 1) {
    const { gradientNorm } = update(graph, trained, options);
    return { graph: round(graph), inputs: traced.inputs, batch: given, losses, gradientNorm };
  }
  const updateGraph = new Graph({ training: true });
  const summed = trained.map((one) => appendSum(graph, updateGraph, one));
  update(updateGraph, summed, options);
  return {
    graph: round(graph),
    updateGraph: round(updateGraph),
    inputs: traced.inputs,
    batch: given,
    losses,
  };
}

function update<M, Batch>(
  graph: Graph,
  trained: readonly Trained[],
  { optimizer, recipe, emaDecay, name }: StepTraceOptions<M, Batch>,
): { readonly gradientNorm?: Value } {
  const lossScaling = recipe?.lossScaling ?? ({ kind: "none" } as const);
  const { gradientNorm } = appendUpdate(graph, optimizer, trained, { lossScaling, name, emaDecay });
  if (gradientNorm !== undefined) graph.output("gradientNorm", gradientNorm);
  return { gradientNorm };
}

function lossesOf(result: unknown): Readonly<Record<string, unknown>> {
  const losses = result instanceof Tensor ? { loss: result } : (result as Readonly<Record<string, unknown>>);
  requireScalar(losses?.loss, "a loss function");
  const { outputs: _, ...scalars } = losses;
  for (const [name, value] of Object.entries(scalars)) {
    if (value instanceof Tensor) requireScalar(value, `metric "${name}" of a loss function`);
  }
  return losses;
}

function appendGradients<M extends Module<unknown>, Batch>(
  graph: Graph,
  model: M,
  loss: Tensor,
  { parameters = () => true, recipe, accumulate = 1 }: StepTraceOptions<M, Batch>,
): Trained[] {
  const chosen = namedParameters(model).flatMap(([name, parameter]) => {
    const { kind, shape, sparse } = parameter;
    const info = { name, kind, shape, sparse };
    return parameters(info) ? [{ info, parameter: parameter.valueIn(graph) }] : [];
  });
  const seed = lossSeed(graph, loss, accumulate > 1 || (recipe?.lossScaling.kind ?? "none") !== "none");
  const found = gradients(
    graph,
    [loss.value],
    [seed],
    chosen.map(({ parameter }) => parameter),
  );
  const trained = chosen.flatMap((one, i): Trained[] => {
    const gradient = found[i];
    return gradient === undefined ? [] : [{ ...one, gradient }];
  });
  if (trained.length > 0) return trained;
  throw new RoundoffError("INVALID_ARGUMENT", {
    what: "the loss depends on none of the model's trained parameters",
    expected: "a loss computed from the model that was given",
    hint: "Use the loss function's first argument, and look at the option `parameters`.",
  });
}

/** The gradient of the loss with respect to itself: 1, or what the host writes before each step. */
function lossSeed(graph: Graph, { shape }: Tensor, scaled: boolean): Value {
  if (scaled) return graph.source({ kind: "input", name: LOSS_SCALE_SEED }, shape, "control");
  return graph.during("backward", () => graph.apply("fill", [], { value: 1, shape }, ["control"])[0]);
}

/** Adds the gradient to its sum in `graph`; in the graph of the update the sum is the gradient. */
function appendSum(graph: Graph, updateGraph: Graph, { info, parameter, gradient }: Trained): Trained {
  const { name, shape, kind } = info;
  const role: Role = kind === "weight" ? "gradWeight" : "gradBias";
  const source = { kind: "state", name: `${name}.grad`, sum: true } as const;
  const before = graph.source(source, shape, role);
  const [sum] = graph.during("update", () =>
    graph.apply("binary", [before, gradient], { kind: "add" }, [role]),
  );
  graph.update(before, sum);
  const state = updateGraph.source(parameter.source!, shape, kind);
  return { info, parameter: state, gradient: updateGraph.source(source, shape, role) };
}
