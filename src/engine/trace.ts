/** Tracing: calls a function with symbolic tensors in the places of the ones with numbers. */
import { RoundoffError } from "../base/errors.ts";
import { Graph, type Value } from "../graph/graph.ts";
import { Tensor } from "../graph/tensor.ts";
import { replaceTensors, tensorsOf } from "./structure.ts";

/** A function as traced for one structure of arguments. */
export interface Trace {
  readonly graph: Graph;
  /** The sources of the arguments' tensors, in order. */
  readonly inputs: readonly Value[];
  /** What the function returned, with symbolic tensors. */
  readonly result: unknown;
  /** The arguments with symbolic tensors: what other arguments are compared with. */
  readonly arguments: readonly unknown[];
}

/** Integer tensors are labels or indices: they are never rounded. */
export function trace(fn: (...args: never[]) => unknown, args: readonly unknown[], training: boolean): Trace {
  const graph = new Graph({ training });
  const paths = tensorsOf(args).map(({ path }) => path);
  const inputs: Value[] = [];
  const symbolic = replaceTensors(args, ({ shape, value: { dtype } }) => {
    const name = `argument ${paths[inputs.length]}`;
    const source = graph.source({ kind: "input", name }, shape, dtype === "i32" ? "label" : "input", dtype);
    inputs.push(source);
    return new Tensor(graph, source);
  }) as unknown[];
  const result: unknown = fn(...(symbolic as never[]));
  for (const { path, tensor } of tensorsOf(result)) requireOwn(tensor, graph, path);
  return { graph, inputs, result, arguments: symbolic };
}

function requireOwn(tensor: Tensor, graph: Graph, path: string): void {
  if (tensor.graph === graph) return;
  throw new RoundoffError("INVALID_ARGUMENT", {
    what: `result "${path}" of the compiled function does not come from its arguments`,
    expected: "tensors computed from the function's arguments and from modules",
    hint: "Pass tensors with numbers as arguments.",
  });
}
