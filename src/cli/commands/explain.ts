/** `roundoff explain`: the data flow of a training step with the format, rounding, role and carrier on every edge. */
import type { Command } from "commander";
import { buildPlan } from "../../compile/build-plan.ts";
import {
  type ExplainedEdge,
  type ExplainedNode,
  type Explanation,
  explainPlan,
} from "../../compile/explain.ts";
import { mermaid } from "../../compile/mermaid.ts";
import { modelDefinition } from "../../models/catalog.ts";
import { createModel } from "../../models/model.ts";
import { createOptimizer } from "../../optim/optimizer-config.ts";
import { recipe as findRecipe } from "../../recipes/catalog.ts";
import { DEFAULT_OPTIMIZER } from "../../train/config.ts";
import { batchArrays, trainGraph } from "../../train/graphs.ts";
import { type CliContext, printResult } from "../context.ts";
import { integerOption } from "../option-values.ts";
import { formatNumber } from "../progress.ts";
import { textTable } from "../text-table.ts";
import { declareCommand, type JsonOption } from "./declare.ts";

interface ExplainOptions extends JsonOption {
  readonly model: string;
  readonly recipe: string;
  readonly batch: number;
  readonly image: number;
  readonly channels: number;
  readonly classes: number;
  readonly mermaid?: boolean;
}

export function registerExplain(program: Command, context: CliContext): void {
  declareCommand(program, "explain", "the data flow of a training step: formats, roundings, carriers, memory")
    .requiredOption("--model <name>", "the model")
    .option("--recipe <name>", "the recipe", "fp32")
    .option("--batch <n>", "pictures in a batch", integerOption("--batch", { min: 1 }), 64)
    .option("--image <n>", "rows and columns of a picture", integerOption("--image", { min: 1 }), 32)
    .option("--channels <n>", "channels of a picture", integerOption("--channels", { min: 1 }), 1)
    .option("--classes <n>", "classes to tell apart", integerOption("--classes", { min: 2 }), 10)
    .option("--mermaid", "a Mermaid flowchart of the forward pass instead of the table")
    .action(({ json = false, mermaid: drawn = false, ...options }: ExplainOptions) => {
      const explanation = explain(options);
      const text = () => (drawn ? mermaid(explanation) : explanationText(explanation));
      printResult(context, json, explanation, text);
    });
}

function explain({
  model: name,
  recipe: recipeName,
  batch,
  image,
  channels,
  classes,
}: Omit<ExplainOptions, "mermaid">): Explanation {
  const recipe = findRecipe(recipeName);
  const model = createModel(modelDefinition(name), { channels, size: image, classes });
  const optimizer = createOptimizer(DEFAULT_OPTIMIZER, { totalSteps: 1, stepsPerEpoch: 1 });
  const shape = [batch, image, image, channels] as const;
  const graph = trainGraph(model, { recipe, batch: batchArrays(shape), optimizer });
  return explainPlan(graph, buildPlan(graph));
}

/** One line per tensor, in the order in which the step makes them; then what lives across steps; then the memory. */
function explanationText({ nodes, edges, groups, memory }: Explanation): string {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const producer = (edge: ExplainedEdge) => {
    const node = byId.get(edge.from);
    if (node === undefined) return { op: edge.name ?? "source", path: "", detail: "" };
    const { kind, path, gemm, carrier, accumulator, rounding, fusedInto } = node;
    const op = kind === undefined ? node.op : `${node.op} ${kind}`;
    const how = rounding === undefined ? "" : roundingText(rounding);
    const host = fusedInto === undefined ? undefined : byId.get(fusedInto);
    if (host !== undefined) return { op, path, detail: `as ${host.op} stores` };
    return {
      op,
      path,
      detail: gemm === undefined ? how : `${gemm}, ${carrier} products, ${accumulator} sums`,
    };
  };
  const row = (edge: ExplainedEdge) => {
    const { op, path, detail } = producer(edge);
    return [op, path, edge.role, `[${edge.shape.join(", ")}]`, edge.format, edge.storage, detail];
  };
  const table = (chosen: readonly ExplainedEdge[]) =>
    textTable(["made by", "module", "role", "shape", "format", "stored as", "how"], chosen.map(row));
  const made = edges.filter(({ from }) => from >= 0);
  const given = edges.filter(({ from }) => from < 0);
  return `${table(made)}\n\nGiven to the step, or kept across steps:\n${table(given)}\n\n${groupsText(groups)}${memoryText(memory)}`;
}

/** What single commands do together, and how many commands do it. */
function groupsText(groups: Explanation["groups"]): string {
  if (groups.length === 0) return "";
  const counts = new Map<string, number>();
  for (const { steps } of groups) counts.set(steps, (counts.get(steps) ?? 0) + 1);
  const rows = [...counts].map(([steps, count]) => [String(count), steps]);
  return `Fused groups, each in one pass over memory:\n${textTable(["commands", "what they do"], rows)}\n\n`;
}

function roundingText({
  mode,
  overflow,
  fused,
  blocks,
  scale,
}: NonNullable<ExplainedNode["rounding"]>): string {
  return [mode, overflow, fused ? "on store" : undefined, blocks, scale]
    .filter((part) => part !== undefined)
    .join(" ");
}

function memoryText({ arenaBytes, arenaBytesByRole, stateBytesByRole }: Explanation["memory"]): string {
  const mebibytes = (bytes: number) => formatNumber(bytes / 2 ** 20);
  const rows = [
    ...Object.entries(arenaBytesByRole).map(([role, bytes]) => [role, "within a step", mebibytes(bytes)]),
    ...Object.entries(stateBytesByRole).map(([role, bytes]) => [role, "across steps", mebibytes(bytes)]),
  ];
  const table = textTable(["role", "lives", "MiB"], rows);
  return `${table}\nWithin a step, with memory reused: ${mebibytes(arenaBytes)} MiB.`;
}
