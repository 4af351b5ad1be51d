/**
 * A plan with its arrays: what is written before a run and read after it. States are shared with other plans of the same
 * model. Runs one at a time.
 */

import { RoundoffError } from "../base/errors.ts";
import { type BuiltPlan, buildPlan, CLOCK } from "../compile/build-plan.ts";
import { allocate, requireBound } from "../compile/evaluate.ts";
import { elementCount, type Graph } from "../graph/graph.ts";
import type { ExternalArray, KernelSet, PreparedPlan } from "../kernels/contract.ts";
import type { Numbers } from "./eager.ts";

export interface BindOptions {
  readonly kernels: KernelSet;
  /** Arrays of states that no module holds, by name: optimizer state, loss scale. */
  readonly states?: ReadonlyMap<string, { readonly data: Float32Array }>;
  /** Arrays of inputs that the caller keeps and fills. */
  readonly inputs?: ReadonlyMap<string, ExternalArray>;
  /** [seedLow, seedHigh, step] of everything random. */
  readonly clock?: Int32Array;
  /** The plan of the graph, of a caller who has looked at it before. */
  readonly built?: BuiltPlan;
}

export class BoundPlan {
  readonly graph: Graph;
  readonly built: BuiltPlan;
  /** The arrays of all states of the graph, by name. */
  readonly states = new Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>();
  private readonly arrays = new Map<string, ExternalArray>();
  private prepared: PreparedPlan | undefined;
  /** The last run that was asked for; undefined when all have ended. */
  private last: Promise<unknown> | undefined;
  private unfinished = 0;

  constructor(graph: Graph, options: BindOptions) {
    const { kernels, states, inputs, clock = new Int32Array(3), built = buildPlan(graph) } = options;
    this.graph = graph;
    this.built = built;
    this.arrays.set(CLOCK, clock);
    for (const { source, shape, dtype } of graph.sources) {
      const { name, holder, kind } = source!;
      const held = holder?.data ?? states?.get(name)?.data;
      const given = inputs?.get(name);
      if (held !== undefined) {
        this.arrays.set(name, held);
        this.states.set(name, { shape, data: held });
      } else if (given !== undefined) this.arrays.set(name, given);
      else if (kind === "input") this.allocate(name, dtype, shape);
    }
    for (const [name, { dtype, shape }] of graph.outputs) this.allocate(name, dtype, shape);
    requireBound(built.plan, this.arrays);
    this.prepared = kernels.prepare(built.plan, this.arrays);
  }

  private allocate(name: string, dtype: "f32" | "i32", shape: readonly number[]): void {
    this.arrays.set(name, allocate(dtype, elementCount(shape), "f32"));
  }

  /** Every array that the plan is bound to, by name. */
  get externals(): ReadonlyMap<string, ExternalArray> {
    return this.arrays;
  }

  /** Writes an input; one that the graph has no use for is passed over. */
  write(name: string, values: ArrayLike<number>): void {
    this.arrays.get(name)?.set(values);
  }

  writeScalar(name: string, value: number): void {
    const array = this.arrays.get(name);
    if (array !== undefined) array[0] = value;
  }

  /**
   * Calls `write`, runs, and reads with `results` before the next run may begin. Begins at once unless an earlier run is
   * under way.
   */
  run<T>(write: () => void, results: (plan: this) => T): Promise<T> {
    this.unfinished++;
    // A run that fails does not block the next one.
    const next = () => this.begin(write, results);
    const turn = this.last === undefined ? next() : this.last.then(next, next);
    this.last = turn;
    return turn;
  }

  private async begin<T>(write: () => void, results: (plan: this) => T): Promise<T> {
    try {
      if (this.prepared === undefined) throw disposed();
      write();
      await this.prepared.run();
      return results(this);
    } finally {
      if (--this.unfinished === 0) this.last = undefined;
    }
  }

  /** A copy of an output of the last run. */
  output(name: string): Numbers {
    return this.arrays.get(name)!.slice() as Numbers;
  }

  /** An output of one element. */
  scalar(name: string): number {
    return this.arrays.get(name)![0];
  }

  /** Frees the plan's memory after the runs that wait. Not needed: it goes with the last reference to the plan. */
  dispose(): void {
    const free = () => {
      this.prepared?.dispose?.();
      this.prepared = undefined;
      this.arrays.clear();
    };
    if (this.last === undefined) free();
    else void this.last.then(free, free);
  }
}

function disposed(): RoundoffError {
  return new RoundoffError("INVALID_ARGUMENT", {
    what: "a compiled function was called after it was disposed of",
    hint: "Compile it again.",
  });
}
