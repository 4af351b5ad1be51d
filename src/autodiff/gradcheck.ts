/**
 * Finite-difference check of gradients in FP64: the second opinion on every backward rule. Central differences along
 * every input element; the caller says how to evaluate a graph (this layer knows no kernels).
 */
import { elementCount, Graph, type Value } from "../graph/graph.ts";
import { Tensor } from "../graph/tensor.ts";
import { gradients } from "./gradients.ts";

/** An input of the function under test. */
export interface CheckedInput {
  readonly shape: readonly number[];
  readonly values: Float64Array;
  /** Inputs such as labels are not differentiated. */
  readonly differentiable?: boolean;
  readonly dtype?: "f32" | "i32";
}

/** Runs a graph in FP64 and gives the outputs by name. */
export type EvaluateF64 = (
  graph: Graph,
  feeds: ReadonlyMap<string, Float64Array | Int32Array>,
) => Promise<ReadonlyMap<string, ArrayLike<number>>>;

export interface GradcheckOptions {
  /** Distance of the two points of a central difference from the middle. */
  readonly step?: number;
  readonly training?: boolean;
}

export interface GradcheckResult {
  /** Largest |analytic − numeric| / max(1, |numeric|) over all elements of all inputs. */
  readonly worst: number;
  readonly where: string;
}

const STEP = 1e-5;
const COTANGENT = "cotangent";

/** Compares the gradients of Σ output·cotangent for fixed pseudo-random cotangents with central differences. */
export async function gradcheck(
  build: (inputs: Tensor[]) => Tensor,
  inputs: readonly CheckedInput[],
  evaluate: EvaluateF64,
  { step = STEP, training = true }: GradcheckOptions = {},
): Promise<GradcheckResult> {
  const forward = makeGraph(build, inputs, training, false);
  const backward = makeGraph(build, inputs, training, true);
  const feeds = () => new Map(feedsOf(inputs)).set(COTANGENT, cotangentFor(forward));
  const analytic = await evaluate(backward, feeds());
  const objective = async () => (await evaluate(forward, feeds())).get("objective")![0];
  let worst = 0;
  let where = "nowhere";
  for (const [index, input] of inputs.entries()) {
    if (input.differentiable === false) continue;
    for (let i = 0; i < input.values.length; i++) {
      const numeric = await centralDifference(input.values, i, step, objective);
      const found = analytic.get(`grad${index}`)?.[i] ?? 0;
      const error = Math.abs(found - numeric) / Math.max(1, Math.abs(numeric));
      if (!(error <= worst)) {
        worst = error;
        where = `input ${index}, element ${i}: analytic ${found}, numeric ${numeric}`;
      }
    }
  }
  return { worst, where };
}

async function centralDifference(
  values: Float64Array,
  i: number,
  step: number,
  objective: () => Promise<number>,
): Promise<number> {
  const middle = values[i];
  values[i] = middle + step;
  const above = await objective();
  values[i] = middle - step;
  const below = await objective();
  values[i] = middle;
  return (above - below) / (2 * step);
}

function makeGraph(
  build: (inputs: Tensor[]) => Tensor,
  inputs: readonly CheckedInput[],
  training: boolean,
  differentiate: boolean,
): Graph {
  const graph = new Graph({ training });
  const sources = inputs.map(({ shape, dtype = "f32" }, i) =>
    graph.source(
      { kind: "input", name: `input${i}` },
      shape,
      dtype === "i32" ? "label" : "activation",
      dtype,
    ),
  );
  const output = build(sources.map((value) => new Tensor(graph, value)));
  const cotangent = cotangentOf(graph, output.value);
  if (!differentiate) {
    graph.output("objective", output.mul(new Tensor(graph, cotangent)).sum().value);
    return graph;
  }
  const checked = sources.filter((_, i) => inputs[i].differentiable !== false);
  gradients(graph, [output.value], [cotangent], checked).forEach((gradient, k) => {
    if (gradient !== undefined) graph.output(`grad${sources.indexOf(checked[k])}`, gradient);
  });
  return graph;
}

function cotangentOf(graph: Graph, output: Value): Value {
  return graph.source({ kind: "input", name: COTANGENT }, output.shape, "control");
}

/** Irregular, of both signs, none near zero: ±(0.5 … 1.5). */
function cotangentFor(graph: Graph): Float64Array {
  const { shape } = graph.sources.find(({ source }) => source?.name === COTANGENT)!;
  const magnitude = (i: number) => 0.5 + ((i * 7) % 11) / 11;
  return Float64Array.from({ length: elementCount(shape) }, (_, i) =>
    i % 3 === 1 ? -magnitude(i) : magnitude(i),
  );
}

function feedsOf(inputs: readonly CheckedInput[]): Map<string, Float64Array | Int32Array> {
  return new Map(
    inputs.map(({ values, dtype }, i) => [`input${i}`, dtype === "i32" ? Int32Array.from(values) : values]),
  );
}
