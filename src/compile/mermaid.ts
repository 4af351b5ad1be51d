/**
 * An explained step as a Mermaid flowchart: modules as boxes, operations in them, and on each arrow what flows: shape and
 * format. What flows along a thick arrow is never in memory: one command does both ends. Draws what explain.ts found out; knows nothing else.
 */
import type { ExplainedEdge, ExplainedNode, Explanation } from "./explain.ts";

export interface MermaidOptions {
  /** Which parts are drawn. Default: the forward phase, which is what is read most. */
  readonly phases?: readonly string[];
}

/** Text of a flowchart, top to bottom. Parameters and inputs are drawn where a drawn operation reads them. */
export function mermaid(
  { nodes, edges }: Explanation,
  { phases = ["forward"] }: MermaidOptions = {},
): string {
  const drawn = new Map(nodes.filter(({ phase }) => phases.includes(phase)).map((node) => [node.id, node]));
  const arrows = edges.flatMap((edge) =>
    edge.to
      .filter((reader) => drawn.has(reader) && (edge.from < 0 || drawn.has(edge.from)))
      .map((reader) => arrow(edge, reader)),
  );
  const sources = edges.filter(({ from, to }) => from < 0 && to.some((reader) => drawn.has(reader)));
  return [
    "flowchart TD",
    ...sources.map((edge) => `  s${edge.value}([${quoted(edge.name ?? "source")}])`),
    ...boxes([...drawn.values()]),
    ...arrows,
    "",
  ].join("\n");
}

/** One subgraph per module path, in the order of first use; the top has none. */
function boxes(nodes: readonly ExplainedNode[]): string[] {
  const byPath = new Map<string, ExplainedNode[]>();
  for (const node of nodes) {
    const list = byPath.get(node.path);
    if (list === undefined) byPath.set(node.path, [node]);
    else list.push(node);
  }
  return [...byPath].flatMap(([path, members], i) => {
    const lines = members.map((node) => `  n${node.id}[${quoted(label(node))}]`);
    if (path === "") return lines;
    return [`  subgraph m${i} [${quoted(path)}]`, ...lines.map((line) => `  ${line}`), "  end"];
  });
}

function label({ op, kind, rounding, gemm, carrier }: ExplainedNode): string {
  if (rounding !== undefined)
    return `round to ${rounding.format}, ${rounding.mode}${rounding.fused ? ", on store" : ""}`;
  const name = kind === undefined ? op : `${op} ${kind}`;
  return gemm === undefined ? name : `${name}, ${carrier} products`;
}

function arrow({ from, value, shape, format, storage }: ExplainedEdge, reader: number): string {
  const start = from < 0 ? `s${value}` : `n${from}`;
  const line = storage === "register" ? "==>" : "-->";
  return `  ${start} ${line}|${quoted(`${shape.join("×") || "scalar"} ${format}`)}| n${reader}`;
}

/** Mermaid ends a quoted text at a quotation mark, whatever stands before it. */
function quoted(text: string): string {
  return `"${text.replaceAll('"', "#quot;")}"`;
}
