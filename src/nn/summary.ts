/**
 * What a model is made of: its modules in the order of their paths, with the shapes that they give for given inputs and their
 * numbers of parameters. Traces the model; computes nothing.
 */
import { elementCount, formatShape, Graph } from "../graph/graph.ts";
import { Tensor } from "../graph/tensor.ts";
import { bindNames, type Module, namedModules, namedStates } from "./module.ts";
import { Parameter } from "./parameter.ts";

export interface SummaryRow {
  /** `layer1.0.conv1`; empty for the model itself. */
  readonly path: string;
  /** Name of the module's class. */
  readonly type: string;
  /** Shapes of the tensors that `forward` gave, in order; of the last call if there were several. Empty: not called. */
  readonly outputShapes: readonly (readonly number[])[];
  /** Trained numbers of the module itself, without those of its children. */
  readonly parameters: number;
}

export interface ModelSummary {
  readonly rows: readonly SummaryRow[];
  /** Trained numbers; one that several modules share counts once. */
  readonly parameters: number;
  /** Numbers that are kept but not trained: running statistics. */
  readonly buffers: number;
  /** The rows as a table. */
  toString(): string;
}

export interface SummaryInput {
  readonly shape: readonly number[];
  /** i32 for labels and tokens. Default: f32. */
  readonly dtype?: "f32" | "i32";
}

/** Traces `model` in evaluation on inputs of these shapes (with the batch axis), in the order of `forward`'s arguments. */
export function summary(
  model: Module<unknown>,
  ...inputs: readonly (readonly number[] | SummaryInput)[]
): ModelSummary {
  const shapes = tracedShapes(model, inputs);
  const rows = namedModules(model).map(
    ([path, module]): SummaryRow => ({
      path,
      type: module.constructor.name,
      outputShapes: shapes.get(module) ?? [],
      parameters: ownParameters(module),
    }),
  );
  const states = namedStates(model).map(([, member]) => member);
  const count = (trained: boolean) =>
    states
      .filter((member) => member instanceof Parameter === trained)
      .reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const totals = { parameters: count(true), buffers: count(false) };
  return { rows, ...totals, toString: () => table(rows, totals) };
}

function tracedShapes(
  model: Module<unknown>,
  inputs: readonly (readonly number[] | SummaryInput)[],
): Map<Module<unknown>, readonly (readonly number[])[]> {
  bindNames(model);
  const shapes = new Map<Module<unknown>, readonly (readonly number[])[]>();
  const modules = namedModules(model).map(([, module]) => module);
  const own = modules.map((module) => Object.getOwnPropertyDescriptor(module, "forward")!);
  for (const module of modules) {
    const forward = module.forward.bind(module);
    const value = (...given: unknown[]) => {
      const output = forward(...given);
      shapes.set(module, shapesIn(output));
      return output;
    };
    Object.defineProperty(module, "forward", { configurable: true, value });
  }
  try {
    const graph = new Graph();
    model.forward(...inputs.map((input, i) => inputTensor(graph, input, i)));
  } finally {
    modules.forEach((module, i) => {
      Object.defineProperty(module, "forward", own[i]);
    });
  }
  return shapes;
}

function inputTensor(graph: Graph, input: readonly number[] | SummaryInput, i: number): Tensor {
  const { shape, dtype = "f32" } = "shape" in input ? input : { shape: input };
  return new Tensor(graph, graph.source({ kind: "input", name: `input ${i}` }, shape, "input", dtype));
}

/** The shapes of all tensors in a result of any structure. */
function shapesIn(output: unknown): readonly (readonly number[])[] {
  if (output instanceof Tensor) return [output.shape];
  return typeof output === "object" && output !== null ? Object.values(output).flatMap(shapesIn) : [];
}

/** Counts the members that no child module holds. */
function ownParameters(module: Module<unknown>): number {
  const children = new Set(
    namedModules(module)
      .slice(1)
      .flatMap(([, child]) => namedStates(child).map(([, member]) => member)),
  );
  return namedStates(module)
    .map(([, member]) => member)
    .filter((member) => member instanceof Parameter && !children.has(member))
    .reduce((sum, { shape }) => sum + elementCount(shape), 0);
}

function table(
  rows: readonly SummaryRow[],
  { parameters, buffers }: { readonly parameters: number; readonly buffers: number },
): string {
  const cells = [
    ["module", "type", "output", "parameters"],
    ...rows.map(({ path, type, outputShapes, parameters }) => [
      path === "" ? "(model)" : path,
      type,
      outputShapes.map(formatShape).join(" "),
      String(parameters),
    ]),
  ];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const lines = cells.map((row) =>
    row.map((cell, c) => (c === 3 ? cell.padStart(widths[c]) : cell.padEnd(widths[c]))).join("  "),
  );
  return [...lines, `${parameters} parameters, ${buffers} numbers of state`].join("\n");
}
