/**
 * Lowering: graph → commands over named tensors. Drops dead nodes, turns reshapes into aliases and roundings into
 * "round on store" of the producing command, chooses how each tensor is stored and in which arithmetic each GEMM
 * multiplies, and lets updates write state in place. Memory offsets come later (plan-memory.ts).
 */
import { require } from "../base/errors.ts";
import type { FloatFormat, NumberFormat } from "../formats/format.ts";
import { countUses, type Graph, type Node, type StateUpdate, type Value } from "../graph/graph.ts";
import { GEMM_PRIMITIVES, type Quantizer } from "../graph/primitives.ts";
import {
  type Accumulator,
  type Carrier,
  type Command,
  type DType,
  type EpilogueStepOp,
  OPTIMIZER_OPS,
  type OpName,
  type StoreRounding,
  type StoreSide,
} from "../kernels/contract.ts";
import { contains, enclosingFloat, knownFormats } from "../precision/represents.ts";
import { BF16 } from "./carriers.ts";
import { liveNodes } from "./dead-code.ts";
import { BF16_STORE, isDynamicFixed, quantizationAttrs, storableFormat } from "./lower-quantize.ts";
import { multipliedByScales, scaledOperands, tensorScale } from "./scaled-products.ts";

/** A command whose operands are still values, not places in memory. */
export interface LoweredCommand {
  readonly op: OpName;
  readonly attrs: Command["attrs"];
  readonly inputs: readonly Value[];
  readonly outputs: readonly LoweredOutput[];
  /** The graph node it came from; absent for copies that the lowering added. */
  readonly node?: Node;
  /** What happens to the first output before it is stored. */
  readonly epilogue?: readonly LoweredStep[];
  /** What else is written of the first output. */
  readonly beside?: { readonly [Side in StoreSide]?: Value };
}

export interface LoweredOutput {
  readonly value: Value;
  readonly store?: StoreRounding;
  /** The shape in which the command makes it, where that is not the value's own. */
  readonly shape?: readonly number[];
}

/** A command that was fused into another one; see EpilogueStep in the contract. */
export interface LoweredStep {
  readonly op: EpilogueStepOp;
  readonly attrs: Command["attrs"];
  readonly round?: StoreRounding;
  readonly operand?: Value;
  readonly resultFirst?: boolean;
  readonly node: Node;
}

/** Everything that a command writes. */
export function valuesWritten({ outputs, beside = {} }: LoweredCommand): Value[] {
  return [...outputs.map(({ value }) => value), ...Object.values(beside)];
}

/** Everything that a command reads, its epilogue included; a value that is read twice is there twice. */
export function valuesRead({ inputs, epilogue = [] }: LoweredCommand): Value[] {
  return [...inputs, ...epilogue.flatMap(({ operand }) => (operand === undefined ? [] : [operand]))];
}

export interface Lowered {
  readonly commands: readonly LoweredCommand[];
  /** The value whose memory holds a value: itself, or the root that it is a view of. */
  home(value: Value): Value;
  /** Storage type of a home. */
  dtype(home: Value): DType;
  /** The format that every value of a home is in, where that is a float format. */
  format(home: Value): FloatFormat | undefined;
  /** The format whose codes a home is stored as, where its storage holds codes. */
  codes?(home: Value): FloatFormat | undefined;
  /** The home that keeps a copy of a home for the backward pass, where there is one. */
  saved?(home: Value): Value | undefined;
  /** Name of the external array that holds a home; absent: it lives in the arena. */
  external(home: Value): string | undefined;
  /** True if some command draws random numbers and the plan needs a clock. */
  readonly usesClock: boolean;
  /** Where each rounding of the graph happens: in the store of its producer, or as a pass of its own. */
  readonly fusedRoundings: ReadonlySet<Node>;
}

/** Outputs that a kernel may write over one of its inputs: op → output index → input index. */
const IN_PLACE: Partial<Record<OpName, Readonly<Record<number, number>>>> = {
  ...Object.fromEntries(OPTIMIZER_OPS.map((op) => [op, { 0: 0, 1: 2, 2: 3, 3: 4 }])),
  emaUpdate: { 0: 0 },
  putRows: { 0: 0 },
  countStep: { 0: 0 },
  lossScaleUpdate: { 0: 0 },
  binary: { 0: 0 },
  batchNormTrain: { 3: 3, 4: 4 },
};

export function lower(graph: Graph): Lowered {
  return new Lowering(graph).run();
}

class Lowering {
  private readonly graph: Graph;
  private readonly nodes: readonly Node[];
  private readonly uses: Map<Value, number>;
  private readonly formats: Map<Value, NumberFormat>;
  private readonly producers = new Map<Value, Node>();
  private readonly homes = new Map<Value, Value>();
  private readonly stores = new Map<Value, StoreRounding>();
  private readonly dtypes = new Map<Value, DType>();
  private readonly storedFormats = new Map<Value, FloatFormat>();
  private readonly externals = new Map<Value, string>();
  private readonly exponents = new Map<Value, Value>();
  /** The scale beside each tensor that is stored over it. */
  private readonly scales = new Map<Value, Value>();
  private readonly fused = new Set<Node>();
  private readonly tensorIds = new Map<Node, number>();
  private readonly commands: LoweredCommand[] = [];
  /** Nodes that read each value. */
  private readonly readers = new Map<Value, Node[]>();
  /** Values that outlive the step: outputs and next states. */
  private readonly escaping: ReadonlySet<Value>;
  /** Position of the last node that reads each state, in any view; after all nodes if an output does. */
  private readonly lastRead = new Map<Value, number>();
  private readonly positions = new Map<Node, number>();

  constructor(graph: Graph) {
    this.graph = graph;
    this.nodes = liveNodes(graph);
    this.uses = countUses(graph);
    this.formats = knownFormats(graph);
    this.nodes.forEach((node, position) => {
      this.positions.set(node, position);
      for (const output of node.outputs) this.producers.set(output, node);
      for (const input of node.inputs) {
        const readers = this.readers.get(input);
        if (readers === undefined) this.readers.set(input, [node]);
        else readers.push(node);
      }
    });
    this.escaping = new Set([...graph.outputs.values(), ...graph.updates.map(({ next }) => next)]);
    // Numbered over the whole graph, dead nodes included, so that random bits do not move when a reader is removed.
    const roundings = graph.nodes.filter((node) => node.op === "quantize");
    for (const [id, node] of roundings.entries()) this.tensorIds.set(node, node.attrs.tensorId ?? id);
  }

  run(): Lowered {
    for (const source of this.graph.sources) this.placeExternal(source, source.source!.name);
    this.aliasViewsAndRoundings();
    this.chooseStorage();
    this.findLastReads();
    const placedUpdates = new Set(this.graph.updates.filter((update) => this.updateInPlace(update)));
    const outputCopies = this.placeOutputs();
    for (const node of this.nodes) this.emit(node);
    this.commands.push(...outputCopies);
    for (const update of this.graph.updates) {
      if (!placedUpdates.has(update)) this.commands.push(copyCommand(update.next, update.state));
    }
    return {
      commands: this.commands,
      home: (value) => this.home(value),
      dtype: (home) => this.dtypes.get(home) ?? home.dtype,
      format: (home) => this.storedFormats.get(home),
      external: (home) => this.externals.get(home),
      usesClock: this.commands.some(isStochastic),
      fusedRoundings: this.fused,
    };
  }

  private home(value: Value): Value {
    const next = this.homes.get(value);
    return next === undefined ? value : this.home(next);
  }

  private placeExternal(home: Value, name: string): void {
    this.externals.set(home, name);
    this.dtypes.set(home, home.dtype);
  }

  private aliasViewsAndRoundings(): void {
    for (const node of this.nodes) {
      if (node.op === "reshape") this.homes.set(node.outputs[0], node.inputs[0]);
      if (node.op !== "quantize") continue;
      const format = storableFormat(node.attrs.quantizer);
      const root = this.soleRoot(node.inputs[0]);
      if (format === undefined || root === undefined) continue;
      this.stores.set(root, this.storeRounding(node, format, node.attrs.quantizer));
      this.homes.set(node.outputs[0], node.inputs[0]);
      this.fused.add(node);
    }
  }

  /** The command output behind `value` if this chain of views is its only reader, so it may be stored rounded. */
  private soleRoot(value: Value): Value | undefined {
    if (this.uses.get(value) !== 1) return undefined;
    const producer = this.producers.get(value);
    if (producer === undefined || producer.op === "quantize") return undefined;
    return producer.op === "reshape" ? this.soleRoot(producer.inputs[0]) : value;
  }

  private storeRounding(node: Node, format: FloatFormat, { rounding, overflow }: Quantizer): StoreRounding {
    return { format, rounding, overflow, tensorId: this.tensorIds.get(node)! };
  }

  /** 16-bit storage where every value of the tensor is known to be exact in BF16 or is a fixed-point integer. */
  private chooseStorage(): void {
    for (const node of this.nodes) {
      if (node.op === "quantize" && isDynamicFixed(node.attrs.quantizer)) {
        this.exponents.set(node.outputs[0], exponentValue(node));
        if (this.onlyFixedGemmsRead(node.outputs[0])) this.dtypes.set(node.outputs[0], "i16");
        continue;
      }
      for (const output of node.outputs) {
        const home = this.home(output);
        const format = this.formats.get(output);
        if (format?.kind === "float") this.storedFormats.set(home, format);
        if (output.dtype === "f32" && this.isExactInBf16(output) && !this.externals.has(home)) {
          this.dtypes.set(home, "bf16");
        }
      }
    }
    const isExact = (value: Value) => this.isExactInBf16(value);
    for (const value of scaledOperands(this.nodes, { isExact, escapes: (v) => this.escaping.has(v) })) {
      this.scales.set(value, tensorScale(value));
      this.dtypes.set(value, "bf16");
    }
  }

  private isExactInBf16(value: Value): boolean {
    const format = this.formats.get(value);
    if (format === undefined || format.kind === "float")
      return format !== undefined && contains(BF16, format);
    const quantizer = this.quantizerBehind(value);
    return quantizer !== undefined && !isDynamicFixed(quantizer) && enclosingFloat(quantizer) !== undefined;
  }

  /** The quantizer whose result, or a view of it, a value is. */
  private quantizerBehind(value: Value): Quantizer | undefined {
    const producer = this.producers.get(value);
    if (producer?.op === "reshape") return this.quantizerBehind(producer.inputs[0]);
    return producer?.op === "quantize" ? producer.attrs.quantizer : undefined;
  }

  private onlyFixedGemmsRead(value: Value): boolean {
    const fits16 = (operand: Value) => {
      const quantizer = this.quantizerBehind(operand);
      return quantizer !== undefined && isDynamicFixed(quantizer) && quantizer.format.bits <= 16;
    };
    const readers = this.readers.get(value) ?? [];
    return (
      fits16(value) &&
      !this.escaping.has(value) &&
      readers.every(
        (node) =>
          GEMM_PRIMITIVES.has(node.op) &&
          (accumulatorOf(node)?.kind ?? "int32Chain") === "int32Chain" &&
          node.inputs.slice(0, 2).every(fits16),
      )
    );
  }

  private findLastReads(): void {
    this.nodes.forEach((node, position) => {
      for (const input of node.inputs) this.lastRead.set(this.home(input), position);
    });
    for (const value of this.escaping) this.lastRead.set(this.home(value), this.nodes.length);
  }

  /** Lets the producer of an update write straight into the state, if nobody reads the old state afterwards. */
  private updateInPlace({ state, next }: StateUpdate): boolean {
    const home = this.home(next);
    const producer = this.producers.get(home);
    if (producer === undefined || this.externals.has(home)) return false;
    const input = IN_PLACE[producer.op as OpName]?.[producer.outputs.indexOf(home)];
    if (input === undefined || producer.inputs[input] !== state) return false;
    if (this.lastRead.get(state)! > this.positions.get(producer)!) return false;
    this.placeExternal(home, state.source!.name);
    return true;
  }

  private placeOutputs(): LoweredCommand[] {
    const copies: LoweredCommand[] = [];
    for (const [name, value] of this.graph.outputs) {
      const home = this.home(value);
      if (!this.externals.has(home) && this.producers.has(home)) {
        this.placeExternal(home, name);
      } else {
        const target = { ...value, id: -1 - this.graph.sources.length - copies.length };
        this.placeExternal(target, name);
        copies.push(copyCommand(value, target));
      }
    }
    return copies;
  }

  private emit(node: Node): void {
    if (node.op === "reshape" || this.fused.has(node)) return;
    if (node.op === "quantize") {
      this.commands.push(this.roundingCommand(node));
      return;
    }
    const outputs = node.outputs.map((value) => ({ value, store: this.stores.get(value) }));
    const carrier = GEMM_PRIMITIVES.has(node.op) ? this.carrier(node) : undefined;
    const exponents = carrier === "i16" ? node.inputs.slice(0, 2).map((v) => this.exponentOf(v)) : [];
    const attrs = carrier === undefined ? node.attrs : { ...node.attrs, carrier };
    const inputs = [...node.inputs, ...exponents];
    const command = { op: node.op, attrs: attrs as Command["attrs"], inputs, outputs, node };
    this.commands.push(...multipliedByScales(command, carrier === undefined ? [] : this.scalesOf(node)));
  }

  private roundingCommand(node: Node & { op: "quantize" }): LoweredCommand {
    const { quantizer } = node.attrs;
    const [value] = node.outputs;
    const tensorId = this.tensorIds.get(node)!;
    const format = storableFormat(quantizer);
    if (format !== undefined) {
      const store = this.storeRounding(node, format, quantizer);
      return { op: "copy", attrs: {}, inputs: node.inputs, outputs: [{ value, store }], node };
    }
    if (isDynamicFixed(quantizer)) {
      const attrs = { bits: quantizer.format.bits, rounding: quantizer.rounding, tensorId };
      const outputs = [{ value }, { value: this.exponentOf(value) }];
      return { op: "quantizeDynamicFixed", attrs, inputs: node.inputs, outputs, node };
    }
    const attrs = quantizationAttrs(node, tensorId);
    const store = this.isExactInBf16(value) ? BF16_STORE : undefined;
    const scale = this.scales.get(value);
    const outputs = scale === undefined ? [{ value, store }] : [{ value }, { value: scale }];
    return { op: "quantizeValues", attrs, inputs: node.inputs, outputs, node };
  }

  private scalesOf({ inputs }: Node): Value[] {
    return inputs.slice(0, 2).flatMap((value) => this.scales.get(this.home(value)) ?? []);
  }

  private exponentOf(value: Value): Value {
    return this.exponents.get(this.home(value))!;
  }

  /** The cheapest arithmetic in which every product of the two operands is exact. */
  private carrier(node: Node): Carrier {
    const [a, b] = node.inputs;
    const stored16 = [a, b].every((value) => this.dtypes.get(this.home(value)) === "i16");
    if (stored16) return "i16";
    const exactInBf16 = [a, b].every(
      (value) => this.isExactInBf16(value) || this.scales.has(this.home(value)),
    );
    const accumulator = accumulatorOf(node);
    if (accumulator === undefined) return exactInBf16 ? "bf16" : "f32";
    if (accumulator.kind === "fp64" || accumulator.kind === "rounded") return "f32";
    require(accumulator.kind !== "int32Chain", "UNSUPPORTED", () => ({
      what: `chains of INT32 cannot add the products of ${node.op} in "${node.path}"`,
      expected:
        "both operands rounded to dynamic fixed point of at most 16 bits, and read by such GEMMs only",
      received: "other operands",
      hint: "Recipe int16 without exempt layers has them.",
    }));
    require(node.op === "matmul" && exactInBf16, "UNSUPPORTED", () => ({
      what: `accumulator ${accumulator.kind} cannot add the products of ${node.op} in "${node.path}"`,
      expected: "a matrix product whose operands are rounded to BF16 or to a format inside it",
      received: exactInBf16 ? "a convolution" : "wider operands",
      hint: "Name fp32, fp64 or a float format for these GEMMs.",
    }));
    return "bf16";
  }
}

function accumulatorOf(node: Node): Accumulator | undefined {
  return "accumulator" in node.attrs ? node.attrs.accumulator : undefined;
}

function exponentValue(node: Node): Value {
  return { ...node.outputs[0], id: -1, shape: [1], dtype: "i32", role: "control", source: undefined };
}

/** Brings the values of one home into another, whatever their storage. */
export function copyCommand(from: Value, to: Value): LoweredCommand {
  return { op: "copy", attrs: {}, inputs: [from], outputs: [{ value: to }] };
}

function isStochastic(command: LoweredCommand): boolean {
  if (command.op === "dropout") return true;
  if (command.op === "quantizeDynamicFixed" || command.op === "quantizeValues") {
    if ((command.attrs as { rounding: string }).rounding === "stochastic") return true;
  }
  return command.outputs.some(({ store }) => store?.rounding === "stochastic");
}
