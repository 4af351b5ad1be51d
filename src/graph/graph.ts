/**
 * The program of a step as data: values (shaped, with a role) and nodes (one primitive each) in execution order.
 * A graph only grows; passes build a new graph from an old one. Knows nothing of formats being chosen (precision/)
 * or of memory (compile/).
 */
import { RoundoffError } from "../base/errors.ts";
import type { Primitive, PrimitiveAttrs } from "./primitives.ts";
import { checkTypes, type ShapeRule, shapeRules } from "./shapes.ts";

export { elementCount } from "../base/shape.ts";

/** What a value is for; the precision pass chooses formats by it. */
export type Role =
  | "input"
  | "label"
  | "weight"
  | "bias"
  | "activation"
  | "error"
  | "gradWeight"
  | "gradBias"
  | "masterWeight"
  | "masterBias"
  | "optimizerState"
  | "statistic"
  | "control";

/** The part of a training step in which a node runs. */
export type Phase = "forward" | "backward" | "update";

export interface Value {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: "f32" | "i32";
  readonly role: Role;
  /** Path of the module in which it was made, `layer1.0.conv1`; empty at the top. */
  readonly path: string;
  /** Set for sources: the name under which the caller binds an array. */
  readonly source?: Source;
}

/**
 * Where a source value comes from. `input`: written by the caller before each run. `state`: lives across runs
 * (parameters, optimizer state, running statistics, loss scale).
 */
export interface Source {
  readonly kind: "input" | "state";
  readonly name: string;
  /** States beside the model: the value of every element before the first step, or the state it starts as. Default 0. */
  readonly initial?: number | string;
  /** A sum of gradients between updates, which no checkpoint needs. */
  readonly sum?: boolean;
  /** The module's member that it is: tells apart states of one name in several models, and has their numbers. */
  readonly holder?: StateHolder;
}

/** What holds the numbers of a state outside graphs. */
export interface StateHolder {
  readonly data?: Float32Array;
}

export interface NodeOf<P extends Primitive> {
  readonly id: number;
  readonly op: P;
  readonly attrs: PrimitiveAttrs[P];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly path: string;
  readonly phase: Phase;
  /** The checkpointed segment that it is part of. */
  readonly segment?: Segment;
}

/** Nodes whose results the backward pass computes again instead of keeping them. */
export interface Segment {
  readonly nodes: Node[];
}
export type Node = { [P in Primitive]: NodeOf<P> }[Primitive];

/**
 * A run of forward nodes with a derivative of its own, as PyTorch's autograd.Function: the gradient of the whole is
 * cheaper or better conditioned than the chain of its parts (one GEMM for the weight gradient of a recurrent layer
 * instead of one per step). Values of the inside that the derivative needs are the rule's own business.
 */
export interface Composite {
  /** Ids of its first and last node. */
  readonly first: number;
  readonly last: number;
  readonly path: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly backward: CompositeRule;
}

/** `needs` and `roles` as in autodiff's rules. */
export interface CompositeContext {
  readonly graph: Graph;
  readonly needs: readonly boolean[];
  readonly roles: readonly Role[];
  /** A value of the forward pass as it is at hand in the backward pass: in a checkpointed segment, computed again. */
  readonly at: (value: Value) => Value;
}

/** Gradients of the outputs (undefined: zero) → of the inputs. */
export type CompositeRule = (
  context: CompositeContext,
  grads: readonly (Value | undefined)[],
) => (Value | undefined)[];

/** At the end of a run, `state` takes the value `next`. */
export interface StateUpdate {
  readonly state: Value;
  readonly next: Value;
}

export class Graph {
  readonly nodes: Node[] = [];
  readonly sources: Value[] = [];
  readonly outputs = new Map<string, Value>();
  readonly updates: StateUpdate[] = [];
  private readonly sourceOf = new Map<string | StateHolder, Value>();
  readonly composites: Composite[] = [];
  /** What is computed a second time → what it is equal to, to the bit. */
  readonly recomputed = new Map<Value, Value>();
  private mode: boolean;
  phase: Phase = "forward";
  private scopePath = "";
  private scopeRole?: Role;
  private insideComposite = false;
  private segment?: Segment;
  private nextValue = 0;

  constructor({ training = false }: { training?: boolean } = {}) {
    this.mode = training;
  }

  /** True while a training step is traced, outside modules in evaluation mode: batch norm uses the batch's statistics. */
  get training(): boolean {
    return this.mode;
  }

  /** Runs `body` in evaluation mode if `training` is false. */
  inMode<T>(training: boolean, body: () => T): T {
    const outer = this.mode;
    this.mode = outer && training;
    try {
      return body();
    } finally {
      this.mode = outer;
    }
  }

  get path(): string {
    return this.scopePath;
  }

  /** Runs `body` with nodes attributed to the module at `path`. */
  scope<T>(path: string, body: () => T): T {
    const outer = this.scopePath;
    this.scopePath = path;
    try {
      return body();
    } finally {
      this.scopePath = outer;
    }
  }

  /** Runs `body` with nodes marked as belonging to `phase`. */
  during<T>(phase: Phase, body: () => T): T {
    const outer = this.phase;
    this.phase = phase;
    try {
      return body();
    } finally {
      this.phase = outer;
    }
  }

  /** Runs `body` with `role` for results that have none of their own: `statistic` keeps a loss in FP32 whatever the recipe. */
  withRole<T>(role: Role | undefined, body: () => T): T {
    const outer = this.scopeRole;
    this.scopeRole = role;
    try {
      return body();
    } finally {
      this.scopeRole = outer;
    }
  }

  /** The source of this name (of this holder); made on first use, the same value afterwards. */
  source(source: Source, shape: readonly number[], role: Role, dtype: "f32" | "i32" = "f32"): Value {
    const known = this.sourceOf.get(source.holder ?? source.name) ?? this.withoutHolder(source);
    if (known !== undefined) return known;
    const named = { ...source, name: this.freeName(source) };
    const value = { id: this.nextValue++, shape, dtype, role, path: this.scopePath, source: named };
    this.sources.push(value);
    this.sourceOf.set(named.name, value);
    if (named.holder !== undefined) this.sourceOf.set(named.holder, value);
    return value;
  }

  /** A source that was made by name alone stands for any holder of that name. */
  private withoutHolder({ name }: Source): Value | undefined {
    const known = this.sourceOf.get(name);
    return known?.source?.holder === undefined ? known : undefined;
  }

  /** Another model may have a state of the same name: `fc1.weight` and `fc1.weight#2`. */
  private freeName({ name, holder }: Source): string {
    if (holder === undefined || !this.sourceOf.has(name)) return name;
    for (let n = 2; ; n++) if (!this.sourceOf.has(`${name}#${n}`)) return `${name}#${n}`;
  }

  /**
   * Appends a node. Output shapes follow from the primitive's shape rule, roles from `roles` (default: that of `withRole`,
   * else `activation` in the forward phase, `error` in the backward phase, `statistic` in the update).
   */
  apply<P extends Primitive>(
    op: P,
    inputs: readonly Value[],
    attrs: PrimitiveAttrs[P],
    roles: readonly Role[] = [],
  ): readonly Value[] {
    const shapes = this.inferShapes(op, inputs, attrs);
    const fallback: Role = this.scopeRole ?? DEFAULT_ROLES[this.phase];
    const outputs = shapes.map(({ shape, dtype = "f32", role }, i) => ({
      id: this.nextValue++,
      shape,
      dtype,
      role: roles[i] ?? role ?? fallback,
      path: this.scopePath,
    }));
    const node = {
      id: this.nodes.length,
      op,
      attrs,
      inputs,
      outputs,
      path: this.scopePath,
      phase: this.phase,
      segment: this.segment,
    };
    this.nodes.push(node as unknown as Node);
    this.segment?.nodes.push(node as unknown as Node);
    return outputs;
  }

  /**
   * Runs `body` with its nodes as one checkpointed segment: only what it was given stays until the backward pass. Inside
   * another segment it is part of that one.
   */
  checkpoint<T>(body: () => T): T {
    if (this.segment !== undefined) return body();
    this.segment = { nodes: [] };
    try {
      return body();
    } finally {
      this.segment = undefined;
    }
  }

  /**
   * Runs `body`, which appends nodes that compute `outputs` from `inputs`, as one composite with the derivative that it
   * returns. Inside another composite it is part of that one. Nothing else may read what lies between.
   */
  composite(
    inputs: readonly Value[],
    body: () => { readonly outputs: readonly Value[]; readonly backward: CompositeRule },
  ): readonly Value[] {
    if (this.insideComposite) return body().outputs;
    const first = this.nodes.length;
    this.insideComposite = true;
    try {
      const { outputs, backward } = body();
      const last = this.nodes.length - 1;
      this.composites.push({ first, last, path: this.scopePath, inputs, outputs, backward });
      return outputs;
    } finally {
      this.insideComposite = false;
    }
  }

  /** The numbers of a value, where there are some: in eager graphs. */
  read(value: Value): Promise<Float32Array | Int32Array> {
    const where = value.path === "" ? "" : ` made in module "${value.path}"`;
    return Promise.reject(
      new RoundoffError("INVALID_ARGUMENT", {
        what: `a symbolic tensor of shape ${formatShape(value.shape)}${where} holds no numbers`,
        hint: "Return it from the compiled function to get its numbers.",
      }),
    );
  }

  output(name: string, value: Value): void {
    this.outputs.set(name, value);
  }

  update(state: Value, next: Value): void {
    this.updates.push({ state, next });
  }

  private inferShapes<P extends Primitive>(op: P, inputs: readonly Value[], attrs: PrimitiveAttrs[P]) {
    const rule = shapeRules[op] as ShapeRule<P>;
    const dtypes = inputs.map((value) => value.dtype);
    try {
      checkTypes(op, dtypes);
      return rule(
        inputs.map((value) => value.shape),
        attrs,
        dtypes,
      );
    } catch (error) {
      if (!(error instanceof RoundoffError)) throw error;
      const where = this.scopePath === "" ? "" : ` in module "${this.scopePath}"`;
      throw new RoundoffError(error.code, { ...error.parts, what: `${op}${where}: ${error.parts.what}` });
    }
  }
}

const DEFAULT_ROLES: Record<Phase, Role> = {
  forward: "activation",
  backward: "error",
  update: "statistic",
};

export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}

/** How many nodes, outputs and updates read each value. */
export function countUses(graph: Graph): Map<Value, number> {
  const uses = new Map<Value, number>();
  const use = (value: Value) => uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const node of graph.nodes) node.inputs.forEach(use);
  for (const value of graph.outputs.values()) use(value);
  for (const { next } of graph.updates) use(next);
  return uses;
}
