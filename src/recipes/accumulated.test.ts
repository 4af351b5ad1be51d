/** Recipes with an accumulator of their own: what the plan's GEMMs are told, and what is refused. */
import { describe, expect, it } from "vitest";
import { buildPlan } from "../compile/build-plan.ts";
import { explainPlan } from "../compile/explain.ts";
import { Graph } from "../graph/graph.ts";
import { Tensor } from "../graph/tensor.ts";
import { accumulatorProfile } from "../kernels/accumulators.ts";
import type { OpAttrs } from "../kernels/contract.ts";
import { createReferenceKernels } from "../kernels/reference/kernel-set.ts";
import { applyPolicy } from "../precision/apply-policy.ts";
import type { Policy } from "../precision/policy.ts";
import { recipe } from "./catalog.ts";

/** y = relu(x · w), x[2, 100] all ones, w[100, 3]; a module named fc and one named act. */
function product(policy: Policy) {
  const graph = new Graph();
  const source = (name: string, shape: number[], role: "input" | "weight") =>
    new Tensor(graph, graph.source({ kind: role === "input" ? "input" : "state", name }, shape, role));
  const [x, w] = [source("x", [2, 100], "input"), source("w", [100, 3], "weight")];
  const sums = graph.scope("fc", () => x.matmul(w));
  graph.output("y", graph.scope("act", () => sums.relu()).value);
  const rounded = applyPolicy(graph, policy);
  const built = buildPlan(rounded);
  const gemm = built.plan.commands.find(({ op }) => op === "matmul");
  if (gemm === undefined) throw new Error("the plan has no product");
  return { rounded, built, attrs: gemm.attrs as OpAttrs["matmul"], inputs: gemm.inputs };
}

describe("the option accumulator of a recipe", () => {
  it("reaches the GEMMs and is named in the recipe", () => {
    const found = recipe("fp8:scale=1000:accumulator=fp16c64");
    expect(found.name).toBe("fp8:scale=1000:accumulator=fp16c64");
    expect(recipe(found.name)).toEqual(found);
    expect(found.options).toMatchObject({ scale: "1000", accumulator: "fp16c64" });
    expect(found.choices.filter(({ what }) => what === "accumulator")).toHaveLength(1);
    const { attrs, rounded, built } = product(found.policy);
    expect(attrs).toMatchObject({ carrier: "f32", accumulator: accumulatorProfile("fp16c64").accumulator });
    const node = explainPlan(rounded, built).nodes.find(({ op }) => op === "matmul");
    expect(node).toMatchObject({ accumulator: "fp16c64" });
  });

  it("changes nothing as fp32", () => {
    expect(recipe("bf16:accumulator=fp32")).toBe(recipe("bf16"));
    expect(product(recipe("bf16").policy).attrs).toMatchObject({ carrier: "bf16" });
    expect(product(recipe("bf16").policy).attrs.accumulator).toBeUndefined();
  });

  it("gives integers to the FP32 carrier as the numbers that they stand for", () => {
    const { attrs, inputs } = product(recipe("int16:accumulator=e6m9").policy);
    expect([attrs.carrier, ...inputs.map(({ dtype }) => dtype)]).toEqual(["f32", "f32", "f32"]);
  });

  it("multiplies BF16 operands as the instruction does", () => {
    expect(product(recipe("fp8:exempt=none:accumulator=amxBf16").policy).attrs).toMatchObject({
      carrier: "bf16",
      accumulator: { kind: "amxBf16" },
    });
  });

  it("computes what it says", async () => {
    const { built } = product(recipe("fp32:accumulator=bf16").policy);
    const y = new Float32Array(6);
    const externals = new Map([
      ["x", new Float32Array(200).fill(1)],
      ["w", new Float32Array(300).fill(3)],
      ["y", y],
    ]);
    await createReferenceKernels().prepare(built.plan, externals).run();
    // BF16 has every integer up to 256 and every second one up to 512; ties go to the even significand.
    const expected = Array.from({ length: 100 }).reduce<number>((sum) => {
      const spacing = sum < 256 ? 1 : 2;
      const [low, rest] = [Math.floor((sum + 3) / spacing), ((sum + 3) % spacing) / spacing];
      return spacing * (rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low);
    }, 0);
    expect([...y]).toEqual(new Array(6).fill(expected));
    expect(expected).not.toBe(300);
  });

  it.each([
    ["bf16:accumulator=fp23", "UNKNOWN_NAME"],
    ["bf16:accumulator=int32", "UNSUPPORTED"],
    ["bf16:accumulator=fp16:accumulator=bf16", "INVALID_ARGUMENT"],
    ["bf16:acumulator=fp16", "UNKNOWN_NAME"],
  ])("refuses %s", (text, code) => {
    expect(() => recipe(text)).toThrow(expect.objectContaining({ code }) as Error);
  });

  it("refuses an instruction's accumulator for operands that it does not take", () => {
    const { policy } = recipe("fp32:accumulator=amxBf16");
    expect(() => product(policy)).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }) as Error);
  });

  it("is a rule of a policy: by path and by GEMM, the first that matches", () => {
    const [fp16, bf16] = ["fp16", "bf16"].map((name) => accumulatorProfile(name).accumulator);
    if (fp16 === undefined || bf16 === undefined) throw new Error("they are accumulators of their own");
    const chosen = (accumulators: Policy["accumulators"]) =>
      product({ rules: [], accumulators }).attrs.accumulator;
    expect(chosen([{ path: "fc", accumulator: fp16 }, { accumulator: bf16 }])).toBe(fp16);
    expect(chosen([{ path: "act", accumulator: fp16 }, { accumulator: bf16 }])).toBe(bf16);
    expect(chosen([{ gemms: ["gradWeight"], accumulator: fp16 }])).toBeUndefined();
    expect(chosen([{ path: "@lastGemm", accumulator: "fp32" }, { accumulator: bf16 }])).toBeUndefined();
  });
});
