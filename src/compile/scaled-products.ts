/**
 * Real scales of whole tensors stay out of products: where only GEMMs read a rounded tensor, and its values over the scale are
 * exact in BF16, those are what is stored and multiplied, and the product is multiplied by the scale afterwards, as hardware
 * does. Decides which roundings that holds for, and makes the multiplications; knows nothing of memory.
 */
import type { Node, Value } from "../graph/graph.ts";
import { GEMM_PRIMITIVES, type Quantizer } from "../graph/primitives.ts";
import type { Command } from "../kernels/contract.ts";
import { BF16 } from "./carriers.ts";
import type { LoweredCommand, LoweredOutput } from "./lower.ts";

type Test = (value: Value) => boolean;
type Rounding = Node & { readonly op: "quantize" };

/**
 * The results of roundings that are stored over their tensor's scale. Every product that reads one must be able to: its
 * other operand is another of them, or `isExact` in BF16, and its sums are no accumulator profile's, which are defined on
 * the values. Nothing that `escapes` the step is one.
 */
export function scaledOperands(
  nodes: readonly Node[],
  { isExact, escapes }: { readonly isExact: Test; readonly escapes: Test },
): Set<Value> {
  const roots = rootsOfViews(nodes);
  const readers = readersThroughViews(nodes, roots);
  const kept = new Set([...roots].filter(([view]) => escapes(view)).map(([, root]) => root));
  const found = new Set(
    nodes
      .filter((node): node is Rounding => node.op === "quantize" && isExactOverItsScale(node.attrs.quantizer))
      .map(({ outputs }) => outputs[0])
      .filter((value) => !escapes(value) && !kept.has(value)),
  );
  const fits = (value: Value) => found.has(roots.get(value) ?? value) || isExact(value);
  const multiplies = (node: Node) =>
    GEMM_PRIMITIVES.has(node.op) &&
    !("accumulator" in node.attrs && node.attrs.accumulator !== undefined) &&
    node.inputs.slice(0, 2).every(fits);
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const value of found) if (!(readers.get(value) ?? []).every(multiplies)) found.delete(value);
  }
  return found;
}

/** Whether values over the scale of the tensor are BF16 values: integers, or elements under the scale of their block. */
function isExactOverItsScale({ format, scaling }: Quantizer): boolean {
  if (format.kind === "block") {
    const { element, scale } = format;
    return (
      scale.kind === "twoLevel" &&
      element.kind === "float" &&
      element.precision + scale.format.precision <= BF16.precision
    );
  }
  if (format.kind !== "fixed" || scaling === undefined || scaling.axis !== undefined) return false;
  if (scaling.rule === "symmetric") return format.bits - 1 <= BF16.precision;
  // Codes less their zero point: as many bits, and a sign.
  return scaling.rule === "affine" && format.bits <= BF16.precision;
}

/** Nodes that read each value or a view of it. */
function readersThroughViews(nodes: readonly Node[], roots: ReadonlyMap<Value, Value>): Map<Value, Node[]> {
  const readers = new Map<Value, Node[]>();
  for (const node of nodes) {
    if (node.op === "reshape") continue;
    for (const input of node.inputs) {
      const root = roots.get(input) ?? input;
      readers.set(root, [...(readers.get(root) ?? []), node]);
    }
  }
  return readers;
}

/** What each view is a view of. */
function rootsOfViews(nodes: readonly Node[]): Map<Value, Value> {
  const roots = new Map<Value, Value>();
  for (const { op, inputs, outputs } of nodes) {
    if (op === "reshape") roots.set(outputs[0], roots.get(inputs[0]) ?? inputs[0]);
  }
  return roots;
}

/** The product, then one multiplication by each scale in FP32; only the last result is stored as the product's own. */
export function multipliedByScales(
  product: LoweredCommand & { readonly node: Node },
  scales: readonly Value[],
): LoweredCommand[] {
  const { node } = product;
  const [result, ...others] = product.outputs;
  const between = scales.map((): LoweredOutput => ({ value: { ...result.value, id: -1 } }));
  const results = [...between, result];
  return [
    { ...product, outputs: [results[0], ...others] },
    ...scales.map((scale, i): LoweredCommand => {
      const attrs: Command["attrs"] = { kind: "mul" };
      return { op: "binary", attrs, inputs: [results[i].value, scale], outputs: [results[i + 1]], node };
    }),
  ];
}

/** The FP32 number beside a rounding's result. */
export function tensorScale(value: Value): Value {
  return { ...value, id: -1, shape: [1], dtype: "f32", role: "control", source: undefined };
}
