/**
 * Refuses a policy whose path patterns match no layer of the graph at hand: a misspelt exemption would otherwise round what it
 * should have left alone, and nobody would know. Knows nothing of recipes.
 */
import { RoundoffError } from "../base/errors.ts";
import type { Graph } from "../graph/graph.ts";
import { GEMM_PRIMITIVES } from "../graph/primitives.ts";
import { matchesPath, type PathAnchors, type Policy } from "./policy.ts";

/** As many layers as a message names. */
const SHOWN = 24;

/**
 * Throws INVALID_ARGUMENT for the first pattern that no node's path matches. `@firstGemm` and `@lastGemm` always name what there is; a
 * graph without layers (an optimizer's update) has nothing to match.
 */
export function requireMatchedPaths(
  graph: Graph,
  { rules, accumulators = [] }: Policy,
  anchors: PathAnchors,
): void {
  const layers = distinct(graph.nodes.filter(({ op }) => GEMM_PRIMITIVES.has(op)).map(({ path }) => path));
  if (layers.length === 0) return;
  const paths = distinct(graph.nodes.map(({ path }) => path));
  const patterns = [...rules, ...accumulators].flatMap(({ path }) => path ?? []);
  const unmatched = patterns.find(
    (pattern) => !pattern.startsWith("@") && !paths.some((path) => matchesPath(pattern, path, anchors)),
  );
  if (unmatched === undefined) return;
  const isParent = paths.some((path) => path.startsWith(`${unmatched}.`));
  throw new RoundoffError("INVALID_ARGUMENT", {
    what: `the path pattern "${unmatched}" matches no layer`,
    expected: `a path or a pattern of the layers with products: ${listed(layers)}`,
    hint: isParent
      ? `"${unmatched}.**" names everything in it.`
      : "* stands for one part of a path, ** for any number of parts.",
  });
}

function distinct(paths: readonly string[]): readonly string[] {
  return [...new Set(paths)].filter((path) => path !== "");
}

function listed(layers: readonly string[]): string {
  const more = layers.length - SHOWN;
  return `${layers.slice(0, SHOWN).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
