/**
 * What the roundings of a step lose: a copy of a rounded graph that computes the same tensors, counts at each rounding
 * the elements that become zero or lie beyond the format, and updates no state: running it changes nothing. Knows nothing
 * of when it is run, nor of what is done with the counts.
 */
import { emax, type NumberFormat } from "../formats/format.ts";
import { elementCount, type Graph, type Node, type Role, type Value } from "../graph/graph.ts";
import { simplify } from "./simplify.ts";

/** The roundings of one role in one module, whose counts are added up. */
export interface CountedTensor {
  readonly path: string;
  readonly role: Role;
  /** Elements that one step rounds there. */
  readonly elements: number;
  /** Names of the graph's outputs [1]: elements that are not zero before, and after; those beyond the largest finite value. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly beyond: readonly string[];
}

export interface CountingGraph {
  readonly graph: Graph;
  readonly tensors: readonly CountedTensor[];
}

/**
 * The counting copy of `source` for the roundings whose results have one of `roles`; its only outputs are the counts. Sums
 * of at most 2^24 ones are exact in FP32; a larger tensor is counted to within rounding.
 */
export function countRoundings(source: Graph, roles: ReadonlySet<Role>): CountingGraph {
  const graph = simplify(source);
  const roundings = graph.nodes.filter(
    (node): node is Node & { op: "quantize" } => node.op === "quantize" && roles.has(node.outputs[0].role),
  );
  graph.outputs.clear();
  graph.updates.length = 0;
  const tensors = new Map<string, CountedTensor>();
  for (const [index, node] of roundings.entries()) {
    const counted = graph.during("update", () => appendCounts(graph, node, `rounding.${index}`));
    const { path } = node;
    const [{ role, shape }] = node.outputs;
    const known = tensors.get(`${role} ${path}`);
    tensors.set(`${role} ${path}`, {
      path,
      role,
      elements: (known?.elements ?? 0) + elementCount(shape),
      before: [...(known?.before ?? []), counted.before],
      after: [...(known?.after ?? []), counted.after],
      beyond: [...(known?.beyond ?? []), ...counted.beyond],
    });
  }
  return { graph, tensors: [...tensors.values()] };
}

/** The rounding is done a second time, with the same random bits: the first keeps the readers and storage it had. */
function appendCounts(graph: Graph, { inputs: [raw], attrs }: Node & { op: "quantize" }, name: string) {
  const [rounded] = graph.apply("quantize", [raw], attrs);
  const [magnitude] = graph.apply("unary", [raw], { kind: "abs" });
  const zero = constant(graph, 0);
  const largest = largestFinite(attrs.quantizer.format);
  const count = (suffix: string, kind: "ne" | "gt", value: Value, limit: Value) => {
    const [holds] = graph.apply("binary", [value, limit], { kind });
    const [sum] = graph.apply("reduceSum", [holds], { axes: holds.shape.map((_, axis) => axis) });
    graph.output(`${name}.${suffix}`, sum);
    return `${name}.${suffix}`;
  };
  return {
    before: count("before", "ne", raw, zero),
    after: count("after", "ne", rounded, zero),
    beyond: largest === undefined ? [] : [count("beyond", "gt", magnitude, constant(graph, largest))],
  };
}

function constant(graph: Graph, value: number): Value {
  return graph.apply("fill", [], { value, shape: [] })[0];
}

/** Undefined where nothing can lie beyond: scales follow the tensor, or the format reaches as far as FP32. */
function largestFinite(format: NumberFormat): number | undefined {
  return format.kind === "float" && emax(format) < 127 ? format.maxFinite : undefined;
}
