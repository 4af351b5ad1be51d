/**
 * Runs a graph once on given arrays and returns its outputs: for tests, goldens and exploring. A training step keeps
 * its prepared plan instead.
 */
import { RoundoffError } from "../base/errors.ts";
import { elementCount, type Graph } from "../graph/graph.ts";
import type { ExternalArray, KernelSet, Plan } from "../kernels/contract.ts";
import { buildPlan, CLOCK } from "./build-plan.ts";

export interface EvaluateOptions {
  readonly kernels: KernelSet;
  /** Arrays of the sources by name. States are written in place. */
  readonly feeds: ReadonlyMap<string, ExternalArray>;
  /** FP64 for gradient checks: the kernels must have been made for it. */
  readonly precision?: "f32" | "f64";
  /** [seedLow, seedHigh, step] for stochastic rounding. */
  readonly clock?: Int32Array;
}

/** Output arrays by name, in the layout of their values. */
export async function evaluate(
  graph: Graph,
  { kernels, feeds, precision = "f32", clock = new Int32Array(3) }: EvaluateOptions,
): Promise<Map<string, ExternalArray>> {
  const { plan } = buildPlan(graph);
  const externals = new Map<string, ExternalArray>([...feeds, [CLOCK, clock]]);
  const results = new Map<string, ExternalArray>();
  for (const [name, value] of graph.outputs) {
    const array = allocate(value.dtype, elementCount(value.shape), precision);
    externals.set(name, array);
    results.set(name, array);
  }
  requireBound(plan, externals);
  const prepared = kernels.prepare(plan, externals);
  await prepared.run();
  prepared.dispose?.();
  return results;
}

export function allocate(dtype: "f32" | "i32", elements: number, precision: "f32" | "f64"): ExternalArray {
  if (dtype === "i32") return new Int32Array(elements);
  return precision === "f64" ? new Float64Array(elements) : new Float32Array(elements);
}

/** Every external of the plan has an array; the error names the first that has none. */
export function requireBound(plan: Plan, externals: ReadonlyMap<string, ExternalArray>): void {
  const missing = plan.buffers.find(({ place, name }) => place === "external" && !externals.has(name));
  if (missing !== undefined) {
    throw new RoundoffError("INVALID_ARGUMENT", {
      what: `no array was given for "${missing.name}"`,
      expected: `${missing.elements} elements of ${missing.dtype}`,
    });
  }
}
