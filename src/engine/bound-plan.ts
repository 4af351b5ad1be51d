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
  /** [seedLow, seedHigh, step] of everything random. */
  readonly clock?: Int32Array;
}

export class BoundPlan {
  readonly graph: Graph;
  readonly built: BuiltPlan;
  /** The arrays of all states of the graph, by name. */
  readonly states = new Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>();
  private readonly arrays = new Map<string, ExternalArray>();
  private prepared: PreparedPlan | undefined;
  private last: Promise<unknown> = Promise.resolve();

  constructor(graph: Graph, { kernels, states, clock = new Int32Array(3) }: BindOptions) {
    this.graph = graph;
    this.built = buildPlan(graph);
    this.arrays.set(CLOCK, clock);
    for (const { source, shape, dtype } of graph.sources) {
      const held = source!.holder?.data ?? states?.get(source!.name)?.data;
      if (held !== undefined) {
        this.arrays.set(source!.name, held);
        this.states.set(source!.name, { shape, data: held });
      } else if (source!.kind === "input") {
        this.allocate(source!.name, dtype, shape);
      }
    }
    for (const [name, { dtype, shape }] of graph.outputs) this.allocate(name, dtype, shape);
    requireBound(this.built.plan, this.arrays);
    this.prepared = kernels.prepare(this.built.plan, this.arrays);
  }

  private allocate(name: string, dtype: "f32" | "i32", shape: readonly number[]): void {
    this.arrays.set(name, allocate(dtype, elementCount(shape), "f32"));
  }

  /**
   * Writes the inputs, runs, and reads with `results` before the next run may begin. `inputs` is called when it is this
   * run's turn.
   */
  run<T>(inputs: () => ReadonlyMap<string, ArrayLike<number>>, results: (plan: this) => T): Promise<T> {
    const turn = this.last.then(async () => {
      if (this.prepared === undefined) throw disposed();
      for (const [name, values] of inputs()) this.arrays.get(name)?.set(values);
      await this.prepared.run();
      return results(this);
    });
    // A run that fails does not block the next one.
    this.last = turn.catch(() => undefined);
    return turn;
  }

  /** A copy of an output of the last run. */
  output(name: string): Numbers {
    return this.arrays.get(name)!.slice() as Numbers;
  }

  /** Frees the plan's memory after the runs that wait. Not needed: it goes with the last reference to the plan. */
  dispose(): void {
    this.last = this.last.then(() => {
      this.prepared?.dispose?.();
      this.prepared = undefined;
      this.arrays.clear();
    });
  }
}

function disposed(): RoundoffError {
  return new RoundoffError("INVALID_ARGUMENT", {
    what: "a compiled function was called after it was disposed of",
    hint: "Compile it again.",
  });
}
