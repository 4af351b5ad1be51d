/**
 * Explains a compiled step: the data flow with the format, rounding, role, storage and carrier of every edge, and how
 * many bytes each role takes. Reads graphs and lowered plans; changes nothing.
 */
import type { NumberFormat } from "../formats/format.ts";
import type { Graph, Node, Value } from "../graph/graph.ts";
import type { BlockPlacement, Quantizer } from "../graph/primitives.ts";
import { accumulatorName } from "../kernels/accumulators.ts";
import { gemmOf } from "../precision/apply-policy.ts";
import { knownFormats } from "../precision/represents.ts";
import type { BuiltPlan } from "./build-plan.ts";
import { type ExplainedGroup, explainGroups, valuesInRegisters } from "./explain-groups.ts";
import type { LoweredCommand } from "./lower.ts";

export interface ExplainedNode {
  readonly id: number;
  readonly op: string;
  /** Which function, for unary and binary operations. */
  readonly kind?: string;
  readonly path: string;
  readonly phase: string;
  /** GEMMs only: output, gradInput or gradWeight, and the arithmetic of the products. */
  readonly gemm?: string;
  readonly carrier?: string;
  readonly accumulator?: string;
  /** The node whose command does this one too, as it stores its result; see groups. */
  readonly fusedInto?: number;
  /** Roundings only: done by the producing command as it stores, or a pass over the tensor. */
  readonly rounding?: {
    readonly format: string;
    readonly mode: string;
    readonly overflow: string;
    readonly fused: boolean;
    /** Block formats: size of a block as it lies, and along which axis. */
    readonly blocks?: string;
    /** What else the scales depend on: rule of shared exponents, scaling of integers. */
    readonly scale?: string;
  };
}

export interface ExplainedEdge {
  readonly value: number;
  /** Node ids; −1 is a source. */
  readonly from: number;
  readonly to: readonly number[];
  readonly name?: string;
  readonly role: string;
  readonly shape: readonly number[];
  readonly format: string;
  /**
   * How it lies in memory, and as what a copy is kept for the backward pass; "alias": a view of another value; "register": rounded or used by a fused group before it is
   * stored, so that only what becomes of it lies in memory; "none": nothing reads it.
   */
  readonly storage: string;
  readonly bytes: number;
}

export interface Explanation {
  readonly nodes: readonly ExplainedNode[];
  readonly edges: readonly ExplainedEdge[];
  /** Nodes that one command does together. */
  readonly groups: readonly ExplainedGroup[];
  readonly memory: {
    readonly arenaBytes: number;
    /** Arena tensors by role, without reuse: what the step would need if nothing were shared. */
    readonly arenaBytesByRole: Readonly<Record<string, number>>;
    /** What lives across steps, by role. */
    readonly stateBytesByRole: Readonly<Record<string, number>>;
  };
}

export function explainPlan(graph: Graph, built: BuiltPlan): Explanation {
  const formats = knownFormats(graph);
  const commands = new Map<Node, LoweredCommand>();
  for (const command of built.lowered.commands)
    if (command.node !== undefined && !commands.has(command.node)) commands.set(command.node, command);
  const groups = explainGroups(built);
  const hosts = new Map(
    groups.flatMap(({ host, nodes }) => nodes.filter((id) => id !== host).map((id) => [id, host])),
  );
  return {
    nodes: graph.nodes.map((node) => ({
      ...explainNode(node, commands.get(node), built),
      ...(hosts.has(node.id) && { fusedInto: hosts.get(node.id) }),
    })),
    edges: explainEdges(graph, built, formats),
    groups,
    memory: explainMemory(built),
  };
}

function explainNode(node: Node, command: LoweredCommand | undefined, built: BuiltPlan): ExplainedNode {
  const kind = "kind" in node.attrs ? node.attrs.kind : undefined;
  const base = { id: node.id, op: node.op, kind, path: node.path, phase: node.phase };
  if (node.op === "quantize") {
    const { format, rounding, overflow } = node.attrs.quantizer;
    const fused = built.lowered.fusedRoundings.has(node);
    const blocks = blocksText(node.attrs.blocks);
    const scale = scaleText(node.attrs.quantizer);
    return { ...base, rounding: { format: format.name, mode: rounding, overflow, fused, blocks, scale } };
  }
  const gemm = gemmOf(node);
  if (gemm === undefined) return base;
  const carrier = (command?.attrs as { carrier?: string } | undefined)?.carrier ?? "f32";
  return { ...base, gemm, carrier, accumulator: accumulatorText(node, carrier) };
}

function accumulatorText(node: Node, carrier: string): string {
  const accumulator = "accumulator" in node.attrs ? node.attrs.accumulator : undefined;
  if (accumulator !== undefined) return accumulatorName(accumulator);
  return carrier === "i16" ? "int32, spilled to fp32" : "fp32";
}

function blocksText(blocks: BlockPlacement | undefined): string | undefined {
  return blocks && `${blocks.block.rows}x${blocks.block.columns} along ${blocks.along}`;
}

function scaleText({ scaleRule, scaling }: Quantizer): string | undefined {
  const axis = scaling?.axis === undefined ? "" : ` per index of axis ${scaling.axis}`;
  return scaling === undefined ? scaleRule : `${scaling.rule}${axis}`;
}

function explainEdges(
  graph: Graph,
  built: BuiltPlan,
  formats: ReadonlyMap<Value, NumberFormat>,
): ExplainedEdge[] {
  const readers = new Map<Value, number[]>();
  for (const node of graph.nodes) {
    for (const input of node.inputs) readers.set(input, [...(readers.get(input) ?? []), node.id]);
  }
  const stores = storesOf(graph, built);
  const registers = valuesInRegisters(built);
  const edge = (value: Value, from: number): ExplainedEdge => ({
    value: value.id,
    from,
    to: readers.get(value) ?? [],
    name: value.source?.name,
    role: value.role,
    shape: value.shape,
    format: value.dtype === "i32" ? "int32" : (formats.get(value)?.name ?? "fp32"),
    ...(registers.has(built.lowered.home(value))
      ? { storage: "register", bytes: 0 }
      : storage(value, built, stores)),
  });
  return [
    ...graph.sources.map((value) => edge(value, -1)),
    ...graph.nodes.flatMap((node) => node.outputs.map((value) => edge(value, node.id))),
  ];
}

/** The values that a fused rounding leaves in the memory of its producer: raw result → rounded value. */
function storesOf(graph: Graph, { lowered }: BuiltPlan): Map<Value, Value> {
  const fused = graph.nodes.filter((node) => lowered.fusedRoundings.has(node));
  return new Map(fused.map((node) => [lowered.home(node.outputs[0]), node.outputs[0]]));
}

function storage(
  value: Value,
  { lowered, bytes }: BuiltPlan,
  stores: ReadonlyMap<Value, Value>,
): { storage: string; bytes: number } {
  const home = lowered.home(value);
  const stored = stores.get(home) ?? home;
  if (value !== stored) return { storage: value === home ? "register" : "alias", bytes: 0 };
  const size = bytes.get(home);
  if (size === undefined) return { storage: "none", bytes: 0 };
  const saved = lowered.saved?.(home);
  if (saved === undefined) return { storage: lowered.dtype(home), bytes: size };
  return {
    storage: `${lowered.dtype(home)}, kept as ${lowered.dtype(saved)}`,
    bytes: size + bytes.get(saved)!,
  };
}

function explainMemory({ plan, lowered, bytes }: BuiltPlan): Explanation["memory"] {
  const arenaBytesByRole: Record<string, number> = {};
  const stateBytesByRole: Record<string, number> = {};
  for (const [home, size] of bytes) {
    const table = lowered.external(home) === undefined ? arenaBytesByRole : stateBytesByRole;
    // A state and its update in place share one array: count the source only.
    if (table === stateBytesByRole && home.source === undefined) continue;
    table[home.role] = (table[home.role] ?? 0) + size;
  }
  return { arenaBytes: plan.arenaBytes, arenaBytesByRole, stateBytesByRole };
}
