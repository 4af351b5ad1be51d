/** Runs a model once on given numbers, forward and backward, for the tests of layers. */
import { gradients } from "../../autodiff/gradients.ts";
import { evaluate } from "../../compile/evaluate.ts";
import { elementCount, Graph } from "../../graph/graph.ts";
import { Tensor } from "../../graph/tensor.ts";
import type { ExternalArray, KernelSet } from "../../kernels/contract.ts";
import { createReferenceKernels } from "../../kernels/reference/kernel-set.ts";
import { init, type Module, namedParameters, namedStates } from "../module.ts";

export interface RunOptions {
  readonly training?: boolean;
  readonly kernels?: KernelSet;
  /** What is done to the traced graph: roundings. */
  readonly pass?: (graph: Graph) => Graph;
  /** Word of the clock. */
  readonly step?: number;
}

export interface ModelRun {
  readonly shape: readonly number[];
  readonly output: number[];
  /** Of the sum of all outputs, with respect to x. */
  readonly gradInput: number[];
  /** Gradients of the parameters by name. */
  readonly grads: ReadonlyMap<string, number[]>;
  readonly graph: Graph;
}

/** `model` must have its numbers (init); running statistics are written in place. */
export async function runModel(
  model: Module,
  { shape, values }: { readonly shape: readonly number[]; readonly values: ArrayLike<number> },
  options: RunOptions = {},
): Promise<ModelRun> {
  const { training = true, kernels = createReferenceKernels(), pass = (graph) => graph, step = 0 } = options;
  const graph = new Graph({ training });
  const x = graph.source({ kind: "input", name: "x" }, shape, "input");
  const y = model.forward(new Tensor(graph, x));
  graph.output("output", y.value);
  const parameters = namedParameters(model).map(([name, parameter]) => ({
    name,
    value: parameter.valueIn(graph),
  }));
  const wrt = [x, ...parameters.map(({ value }) => value)];
  const seed = graph.during("backward", () => graph.apply("fill", [], { value: 1, shape: y.shape })[0]);
  gradients(graph, [y.value], [seed], wrt).forEach((grad, i) => {
    if (grad !== undefined) graph.output(`grad ${i}`, grad);
  });
  const feeds = new Map<string, ExternalArray>(namedStates(model).map(([name, { data }]) => [name, data!]));
  feeds.set("x", Float32Array.from(values));
  const rounded = pass(graph);
  const results = await evaluate(rounded, { kernels, feeds, clock: new Int32Array([7, 8, step]) });
  const list = (name: string) => Array.from(results.get(name) ?? []);
  return {
    shape: y.shape,
    output: list("output"),
    gradInput: list("grad 0"),
    grads: new Map(parameters.map(({ name }, i) => [name, list(`grad ${i + 1}`)])),
    graph: rounded,
  };
}

/** A tensor of irregular values of both signs. */
export function irregular(...shape: number[]): { shape: readonly number[]; values: Float32Array } {
  const values = Float32Array.from({ length: elementCount(shape) }, (_, i) => ((i * 37) % 29) / 8 - 1.7);
  return { shape, values };
}

export const initialised = <M extends Module>(model: M): M => init(model, { seed: 3 });
