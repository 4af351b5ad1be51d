/**
 * What the roundings of a step lose: a copy of a rounded graph that computes the same tensors, counts at each rounding
 * the elements that become zero or lie beyond the format, and updates no state: running it changes nothing. Knows nothing
 * of when it is run, nor of what is done with the counts.
 */
import { emax, type NumberFormat } from "../formats/format.ts";
import { elementCount, type Graph, type Node, type Role, type Value } from "../graph/graph.ts";
import { gemmOf } from "../precision/apply-policy.ts";
import { simplify } from "./simplify.ts";

/** The roundings of one role in one module, whose counts are added up. */
export interface CountedTensor {
  readonly path: string;
  /** A role, or `sum.` and the GEMM whose sums are counted. */
  readonly role: string;
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
  const sums = graph.nodes.filter(mayOverflow);
  graph.outputs.clear();
  graph.updates.length = 0;
  const tensors = new Map<string, CountedTensor>();
  const add = (node: Node, role: string, counted: Counts) => {
    const key = `${role} ${node.path}`;
    tensors.set(key, merged(node, role, counted, tensors.get(key)));
  };
  graph.during("update", () => {
    for (const [index, node] of roundings.entries())
      add(node, node.outputs[0].role, appendCounts(graph, node, `rounding.${index}`));
    for (const [index, node] of sums.entries())
      add(node, `sum.${gemmOf(node)}`, appendOverflows(graph, node, `sum.${index}`));
  });
  return { graph, tensors: [...tensors.values()] };
}

type Counts = Pick<CountedTensor, "before" | "after" | "beyond">;

function merged(node: Node, role: string, counted: Counts, known: CountedTensor | undefined): CountedTensor {
  return {
    path: node.path,
    role,
    elements: (known?.elements ?? 0) + elementCount(node.outputs[0].shape),
    before: [...(known?.before ?? []), ...counted.before],
    after: [...(known?.after ?? []), ...counted.after],
    beyond: [...(known?.beyond ?? []), ...counted.beyond],
  };
}

/** GEMMs whose sums wrap where they overflow. */
function mayOverflow(node: Node): boolean {
  return (
    gemmOf(node) !== undefined && "accumulator" in node.attrs && node.attrs.accumulator?.kind === "int32Chain"
  );
}

/** An overflow is off by 2^32 units; sums in another order differ by far less than this part of the largest result. */
const CHANGED = 2 ** -10;

/** The product is done a second time, in chains that are safe, and results that differ are counted. */
function appendOverflows(graph: Graph, node: Node, name: string): Counts {
  const attrs = { ...node.attrs, accumulator: undefined };
  const [safe] = graph.apply(node.op, node.inputs, attrs as never, [node.outputs[0].role]);
  const [difference] = graph.apply("binary", [node.outputs[0], safe], { kind: "sub" });
  const [distance] = graph.apply("unary", [difference], { kind: "abs" });
  const [magnitude] = graph.apply("unary", [safe], { kind: "abs" });
  const axes = safe.shape.map((_, axis) => axis);
  const [largest] = graph.apply("reduce", [magnitude], { kind: "max", axes });
  const [limit] = graph.apply("affine", [largest], { scale: CHANGED, offset: 0 });
  const [changed] = graph.apply("binary", [distance, limit], { kind: "gt" });
  graph.output(`${name}.beyond`, graph.apply("reduceSum", [changed], { axes })[0]);
  return { before: [], after: [], beyond: [`${name}.beyond`] };
}

/** The rounding is done a second time, with the same random bits: the first keeps the readers and storage it had. */
function appendCounts(
  graph: Graph,
  { inputs: [raw], attrs }: Node & { op: "quantize" },
  name: string,
): Counts {
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
    before: [count("before", "ne", raw, zero)],
    after: [count("after", "ne", rounded, zero)],
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
