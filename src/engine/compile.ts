/**
 * Compiled functions: any function of tensors, traced once per shapes of its arguments and run as one plan; with
 * gradients if asked for. Modules that it uses are bound by reference: training steps of the same model share them.
 */

import { gradients } from "../autodiff/gradients.ts";
import { RoundoffError } from "../base/errors.ts";
import { simplify } from "../compile/simplify.ts";
import { formatShape, type Graph } from "../graph/graph.ts";
import { Tensor } from "../graph/tensor.ts";
import type { KernelSet } from "../kernels/contract.ts";
import { initialize, Module, namedParameters } from "../nn/index.ts";
import { applyPolicy } from "../precision/apply-policy.ts";
import type { Recipe } from "../precision/recipe.ts";
import { splitSeed } from "../random/streams.ts";
import { BoundPlan } from "./bound-plan.ts";
import { defaultKernels } from "./default-kernels.ts";
import { numbersOf, tensor } from "./eager.ts";
import { PlanCache } from "./plan-cache.ts";
import { replaceTensors, signature, tensorsOf } from "./structure.ts";
import { type Trace, trace } from "./trace.ts";

export interface CompileOptions {
  /** Roundings as in training with this recipe. Default: none. */
  readonly recipe?: Recipe;
  /** Default: the best of this machine. */
  readonly kernels?: KernelSet;
  /** How many programs are kept, one for each structure and shapes of arguments. Default 32. */
  readonly maxPlans?: number;
  /** Keys stochastic rounding; the step counts calls. Default 0. */
  readonly seed?: number | bigint;
}

/** What it returns has the structure of the function's result, with eager tensors. */
export interface Compiled<Args extends unknown[], Out> {
  (...args: Args): Promise<Out>;
  /** Programs that are kept now. */
  readonly plans: number;
  /** The rounded graph for such arguments: for explainPlan and mermaid. */
  graph(...args: Args): Graph;
  /** Lets go of all memory now. Optional. */
  dispose(): void;
}

/** A function, or a module, whose `forward` is meant. */
export type Compilable<Args extends unknown[], Out> =
  | ((...args: Args) => Out)
  | { forward(...args: Args): Out };

/**
 * Inference and arbitrary functions. Modules are in evaluation mode. A number among the arguments is a constant of the
 * program: pass what changes as a tensor.
 */
export function compile<Args extends unknown[], Out>(
  fn: Compilable<Args, Out>,
  options: CompileOptions = {},
): Compiled<Args, Out> {
  const call = callable(fn);
  return compiled<Args, Out>((args) => trace(call, args, false), options);
}

export interface ValueAndGradOptions extends CompileOptions {
  /** Also differentiate with respect to this module's parameters. */
  readonly model?: Module<unknown>;
  /** Batch norm, dropout, … as in training. Default false. */
  readonly training?: boolean;
}

export interface ValueAndGrad<Args> {
  readonly value: Tensor;
  /** The structure of the arguments; integer tensors and what does not matter have zeros. */
  readonly grads: Args;
  /** By parameter name, of `model`. */
  readonly parameterGrads: Readonly<Record<string, Tensor>>;
}

/** A scalar function with its gradient with respect to all its floating-point arguments. */
export function valueAndGrad<Args extends unknown[]>(
  fn: Compilable<Args, Tensor>,
  options: ValueAndGradOptions = {},
): Compiled<Args, ValueAndGrad<Args>> {
  const call = callable(fn);
  const { model, training = false } = options;
  if (model !== undefined) initialize(model);
  return compiled<Args, ValueAndGrad<Args>>((args) => {
    const traced = trace(call, args, training);
    return { ...traced, result: appendGradients(traced, args, model) };
  }, options);
}

function appendGradients(
  { graph, inputs, result }: Trace,
  args: readonly unknown[],
  model: Module<unknown> | undefined,
): unknown {
  const value = requireScalar(result, "the function of valueAndGrad");
  const named = model === undefined ? [] : namedParameters(model);
  const parameters = named.map(([, parameter]) => parameter.valueIn(graph));
  const [seed] = graph.during("backward", () =>
    graph.apply("fill", [], { value: 1, shape: [] }, ["control"]),
  );
  const seedOfShape = graph.during("backward", () =>
    value.shape.length === 0 ? seed : graph.apply("reshape", [seed], { shape: value.shape }, ["control"])[0],
  );
  const found = gradients(graph, [value.value], [seedOfShape], [...inputs, ...parameters]);
  const gradient = (i: number, shape: readonly number[]) =>
    new Tensor(graph, found[i] ?? graph.apply("fill", [], { value: 0, shape })[0]);
  let next = 0;
  const grads = replaceTensors(args, ({ shape }) => gradient(next++, shape));
  const parameterGrads = Object.fromEntries(
    named.map(([name, { shape }], i) => [name, gradient(inputs.length + i, shape)]),
  );
  return { value, grads, parameterGrads };
}

/** The one tensor of one element that a loss is. */
export function requireScalar(result: unknown, what: string): Tensor {
  if (result instanceof Tensor && result.shape.every((size) => size === 1)) return result;
  throw new RoundoffError("SHAPE_MISMATCH", {
    what: `${what} must return one number`,
    expected: "a tensor of shape []",
    received: result instanceof Tensor ? formatShape(result.shape) : typeof result,
    hint: "Reduce it: .mean() or .sum().",
  });
}

/** Modules get their numbers when they are compiled, if they have none. */
function callable<Args extends unknown[], Out>(fn: Compilable<Args, Out>): (...args: never[]) => Out {
  if (typeof fn === "function") return fn as unknown as (...args: never[]) => Out;
  if (fn instanceof Module) initialize(fn);
  return (...args) => fn.forward(...(args as unknown as Args));
}

function compiled<Args extends unknown[], Out>(
  traceArgs: (args: readonly unknown[]) => Trace,
  { recipe, kernels, maxPlans, seed = 0 }: CompileOptions,
): Compiled<Args, Out> {
  const cache = new PlanCache<BoundPlan>(maxPlans);
  const traces = new WeakMap<BoundPlan, Trace>();
  const [seedLow, seedHigh] = splitSeed(seed);
  const clock = new Int32Array([seedLow, seedHigh, 0]);
  const planOf = (args: readonly unknown[]): BoundPlan =>
    cache.get(signature(args), () => {
      const traced = traceArgs(args);
      const plan = new BoundPlan(roundedGraph(traced, recipe), {
        kernels: kernels ?? defaultKernels(),
        clock,
      });
      traces.set(plan, traced);
      return plan;
    });
  let calls = 0;
  const run = async (...args: Args): Promise<Out> => {
    const given = await Promise.all(tensorsOf(args).map(({ path, tensor }) => numbersOf(tensor, path)));
    const plan = planOf(args);
    const { inputs, result } = traces.get(plan)!;
    return plan.run(
      () => {
        clock[2] = calls++;
        inputs.forEach(({ source }, i) => {
          plan.write(source!.name, given[i]);
        });
      },
      () => resultOf(plan, result) as Out,
    );
  };
  return Object.defineProperties(run, {
    plans: { get: () => cache.size },
    graph: { value: (...args: Args) => roundedGraph(traceArgs(args), recipe) },
    dispose: { value: () => cache.clear() },
    [Symbol.dispose ?? Symbol.for("dispose")]: { value: () => cache.clear() },
  }) as unknown as Compiled<Args, Out>;
}

/** The graph of a trace with its results as outputs, rounded as the recipe says. */
export function roundedGraph({ graph, result }: Trace, recipe: Recipe | undefined): Graph {
  for (const { path, tensor: one } of tensorsOf(result)) graph.output(`result ${path}`, one.value);
  return simplify(recipe === undefined ? graph : applyPolicy(graph, recipe.policy));
}

/** The traced result with the numbers of the last run. */
export function resultOf(plan: BoundPlan, result: unknown): unknown {
  const paths = tensorsOf(result).map(({ path }) => path);
  let next = 0;
  return replaceTensors(result, ({ shape }) => tensor(plan.output(`result ${paths[next++]}`), { shape }));
}
