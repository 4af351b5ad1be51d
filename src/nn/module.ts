/**
 * Modules as in PyTorch: a tree of named children and parameters with a `forward`. A module knows its shapes and how its
 * parameters start; it knows nothing of number formats.
 */
import type { Graph, Value } from "../graph/graph.ts";
import { Tensor } from "../graph/tensor.ts";
import type { Initializer } from "./initializers.ts";

/** `weight`: read by a GEMM. `bias`: added or multiplied per channel (biases and norm parameters). */
export type ParameterKind = "weight" | "bias";

/** A trained tensor. Its numbers live in a ModelState under its full name. */
export class Parameter {
  readonly shape: readonly number[];
  readonly kind: ParameterKind;
  readonly initialize: Initializer;
  /** Full name, `layer1.0.conv1.weight`; set by `bindNames`. */
  name = "";

  constructor(shape: readonly number[], kind: ParameterKind, initialize: Initializer) {
    this.shape = shape;
    this.kind = kind;
    this.initialize = initialize;
  }

  /** The parameter as a tensor of the graph that `like` belongs to. */
  in(like: Tensor): Tensor {
    return new Tensor(like.graph, stateValue(like.graph, this.name, this.shape, this.kind));
  }
}

/** State that is not trained: running statistics. */
export class StateBuffer {
  readonly shape: readonly number[];
  readonly fill: number;
  name = "";

  constructor(shape: readonly number[], fill: number) {
    this.shape = shape;
    this.fill = fill;
  }

  in(like: Tensor): Tensor {
    return new Tensor(like.graph, stateValue(like.graph, this.name, this.shape, "statistic"));
  }
}

function stateValue(
  graph: Graph,
  name: string,
  shape: readonly number[],
  role: ParameterKind | "statistic",
): Value {
  return graph.source({ kind: "state", name }, shape, role);
}

/** `Out` is what `forward` gives: a tensor, or several by name (recurrent layers give their states too). */
export abstract class Module<Out = Tensor> {
  abstract forward(x: Tensor, ...others: readonly unknown[]): Out;
}

/** [full name, member] of every parameter and state buffer, in definition order. */
export function namedStates(root: Module<unknown>): [string, Parameter | StateBuffer][] {
  return walk(root, "").flatMap(({ path, member }) =>
    member instanceof Module ? [] : [[path, member] as [string, Parameter | StateBuffer]],
  );
}

export function namedParameters(root: Module<unknown>): [string, Parameter][] {
  return namedStates(root).filter((entry): entry is [string, Parameter] => entry[1] instanceof Parameter);
}

/** [path, module] of the root (path "") and all its descendants. */
export function namedModules(root: Module<unknown>): [string, Module<unknown>][] {
  const below = walk(root, "").flatMap(({ path, member }) =>
    member instanceof Module ? [[path, member] as [string, Module<unknown>]] : [],
  );
  return [["", root], ...below];
}

type Member = Module<unknown> | Parameter | StateBuffer;

/** Depth-first; arrays contribute their index as a path segment, as PyTorch's ModuleList does. */
function walk(holder: object, prefix: string): { path: string; member: Member }[] {
  return Object.entries(holder).flatMap(([key, member]) => {
    const path = prefix === "" ? key : `${prefix}.${key}`;
    if (member instanceof Parameter || member instanceof StateBuffer) return [{ path, member }];
    if (member instanceof Module) return [{ path, member }, ...walk(member, path)];
    return Array.isArray(member) ? walk(member, path) : [];
  });
}

/**
 * Names every parameter, and makes each module's `forward` record its path in the graph, so that policies and errors can
 * name places in a model that knows nothing of them. Call once, on the root.
 */
export function bindNames<M extends Module<unknown>>(root: M): M {
  for (const [name, state] of namedStates(root)) state.name = name;
  for (const [path, module] of namedModules(root)) {
    const forward = module.forward.bind(module);
    // Not enumerable: the walk above must keep seeing only children and parameters.
    Object.defineProperty(module, "forward", {
      value: (x: Tensor, ...others: unknown[]) => x.graph.scope(path, () => forward(x, ...others)),
    });
  }
  return root;
}
