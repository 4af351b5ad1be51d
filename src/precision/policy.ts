/**
 * A policy says which tensors are rounded, to what: an ordered list of rules, first match wins. It matches the path
 * of a module, the role of the tensor and, for operands, the GEMM that reads it. Data only: recipes are made of it.
 */
import type { Quantizer } from "../graph/primitives.ts";
import type { Accumulator } from "../kernels/contract.ts";

/** The three GEMMs of a layer: the forward one and the two of the backward pass. */
export type Gemm = "output" | "gradInput" | "gradWeight";

/**
 * `input`, `weight`, `gradOutput`: operands, rounded as a GEMM reads them.
 * The others are results, rounded as they are stored: `activation`, `error`, `gradWeight`, `gradBias` by whatever
 * operation produces them; `masterWeight`, `masterBias`, `optimizerState` by the optimizer.
 */
export type PolicyRole =
  | "input"
  | "weight"
  | "gradOutput"
  | "activation"
  | "error"
  | "gradWeight"
  | "gradBias"
  | "masterWeight"
  | "masterBias"
  | "optimizerState";

export interface PolicyRule {
  /**
   * Module path: segments separated by dots, `*` for one segment, `**` for any number; `@firstGemm` and `@lastGemm`
   * name the first and last layer with a GEMM. Absent: every path.
   */
  readonly path?: string;
  readonly roles: readonly PolicyRole[];
  /** Operands only. Absent: every GEMM. */
  readonly gemms?: readonly Gemm[];
  /** `fp32`: left as it is. */
  readonly quantizer: Quantizer | "fp32";
}

/** How the GEMMs of some layers add their products. */
export interface AccumulatorRule {
  /** As in PolicyRule. */
  readonly path?: string;
  /** Absent: every GEMM. */
  readonly gemms?: readonly Gemm[];
  /** `fp32`: as the carrier's fast path does. */
  readonly accumulator: Accumulator | "fp32";
}

export interface Policy {
  readonly rules: readonly PolicyRule[];
  /** The first rule that matches a GEMM; none: as the carrier's fast path does. */
  readonly accumulators?: readonly AccumulatorRule[];
}

/** Where `@firstGemm` and `@lastGemm` are in the model at hand. */
export interface PathAnchors {
  readonly firstGemm: string;
  readonly lastGemm: string;
}

/** The quantizer of the first rule that matches, or undefined for FP32. */
export function quantizerFor(
  policy: Policy,
  role: PolicyRole,
  place: { readonly path: string; readonly gemm?: Gemm; readonly anchors: PathAnchors },
): Quantizer | undefined {
  const rule = policy.rules.find(
    ({ path, roles, gemms }) =>
      roles.includes(role) &&
      (gemms === undefined || (place.gemm !== undefined && gemms.includes(place.gemm))) &&
      (path === undefined || matchesPath(path, place.path, place.anchors)),
  );
  return rule === undefined || rule.quantizer === "fp32" ? undefined : rule.quantizer;
}

/** The accumulator of a GEMM, or undefined for the carrier's own. */
export function accumulatorFor(
  { accumulators = [] }: Policy,
  place: { readonly path: string; readonly gemm: Gemm; readonly anchors: PathAnchors },
): Accumulator | undefined {
  const rule = accumulators.find(
    ({ path, gemms }) =>
      (gemms === undefined || gemms.includes(place.gemm)) &&
      (path === undefined || matchesPath(path, place.path, place.anchors)),
  );
  return rule === undefined || rule.accumulator === "fp32" ? undefined : rule.accumulator;
}

/** Whole segments are compared, so `layer2` never matches `layer20`. */
export function matchesPath(pattern: string, path: string, anchors: PathAnchors): boolean {
  if (pattern === "@firstGemm") return path === anchors.firstGemm;
  if (pattern === "@lastGemm") return path === anchors.lastGemm;
  return matchesSegments(pattern.split("."), path === "" ? [] : path.split("."));
}

function matchesSegments(pattern: readonly string[], path: readonly string[]): boolean {
  const [head, ...rest] = pattern;
  if (head === undefined) return path.length === 0;
  if (head === "**") {
    return matchesSegments(rest, path) || (path.length > 0 && matchesSegments(pattern, path.slice(1)));
  }
  return path.length > 0 && (head === "*" || head === path[0]) && matchesSegments(rest, path.slice(1));
}
