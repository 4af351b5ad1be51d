/** Checks which path patterns are refused, and what the message says. */
import { describe, expect, it } from "vitest";
import { format } from "../formats/catalog.ts";
import { Graph } from "../graph/graph.ts";
import { Tensor } from "../graph/tensor.ts";
import { applyPolicy } from "./apply-policy.ts";
import type { Policy } from "./policy.ts";

/** A chain of matrix products `layer1.0.fc`, `layer1.1.fc`, …; a ReLU after each is in `layer1.N`. */
function layers(count: number): Graph {
  const graph = new Graph({ training: true });
  const source = (name: string, role: "input" | "weight") =>
    new Tensor(graph, graph.source({ kind: role === "input" ? "input" : "state", name }, [4, 4], role));
  let x = source("x", "input");
  for (let i = 0; i < count; i++) {
    const w = source(`w${i}`, "weight");
    const inputs = x;
    const sums = graph.scope(`layer1.${i}.fc`, () => inputs.matmul(w));
    x = graph.scope(`layer1.${i}`, () => sums.relu());
  }
  graph.output("y", x.value);
  return graph;
}

const exempt = (...paths: readonly string[]): Policy => ({
  rules: [
    ...paths.map((path) => ({ path, roles: ["weight" as const], quantizer: "fp32" as const })),
    {
      roles: ["weight"],
      quantizer: { format: format("bf16"), rounding: "nearestEven", overflow: "infinity" },
    },
  ],
});

describe("path patterns of a policy", () => {
  it.each(["layer1.0.fc", "layer1.*.fc", "**.fc", "layer1.**", "layer1.1", "@firstGemm"])(
    "takes %s, which matches a layer",
    (path) => {
      expect(applyPolicy(layers(2), exempt(path)).nodes.length).toBeGreaterThan(0);
    },
  );

  it("refuses one that matches nothing, among others that do, and names the layers", () => {
    expect(() => applyPolicy(layers(2), exempt("layer1.**", "layer1.2.fc"))).toThrow(
      'the path pattern "layer1.2.fc" matches no layer (expected a path or a pattern of the layers with products: layer1.0.fc, layer1.1.fc). * stands for one part of a path, ** for any number of parts.',
    );
  });

  it("refuses one in the rules of accumulators", () => {
    const accumulators = [{ path: "head", accumulator: "fp32" as const }];
    expect(() => applyPolicy(layers(1), { rules: [], accumulators })).toThrow(/"head" matches no layer/);
  });

  it("says how to name everything in a module, and does not list hundreds of layers", () => {
    expect(() => applyPolicy(layers(1), exempt("layer1"))).toThrow(/"layer1\.\*\*" names everything in it/);
    expect(() => applyPolicy(layers(30), exempt("nothing"))).toThrow(/layer1\.23\.fc and 6 more\)/);
  });

  it("has nothing to refuse in a graph without layers", () => {
    const graph = new Graph({ training: true });
    const x = new Tensor(graph, graph.source({ kind: "input", name: "x" }, [4], "input"));
    graph.output("y", x.relu().value);
    expect(applyPolicy(graph, exempt("nothing")).nodes).toHaveLength(1);
  });
});
