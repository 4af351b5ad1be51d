/** What a policy does inside recurrent layers and losses: read off the plan, without numbers. */
import { describe, expect, it } from "vitest";
import { gradients } from "../src/autodiff/gradients.ts";
import { buildPlan } from "../src/compile/build-plan.ts";
import { floatFormat } from "../src/formats/catalog.ts";
import { Graph } from "../src/graph/graph.ts";
import { Tensor } from "../src/graph/tensor.ts";
import { GRU, init, LSTM, mseLoss, RNN } from "../src/nn/index.ts";
import { applyPolicy } from "../src/precision/apply-policy.ts";
import type { Policy } from "../src/precision/policy.ts";

const bf16 = { format: floatFormat("bf16"), rounding: "nearestEven", overflow: "infinity" } as const;
const policy = (...roles: Policy["rules"][number]["roles"]): Policy => ({
  rules: [{ roles, quantizer: bf16 }],
});

describe("a policy of BF16", () => {
  it.each([
    ["LSTM", LSTM],
    ["GRU", GRU],
    ["RNN", RNN],
  ])("reaches every step of %s: operands and states have 16 bits", (_name, Layer) => {
    const [steps, batch, width] = [5, 3, 4];
    const layer = init(new Layer(width, 6, { numLayers: 2, bidirectional: true }));
    const graph = new Graph({ training: true });
    const x = graph.source({ kind: "input", name: "x" }, [steps, batch, width], "input");
    graph.output("output", layer.forward(new Tensor(graph, x)).output.value);
    const { plan } = buildPlan(applyPolicy(graph, policy("input", "weight", "activation")));
    const products = plan.commands.filter(({ op }) => op === "matmul");
    // Two layers of two directions: one GEMM for all inputs, and one per step but the first, whose state is zero.
    expect(products).toHaveLength(4 * steps);
    for (const { attrs, inputs } of products) {
      expect((attrs as { carrier: string }).carrier).toBe("bf16");
      expect(inputs.map(({ dtype }) => dtype)).toEqual(["bf16", "bf16"]);
    }
  });

  it("rounds nothing inside a loss, only the error that leaves it", () => {
    const graph = new Graph({ training: true });
    const x = graph.source({ kind: "input", name: "x" }, [5], "activation");
    const target = graph.source({ kind: "input", name: "y" }, [5], "label");
    const loss = mseLoss(new Tensor(graph, x), new Tensor(graph, target));
    graph.output("loss", loss.value);
    const seed = graph.during(
      "backward",
      () => graph.apply("fill", [], { value: 1, shape: [] }, ["control"])[0],
    );
    graph.output("gradient", gradients(graph, [loss.value], [seed], [x])[0]!);
    const rounded = applyPolicy(graph, policy("activation", "error"));
    const roundings = rounded.nodes.filter(({ op }) => op === "quantize");
    expect(roundings.map(({ outputs }) => outputs[0].role)).toEqual(["error"]);
  });
});
