/** Every module: gradients of inputs and parameters against central differences in FP64, results of all kernel sets. */
import { describe, expect, it } from "vitest";
import { type CheckedInput, gradcheck } from "../src/autodiff/gradcheck.ts";
import { evaluate } from "../src/compile/evaluate.ts";
import { Graph } from "../src/graph/graph.ts";
import { Tensor } from "../src/graph/tensor.ts";
import { implementations } from "../src/kernels/conformance/implementations.ts";
import type { ExternalArray, KernelSet } from "../src/kernels/contract.ts";
import { createReferenceKernels } from "../src/kernels/reference/kernel-set.ts";
import * as nn from "../src/nn/index.ts";
import { MODULE_CASES, type ModuleCase } from "./gradcheck/modules.ts";

const kernels = createReferenceKernels({ precision: "f64" });

const nameOf = ({ module, variant }: ModuleCase) =>
  [module().constructor.name, variant].filter((part) => part !== undefined).join(", ");

/** The module as a function of its inputs and its numbers: those are inputs of the graph in place of states. */
function asFunction({ module, inputs, result }: ModuleCase) {
  const made = nn.init(module(), { seed: 7 });
  const members = statesOf(made);
  const numbers = members.map(
    (member): CheckedInput => ({
      shape: member.shape,
      values: Float64Array.from(member.data!),
      differentiable: member instanceof nn.Parameter,
    }),
  );
  const build = (operands: Tensor[]): Tensor => {
    members.forEach((member, i) => {
      member.valueIn = () => operands[inputs.length + i].value;
    });
    const output = made.forward(...operands.slice(0, inputs.length));
    return result === undefined ? (output as Tensor) : result(output as never);
  };
  return { build, inputs: [...inputs, ...numbers] };
}

function statesOf(module: nn.Module<unknown>): (nn.Parameter | nn.StateBuffer)[] {
  return nn.namedStates(module).map(([, member]) => member);
}

describe("modules", () => {
  it.each(MODULE_CASES.map((one) => [nameOf(one), one] as const))("%s: gradients", async (_, one) => {
    const { build, inputs } = asFunction(one);
    const run = (graph: Graph, feeds: ReadonlyMap<string, Float64Array | Int32Array>) =>
      evaluate(graph, { kernels, feeds, precision: "f64" });
    const { worst, where } = await gradcheck(build, inputs, run);
    expect(worst, where).toBeLessThan(1e-6);
  });

  it.each(MODULE_CASES.map((one) => [nameOf(one), one] as const))("%s: every kernel set", async (_, one) => {
    const { build, inputs } = asFunction(one);
    const exact = await outputOf(build, inputs, { kernels, precision: "f64" });
    const peak = exact.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    for (const { name, kernels: set } of implementations()) {
      const found = await outputOf(build, inputs, { kernels: set, precision: "f32" });
      found.forEach((x, i) => {
        expect(Math.abs(x - exact[i]), `${name}, element ${i}`).toBeLessThan(2e-6 * (1 + peak));
      });
    }
  });

  it("all have a case", () => {
    const made = MODULE_CASES.map(({ module }) => module().constructor);
    const all = Object.entries(nn).filter(([, value]) => isModule(value));
    expect(all.filter(([, value]) => !made.includes(value)).map(([name]) => name)).toEqual([]);
  });
});

async function outputOf(
  build: (operands: Tensor[]) => Tensor,
  inputs: readonly CheckedInput[],
  { kernels: set, precision }: { readonly kernels: KernelSet; readonly precision: "f32" | "f64" },
): Promise<number[]> {
  const graph = new Graph({ training: true });
  const feeds = new Map<string, ExternalArray>();
  const operands = inputs.map(({ shape, values, dtype = "f32" }, i) => {
    const real = precision === "f64" ? Float64Array.from(values) : Float32Array.from(values);
    feeds.set(`${i}`, dtype === "i32" ? Int32Array.from(values) : real);
    const role = dtype === "i32" ? "label" : "activation";
    return new Tensor(graph, graph.source({ kind: "input", name: `${i}` }, shape, role, dtype));
  });
  graph.output("output", build(operands).value);
  return Array.from((await evaluate(graph, { kernels: set, feeds, precision })).get("output")!);
}

const isModule = (value: unknown): boolean =>
  typeof value === "function" && value.prototype instanceof nn.Module;
