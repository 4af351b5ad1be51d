/**
 * Which format a value of a graph is known to be in, and when a rounding would change nothing. Facts about formats and
 * primitives only; chooses nothing.
 */
import { floatFormat } from "../formats/catalog.ts";
import {
  type BlockFormat,
  emax,
  emin,
  type FixedFormat,
  type FloatFormat,
  type NumberFormat,
  type PositFormat,
} from "../formats/format.ts";
import type { Graph, Node, Value } from "../graph/graph.ts";
import type { Quantizer } from "../graph/primitives.ts";
import type { UnaryKind } from "../kernels/contract.ts";

const BF16 = floatFormat("bf16");

/** Results are 0, ±x or x itself, so they stay in the operand's format. NaN and infinities stay too. */
const PRESERVING_UNARY: ReadonlySet<UnaryKind> = new Set(["relu", "neg", "abs"]);

/** The input whose values the node only selects, copies or negates; undefined when it computes new ones. */
export function preservedInput(node: Node): Value | undefined {
  switch (node.op) {
    case "reshape":
    case "transpose":
    case "broadcastTo":
    case "copy":
    case "maxPool2d":
    case "slice":
    case "padEdge":
    case "gather":
    case "indexSelect":
    case "topK":
      return node.inputs[0];
    case "place":
      return node.attrs.value === 0 ? node.inputs[0] : undefined;
    case "reduce":
      return node.attrs.kind === "max" || node.attrs.kind === "min" ? node.inputs[0] : undefined;
    case "unary":
      return PRESERVING_UNARY.has(node.attrs.kind) ? node.inputs[0] : undefined;
    case "unaryGrad":
      return PRESERVING_UNARY.has(node.attrs.kind) ? node.inputs[1] : undefined;
    default:
      return undefined;
  }
}

/** The format that each value's elements are known to belong to; absent: FP32. */
export function knownFormats(graph: Graph): Map<Value, NumberFormat> {
  const formats = new Map<Value, NumberFormat>();
  for (const node of graph.nodes) {
    const format = formatOfResult(node, formats);
    if (format !== undefined) formats.set(node.outputs[0], format);
  }
  return formats;
}

/** As `knownFormats`, for one node whose inputs are already known. */
export function formatOfResult(
  node: Node,
  formats: ReadonlyMap<Value, NumberFormat>,
): NumberFormat | undefined {
  if (node.op === "quantize") return node.attrs.quantizer.format;
  if (node.op === "concat" || node.op === "where") {
    const [format, ...others] = node.inputs
      .slice(node.op === "where" ? 1 : 0)
      .map((input) => formats.get(input));
    const shared = format?.kind === "float" && others.every((other) => other?.name === format.name);
    return shared ? format : undefined;
  }
  const preserved = preservedInput(node);
  const format = preserved === undefined ? undefined : formats.get(preserved);
  // Not every format has the zero that padding puts in.
  if (node.op === "place" && !(format?.kind === "float" && format.hasZero)) return undefined;
  if (format === undefined || format.kind === "float" || node.op === "reshape") return format;
  // Elements and scales belong together only as long as the tensor is but viewed; what is moved are plain numbers.
  return format.kind === "fixed" ? undefined : enclosingFloat({ format });
}

/**
 * A float format that holds every value a quantizer gives; undefined where only FP32 does. BF16 has FP32's exponents, so
 * few significand bits are enough, under any power of two. (Below BF16's normal range, where it has fewer: lowering lets a
 * rounding to BF16 follow.)
 */
export function enclosingFloat({
  format,
  scaling,
}: Pick<Quantizer, "format" | "scaling">): FloatFormat | undefined {
  if (format.kind === "float") return format;
  const byPowers =
    format.kind === "block"
      ? format.scale.kind !== "twoLevel"
      : (scaling?.rule ?? "powerOfTwo") === "powerOfTwo";
  return byPowers && significandBits(format) <= BF16.precision ? BF16 : undefined;
}

/** Significand bits that the longest elements of a format have. */
function significandBits(format: PositFormat | FixedFormat | BlockFormat): number {
  switch (format.kind) {
    case "posit":
      // Sign, the two bits of the shortest regime and the exponent take the others; one is hidden.
      return Math.max(1, format.bits - 3 - format.exponentBits + 1);
    case "fixed":
      return format.bits - 1;
    case "block":
      return format.element.kind === "fixed" ? format.element.bits - 1 : format.element.precision;
  }
}

/** True if every value of `inner` is a value of `outer`, so that rounding to `outer` is the identity. */
export function contains(outer: NumberFormat, inner: NumberFormat): boolean {
  if (outer.kind !== "float" || inner.kind !== "float") return outer.name === inner.name;
  // The finest spacing, which numbers have next to the smallest normal one whether there are subnormals or not.
  const finest = (f: typeof outer) => emin(f) - (f.precision - 1);
  const reachesDown = outer.hasSubnormals
    ? finest(outer) <= finest(inner)
    : emin(outer) <= (inner.hasSubnormals ? finest(inner) : emin(inner));
  return (
    outer.name === inner.name ||
    (outer.precision >= inner.precision &&
      emax(outer) >= emax(inner) &&
      outer.maxFinite >= inner.maxFinite &&
      reachesDown &&
      (outer.hasSign || !inner.hasSign) &&
      (outer.hasZero || !inner.hasZero) &&
      (outer.hasInfinity || !inner.hasInfinity) &&
      (outer.hasNaN || !inner.hasNaN) &&
      (outer.hasNegativeZero || !inner.hasNegativeZero))
  );
}
