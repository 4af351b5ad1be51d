/**
 * Modules as in PyTorch: a tree of named children and parameters with a `forward`, and how such a tree gets its names and
 * its numbers. Modules know nothing of number formats.
 */
import type { Graph } from "../graph/graph.ts";
import { Tensor } from "../graph/tensor.ts";
import { initialNumbers, Parameter, StateBuffer } from "./parameter.ts";
import { loadStateDict, type StateDict, stateDict } from "./state-dict.ts";

export { Parameter, type ParameterKind, StateBuffer } from "./parameter.ts";

/**
 * `Out` is what `forward` gives: a tensor, or several in any structure. A module's own `forward` names its arguments: any
 * number of tensors, and whatever else it needs.
 */
export abstract class Module<Out = Tensor> {
  #training = true;

  abstract forward(...inputs: unknown[]): Out;

  /** False after `eval()`: batch norm then uses its running statistics in training steps too, and dropout nothing. */
  get training(): boolean {
    return this.#training;
  }

  /** Sets the mode of this module and all below. Inference (`compile`) is in evaluation mode whatever this says. */
  train(mode = true): this {
    for (const [, module] of namedModules(this)) module.#training = mode;
    return this;
  }

  eval(): this {
    return this.train(false);
  }

  namedParameters(): [string, Parameter][] {
    return namedParameters(this);
  }

  parameters(): Parameter[] {
    return namedParameters(this).map(([, parameter]) => parameter);
  }

  namedModules(): [string, Module<unknown>][] {
    return namedModules(this);
  }

  /** Copies of all parameters and buffers by PyTorch's names, in PyTorch's layouts. */
  stateDict(): StateDict {
    return stateDict(namedStates(initialize(this)));
  }

  /** Takes the numbers of a state dict. `strict` (default): exactly this module's keys. */
  loadStateDict(from: StateDict, options: { readonly strict?: boolean } = {}): void {
    loadStateDict(namedStates(initialize(this)), from, options);
  }
}

/** [full name, member] of every parameter and state buffer, in definition order; each once, under its first name. */
export function namedStates(root: Module<unknown>): [string, Parameter | StateBuffer][] {
  const seen = new Set<unknown>();
  return walk(root, "").flatMap(({ path, member }) => {
    if (member instanceof Module || seen.has(member)) return [];
    seen.add(member);
    return [[path, member] as [string, Parameter | StateBuffer]];
  });
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

type Part = Module<unknown> | Parameter | StateBuffer;

/** Depth-first; arrays contribute their index as a path segment, as PyTorch's ModuleList does. */
function walk(holder: object, prefix: string): { path: string; member: Part }[] {
  return Object.entries(holder).flatMap(([key, member]) => {
    const path = prefix === "" ? key : `${prefix}.${key}`;
    if (member instanceof Parameter || member instanceof StateBuffer) return [{ path, member }];
    if (member instanceof Module) return [{ path, member }, ...walk(member, path)];
    return Array.isArray(member) ? walk(member, path) : [];
  });
}

/** The `forward` that a module was written with, behind the one that `bindNames` put before it. */
const written = new WeakMap<Module<unknown>, Module<unknown>["forward"]>();

/**
 * Names every parameter, and makes each module's `forward` record its path and mode in the graph, so that policies and
 * errors can name places in a model that knows nothing of them. Call on the root; again when it became part of another.
 */
export function bindNames<M extends Module<unknown>>(root: M): M {
  for (const [name, state] of namedStates(root)) state.name = name;
  for (const [path, module] of namedModules(root)) {
    const forward = written.get(module) ?? module.forward.bind(module);
    written.set(module, forward);
    // Not enumerable: the walk above must keep seeing only children and parameters.
    Object.defineProperty(module, "forward", {
      configurable: true,
      value: (...inputs: unknown[]) => {
        const graph = graphOf(inputs);
        if (graph === undefined) return forward(...inputs);
        return graph.scope(path, () => graph.inMode(module.training, () => forward(...inputs)));
      },
    });
  }
  return root;
}

/** The graph of the first tensor in arguments of any structure. */
export function graphOf(inputs: unknown): Graph | undefined {
  if (inputs instanceof Tensor) return inputs.graph;
  if (typeof inputs !== "object" || inputs === null || ArrayBuffer.isView(inputs)) return undefined;
  for (const item of Object.values(inputs)) {
    const graph = graphOf(item);
    if (graph !== undefined) return graph;
  }
  return undefined;
}

export interface InitOptions {
  /** Default 0. */
  readonly seed?: number | bigint;
}

/** Draws all numbers of a model anew. Returns the model. */
export function init<M extends Module<unknown>>(model: M, { seed = 0 }: InitOptions = {}): M {
  bindNames(model);
  for (const [name, member] of namedStates(model)) member.data = initialNumbers(name, member, seed);
  return model;
}

/** The same for what has no numbers yet; arrays that are there stay. Plans may hold them. */
export function initialize<M extends Module<unknown>>(model: M, { seed = 0 }: InitOptions = {}): M {
  if (namedStates(model).some(([, { name }]) => name === "")) bindNames(model);
  for (const [name, member] of namedStates(model)) member.data ??= initialNumbers(name, member, seed);
  return model;
}
