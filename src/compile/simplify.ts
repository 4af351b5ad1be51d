/**
 * Simplification of a graph, to the bit: dead nodes go, what is computed twice in one phase is computed once, and
 * constants are computed here. What a checkpoint computes again on purpose stays. Runs after the precision pass: the same
 * value rounded in two ways is two values.
 */
import { Graph, type Node, type Value } from "../graph/graph.ts";
import { liveNodes } from "./dead-code.ts";

export function simplify(graph: Graph): Graph {
  return new Simplification(graph).run();
}

class Simplification {
  private readonly source: Graph;
  private readonly target: Graph;
  private readonly renamed = new Map<Value, Value>();
  private readonly known = new Map<string, readonly Value[]>();
  /** Values whose elements are all one number. */
  private readonly constants = new Map<Value, number>();
  private readonly numbers = new Map<Value, number>();
  private foldedAny = false;

  constructor(source: Graph) {
    this.source = source;
    this.target = new Graph({ training: source.training });
  }

  run(): Graph {
    for (const value of this.source.sources) {
      this.renamed.set(value, this.target.source(value.source!, value.shape, value.role, value.dtype));
    }
    for (const node of liveNodes(this.source)) {
      const outputs = this.target.scope(node.path, () =>
        this.target.during(node.phase, () => this.rebuild(node)),
      );
      node.outputs.forEach((output, i) => {
        this.renamed.set(output, outputs[i]);
        const twin = this.source.recomputed.get(output);
        if (twin !== undefined) this.target.recomputed.set(outputs[i], this.renamed.get(twin) ?? outputs[i]);
      });
    }
    for (const [name, value] of this.source.outputs) this.target.output(name, this.renamed.get(value)!);
    for (const { state, next } of this.source.updates) {
      this.target.update(this.renamed.get(state)!, this.renamed.get(next)!);
    }
    // The operands of what was folded may have no other reader.
    return this.foldedAny ? new Simplification(this.target).run() : this.target;
  }

  private rebuild(node: Node): readonly Value[] {
    const inputs = node.inputs.map((input) => this.renamed.get(input)!);
    const folded = node.op === "fill" ? undefined : this.fold(node, inputs);
    this.foldedAny ||= folded !== undefined;
    const op = folded === undefined ? node.op : "fill";
    const attrs = folded === undefined ? node.attrs : { value: folded, shape: node.outputs[0].shape };
    const operands = folded === undefined ? inputs : [];
    const key = mayShare(node, this.source) ? this.keyOf(op, attrs, operands, node) : undefined;
    const shared = key === undefined ? undefined : this.known.get(key);
    if (shared !== undefined) return shared;
    const roles = node.outputs.map(({ role }) => role);
    const outputs = this.target.apply(op, operands, attrs as never, roles);
    if (key !== undefined) this.known.set(key, outputs);
    const constant = folded ?? (node.op === "fill" ? Math.fround(node.attrs.value) : undefined);
    if (constant !== undefined && node.outputs[0].dtype === "f32") this.constants.set(outputs[0], constant);
    return outputs;
  }

  private keyOf(op: string, attrs: object, inputs: readonly Value[], { phase }: Node): string {
    // The id of a rounding matters only where random bits are drawn, and those are never shared.
    const text = JSON.stringify(attrs, (name, value: unknown) => (name === "tensorId" ? undefined : value));
    return `${phase} ${op} ${text} ${inputs.map((input) => this.number(input)).join(" ")}`;
  }

  private number(value: Value): number {
    const known = this.numbers.get(value) ?? this.numbers.size;
    this.numbers.set(value, known);
    return known;
  }

  /** The number that all elements of a node's result are, by the kernels' own arithmetic in FP32. */
  private fold(node: Node, inputs: readonly Value[]): number | undefined {
    const operands = inputs.map((input) => this.constants.get(input));
    if (operands.length === 0 || operands.includes(undefined)) return undefined;
    const [a, b] = operands as number[];
    switch (node.op) {
      case "reshape":
      case "broadcastTo":
      case "transpose":
        return a;
      case "affine": {
        const { scale, offset } = node.attrs;
        return Math.fround(Math.fround(Math.fround(scale) * a) + Math.fround(offset));
      }
      case "binary":
        return foldBinary(node.attrs.kind, a, b);
      default:
        return undefined;
    }
  }
}

function foldBinary(kind: string, a: number, b: number): number | undefined {
  switch (kind) {
    case "add":
      return Math.fround(a + b);
    case "sub":
      return Math.fround(a - b);
    case "mul":
      return Math.fround(a * b);
    case "div":
      return Math.fround(a / b);
    default:
      return undefined;
  }
}

/** Updates write state, and roundings that draw random bits are as many draws as there are nodes. */
function mayShare(node: Node, graph: Graph): boolean {
  if (node.phase === "update" || graph.recomputed.has(node.outputs[0])) return false;
  return node.op !== "quantize" || node.attrs.quantizer.rounding !== "stochastic";
}
