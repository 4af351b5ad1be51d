/**
 * The precision pass: rebuilds a graph with quantize nodes where a policy asks for them. A rounding that would change
 * nothing (the value is already in the format) is left out; a tensor that several GEMMs read in one format is rounded
 * once. Knows roles and paths, never modules.
 */
import type { NumberFormat } from "../formats/format.ts";
import { Graph, type Node, type Role, type Value } from "../graph/graph.ts";
import { type BlockPlacement, GEMM_PRIMITIVES, type Quantizer } from "../graph/primitives.ts";
import { operandBlocks, storedBlocks } from "./block-placement.ts";
import { requireMatchedPaths } from "./matched-paths.ts";
import {
  accumulatorFor,
  type Gemm,
  type PathAnchors,
  type Policy,
  type PolicyRole,
  quantizerFor,
} from "./policy.ts";
import { contains, formatOfResult } from "./represents.ts";

/** Roles of results that a policy may round; the others (statistics, labels, control) never are. */
const STORED_ROLES: Partial<Record<Role, PolicyRole>> = {
  activation: "activation",
  error: "error",
  gradWeight: "gradWeight",
  gradBias: "gradBias",
  masterWeight: "masterWeight",
  masterBias: "masterBias",
  optimizerState: "optimizerState",
};

const OPERAND_ROLES: Partial<Record<Role, PolicyRole>> = {
  input: "input",
  activation: "input",
  weight: "weight",
  error: "gradOutput",
};

/** A new graph that computes the same step with the policy's roundings in it. Throws where a path pattern matches no layer. */
export function applyPolicy(graph: Graph, policy: Policy): Graph {
  return new PrecisionPass(graph, policy).run();
}

/** The paths of the first and last GEMM of the forward pass. */
export function pathAnchors(graph: Graph): PathAnchors {
  const gemms = graph.nodes.filter(
    (node) =>
      node.phase === "forward" && GEMM_PRIMITIVES.has(node.op) && !graph.recomputed.has(node.outputs[0]),
  );
  return { firstGemm: gemms[0]?.path ?? "", lastGemm: gemms.at(-1)?.path ?? "" };
}

class PrecisionPass {
  private readonly target: Graph;
  private readonly renamed = new Map<Value, Value>();
  private readonly formats = new Map<Value, NumberFormat>();
  /** Rounded versions of a value, by format and rounding, so that each is made once. */
  private readonly rounded = new Map<Value, Map<string, Value>>();
  /** What a value was rounded to last, in any view: see `destination`. */
  private readonly destinations = new Map<Value, string>();
  /** The result of each node before its own rounding. */
  private readonly raw = new Map<Value, Value>();
  private readonly tensorIds = new Map<Value, number>();
  private nextTensorId = 0;
  private readonly biasedSums: ReadonlySet<Value>;
  private readonly anchors: PathAnchors;
  private readonly source: Graph;
  private readonly policy: Policy;

  constructor(source: Graph, policy: Policy) {
    this.source = source;
    this.policy = policy;
    this.target = new Graph({ training: source.training });
    this.anchors = pathAnchors(source);
    this.biasedSums = gemmResultsBeforeBias(source);
  }

  run(): Graph {
    requireMatchedPaths(this.source, this.policy, this.anchors);
    for (const value of this.source.sources) {
      this.renamed.set(value, this.target.source(value.source!, value.shape, value.role, value.dtype));
    }
    for (const node of this.source.nodes) {
      this.target.scope(node.path, () => this.target.during(node.phase, () => this.rebuild(node)));
    }
    for (const [name, value] of this.source.outputs) this.target.output(name, this.rename(value));
    for (const { state, next } of this.source.updates) {
      this.target.update(this.rename(state), this.rename(next));
    }
    return this.target;
  }

  private rename(value: Value): Value {
    return this.renamed.get(value)!;
  }

  private rebuild(node: Node): void {
    const gemm = gemmOf(node);
    const inputs = node.inputs.map((input, index) =>
      gemm === undefined ? this.rename(input) : this.operand(node, index, gemm),
    );
    const roles = node.outputs.map((output) => output.role);
    const outputs = this.target.apply(node.op, inputs, this.attrsOf(node, gemm) as never, roles);
    if (node.op === "quantize") this.tensorIds.set(outputs[0], this.nextTensorId - 1);
    node.outputs.forEach((output, i) => {
      this.raw.set(output, outputs[i]);
      const twin = this.source.recomputed.get(output);
      if (twin !== undefined) this.target.recomputed.set(outputs[i], this.raw.get(twin)!);
    });
    const format = formatOfResult(this.target.nodes.at(-1)!, this.formats);
    if (format !== undefined) this.formats.set(outputs[0], format);
    const viewed = node.op === "reshape" ? this.destinations.get(inputs[0]) : undefined;
    if (viewed !== undefined) this.destinations.set(outputs[0], viewed);
    node.outputs.forEach((output, i) => {
      this.renamed.set(output, this.stored(output, outputs[i]));
    });
  }

  private attrsOf(node: Node, gemm: Gemm | undefined): object {
    if (gemm === undefined) {
      return node.op === "quantize" ? { ...node.attrs, tensorId: this.nextTensorId++ } : node.attrs;
    }
    const accumulator = accumulatorFor(this.policy, { path: node.path, gemm, anchors: this.anchors });
    return accumulator === undefined ? node.attrs : { ...node.attrs, accumulator };
  }

  private operand(node: Node, index: number, gemm: Gemm): Value {
    const input = node.inputs[index];
    const value = this.rename(input);
    const role = OPERAND_ROLES[input.role];
    if (role === undefined) return value;
    const quantizer = quantizerFor(this.policy, role, { path: node.path, gemm, anchors: this.anchors });
    if (quantizer === undefined) return value;
    const { format } = quantizer;
    return this.round(
      value,
      quantizer,
      format.kind === "block" ? operandBlocks(node, index, format) : undefined,
    );
  }

  private stored(original: Value, value: Value): Value {
    const role = STORED_ROLES[original.role];
    if (role === undefined || original.dtype !== "f32" || this.biasedSums.has(original)) return value;
    const quantizer = quantizerFor(this.policy, role, { path: original.path, anchors: this.anchors });
    if (quantizer === undefined) return value;
    const { format } = quantizer;
    const isWeight = role === "gradWeight" || role === "masterWeight";
    const blocks = format.kind === "block" ? storedBlocks(original.shape, isWeight, format) : undefined;
    return this.round(value, quantizer, blocks);
  }

  private round(value: Value, quantizer: Quantizer, blocks?: BlockPlacement): Value {
    const destination = destinationOf(quantizer, blocks);
    const known = this.formats.get(value);
    const isFloat = known?.kind === "float" && contains(quantizer.format, known);
    if (isFloat || this.destinations.get(value) === destination) return value;
    const versions = this.rounded.get(value) ?? new Map<string, Value>();
    const key = `${destination}/${quantizer.rounding}/${quantizer.overflow}`;
    const existing = versions.get(key);
    if (existing !== undefined) return existing;
    // What is computed a second time draws the same random bits.
    const twin = this.rounded.get(this.target.recomputed.get(value)!)?.get(key);
    const tensorId = (twin && this.tensorIds.get(twin)) ?? this.nextTensorId++;
    const [result] = this.target.apply("quantize", [value], { quantizer, tensorId, blocks }, [value.role]);
    if (twin !== undefined) this.target.recomputed.set(result, twin);
    this.tensorIds.set(result, tensorId);
    this.formats.set(result, quantizer.format);
    this.destinations.set(result, destination);
    this.rounded.set(value, versions.set(key, result));
    return result;
  }
}

/**
 * Format, scales and blocks as one word. What was rounded there is not rounded there again: under powers of two nothing would
 * change in any mode, and under real scales, which a second amax could move by an ulp, it would be a second rounding.
 */
function destinationOf(
  { format, scaleRule, scaling }: Quantizer,
  blocks: BlockPlacement | undefined,
): string {
  return JSON.stringify([format.name, scaleRule, scaling, blocks?.view, blocks?.block]);
}

/** Which of a layer's three GEMMs a node is, by its phase and by what it produces. */
export function gemmOf(node: Node): Gemm | undefined {
  if (!GEMM_PRIMITIVES.has(node.op)) return undefined;
  if (node.phase === "forward") return "output";
  return node.outputs[0].role === "gradWeight" ? "gradWeight" : "gradInput";
}

/**
 * GEMM results that only a bias addition or the softmax of attention reads: the bias is added in the accumulator's
 * precision, so the sum is rounded once, not twice; scores are never stored as activations.
 */
function gemmResultsBeforeBias(graph: Graph): Set<Value> {
  const readers = new Map<Value, Node[]>();
  for (const node of graph.nodes) {
    for (const input of node.inputs) readers.set(input, [...(readers.get(input) ?? []), node]);
  }
  const continues = (node: Node) =>
    node.op === "maskedSoftmax" ||
    (node.op === "binary" && node.attrs.kind === "add" && node.inputs[1].role === "bias");
  // A result and the views of it that lead to such readers; empty if anything else reads one of them.
  const accumulators = (value: Value): Value[] => {
    const behind = (readers.get(value) ?? []).map((node) =>
      node.op === "reshape" ? accumulators(node.outputs[0]) : continues(node) ? [value] : [],
    );
    return behind.length > 0 && behind.every((values) => values.length > 0) ? [value, ...behind.flat()] : [];
  };
  const gemms = graph.nodes.filter((node) => node.phase === "forward" && GEMM_PRIMITIVES.has(node.op));
  return new Set(gemms.flatMap((node) => accumulators(node.outputs[0])));
}
