import { describe, expect, it } from "vitest";
import { gradients } from "../autodiff/gradients.ts";
import { floatFormat, format } from "../formats/catalog.ts";
import type { Rounding } from "../formats/format.ts";
import { Graph } from "../graph/graph.ts";
import { Tensor } from "../graph/tensor.ts";
import type { ExternalArray, KernelSet, Plan } from "../kernels/contract.ts";
import { selectKernels } from "../kernels/select.ts";
import { applyPolicy } from "../precision/apply-policy.ts";
import type { Policy } from "../precision/policy.ts";
import { buildPlan, CLOCK } from "./build-plan.ts";
import { codesFor } from "./narrow-storage.ts";

/** Every operand and stored tensor in one format; errors by `rounding`. */
function everywhere(name: string, rounding: Rounding = "nearestEven"): Policy {
  const to = (mode: Rounding) => ({ format: format(name), rounding: mode, overflow: "infinity" }) as const;
  return {
    rules: [
      { roles: ["input", "weight", "activation"], quantizer: to("nearestEven") },
      { roles: ["gradOutput", "error"], quantizer: to(rounding) },
    ],
  };
}

/** Operands only: what lies between products stays FP32. */
function operandsIn(name: string): Policy {
  const quantizer = { format: format(name), rounding: "nearestEven", overflow: "saturate" } as const;
  return { rules: [{ roles: ["input", "weight", "gradOutput"], quantizer }] };
}

/** Three times conv → tanh or ReLU and the gradients of the weights. */
function step(policy: Policy, activation: "tanh" | "relu" = "tanh"): Graph {
  const graph = new Graph({ training: true });
  const source = (name: string, shape: number[], role: "input" | "weight") =>
    new Tensor(graph, graph.source({ kind: "input", name }, shape, role));
  const x = source("x", [3, 6, 6, 4], "input");
  const weights = ["a", "b", "c"].map((name) => source(name, [4, 3, 3, 4], "weight"));
  const y = weights.reduce(
    (h, w, i) => graph.scope(`conv${i}`, () => h.conv2d(w, { padding: 1 })[activation]()),
    x,
  );
  const loss = y.square().sum();
  const seed = graph.source({ kind: "input", name: "seed" }, [], "control");
  const grads = graph.during("backward", () =>
    gradients(
      graph,
      [loss.value],
      [seed],
      weights.map(({ value }) => value),
    ),
  );
  for (const [i, grad] of grads.entries()) graph.output(`g${i}`, grad!);
  return applyPolicy(graph, policy);
}

async function results(plan: Plan, kernels: KernelSet, feeds: ReadonlyMap<string, Float32Array>) {
  const outputs = plan.buffers.filter(({ place, name }) => place === "external" && /^g\d$/.test(name));
  const arrays = outputs.map(({ name, elements }) => [name, new Float32Array(elements)] as const);
  const externals = new Map<string, ExternalArray>([...feeds, ...arrays, [CLOCK, new Int32Array([3, 1, 4])]]);
  const prepared = kernels.prepare(plan, externals);
  await prepared.run();
  prepared.dispose?.();
  return arrays;
}

const storages = ({ buffers }: Plan) => new Set(buffers.map(({ dtype }) => dtype));

describe("narrow storage", () => {
  it.each([
    ["e5m2", "code8"],
    ["fp16", "code16"],
  ])("keeps what is saved in %s for the backward pass as %s; products read something else", (name, dtype) => {
    const { plan } = buildPlan(step(everywhere(name)));
    expect(storages(plan)).toContain(dtype);
    const products = plan.commands.filter(({ op }) => op.startsWith("conv2d"));
    const read = products.flatMap(({ inputs }) => inputs.map((input) => input.dtype));
    expect(read).not.toContain(dtype);
  });

  it("leaves alone what is not saved, or has no codes of fewer bytes", () => {
    for (const policy of [{ rules: [] }, ...["bf16", "mxfp8", "posit16"].map((name) => everywhere(name))]) {
      expect([...storages(buildPlan(step(policy)).plan)].filter((dtype) => dtype.startsWith("code"))).toEqual(
        [],
      );
    }
  });

  it("wants a sign, a code for NaN and fewer bytes", () => {
    const kept = (name: string, dtype: "f32" | "bf16") => codesFor(floatFormat(name), dtype)?.dtype;
    expect(kept("e5m2", "bf16")).toBe("code8");
    expect(kept("e4m3fnuz", "f32")).toBe("code8");
    expect(kept("fp16", "f32")).toBe("code16");
    expect([kept("e2m1", "bf16"), kept("e8m0", "bf16"), kept("bf16", "bf16"), kept("fp32", "f32")]).toEqual(
      new Array(4).fill(undefined),
    );
  });

  it("keeps signs of what ReLU gave in FP32, where its gradient alone reads that", () => {
    const { plan } = buildPlan(step(operandsIn("int16"), "relu"));
    expect(storages(plan)).toContain("code8");
    expect(storages(buildPlan(step(operandsIn("int16"))).plan)).not.toContain("code8");
    const masks = plan.commands.filter(({ op }) => op === "unaryGrad").map(({ inputs }) => inputs[0].dtype);
    // The last result is an operand of the loss's gradient, too.
    expect(masks.filter((dtype) => dtype === "code8")).toHaveLength(2);
  });

  it.each([
    ["e5m2", "tanh"],
    ["e4m3", "tanh"],
    ["fp16", "tanh"],
    ["int16", "relu"],
  ] as const)("changes no bit of a step in %s with %s", async (name, activation) => {
    for (const kernels of [selectKernels({ prefer: "reference" }).kernels, selectKernels().kernels]) {
      const graph =
        activation === "tanh" ? step(everywhere(name, "stochastic")) : step(operandsIn(name), activation);
      const feeds = new Map(
        graph.sources.map((value, s) => {
          const elements = value.shape.reduce((product, size) => product * size, 1);
          return [
            value.source!.name,
            Float32Array.from({ length: elements }, (_, i) => Math.sin(i * 1.7 + s)),
          ];
        }),
      );
      const [narrow, wide] = [buildPlan(graph).plan, buildPlan(graph, { narrowing: false }).plan];
      expect(narrow.arenaBytes).toBeLessThan(wide.arenaBytes);
      expect(await results(narrow, kernels, feeds)).toEqual(await results(wide, kernels, feeds));
    }
  });
});
