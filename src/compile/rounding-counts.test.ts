/** Counts of what roundings lose, against counts by hand; a counting graph must leave every state alone. */
import { describe, expect, it } from "vitest";
import { format } from "../formats/catalog.ts";
import { Graph, type Value } from "../graph/graph.ts";
import { createReferenceKernels } from "../kernels/reference/kernel-set.ts";
import { buildPlan } from "./build-plan.ts";
import { countRoundings } from "./rounding-counts.ts";

// E5M2: smallest value 2^-16, half of it rounds to zero, largest finite value 57344.
const VALUES = Float32Array.of(0, -0, 2 ** -17, -(2 ** -18), 2 ** -16, 1, 57345, -1e9, Infinity, NaN);

function graphOf(formatName: string): Graph {
  const graph = new Graph({ training: true });
  const state = graph.source({ kind: "state", name: "weight" }, [VALUES.length], "masterWeight");
  const x = graph.source({ kind: "input", name: "x" }, [VALUES.length], "input");
  const rounded = graph.during("backward", () => {
    const [error] = graph.apply("affine", [x], { scale: 1, offset: 0 }, ["error"]);
    const quantizer = { format: format(formatName), rounding: "nearestEven", overflow: "infinity" } as const;
    return graph.scope("layer1", () => graph.apply("quantize", [error], { quantizer }, ["error"])[0]);
  });
  const [next] = graph.apply("binary", [state, rounded], { kind: "add" }, ["masterWeight"]);
  graph.update(state, next);
  return graph;
}

async function countsOf(formatName: string, roles: Value["role"][] = ["error"]) {
  const { graph, tensors } = countRoundings(graphOf(formatName), new Set(roles));
  const weight = new Float32Array(VALUES.length).fill(3);
  const arrays = new Map([...graph.outputs.keys()].map((name) => [name, new Float32Array(1)]));
  const externals = new Map([...arrays, ["x", VALUES] as const, ["weight", weight] as const]);
  await createReferenceKernels().prepare(buildPlan(graph).plan, externals).run();
  expect(weight).toEqual(new Float32Array(VALUES.length).fill(3));
  const sum = (names: readonly string[]) => names.reduce((total, name) => total + arrays.get(name)![0], 0);
  return tensors.map(({ before, after, beyond, ...tensor }) => ({
    ...tensor,
    before: sum(before),
    after: sum(after),
    beyond: sum(beyond),
  }));
}

describe("countRoundings", () => {
  it("counts what becomes zero and what lies beyond the format", async () => {
    expect(await countsOf("e5m2")).toEqual([
      { path: "layer1", role: "error", elements: 10, before: 8, after: 6, beyond: 3 },
    ]);
  });

  it("counts nothing beyond where the format reaches as far as FP32", async () => {
    expect(await countsOf("bf16")).toEqual([
      { path: "layer1", role: "error", elements: 10, before: 8, after: 8, beyond: 0 },
    ]);
  });

  it("looks only at the roles it is asked for", async () => {
    expect(await countsOf("e5m2", ["gradWeight"])).toEqual([]);
  });
});
