/**
 * What is kept for the backward pass is kept as codes: one byte where the values are of a float format of at most 8 bits,
 * two where they are FP16. Products read BF16 or FP32, so an operand is widened by a copy in front of them, into memory
 * that lives but briefly; every other command reads codes. What only the gradients of ReLU read is kept as signs, one byte each.
 * Changes lowered commands only; results stay the same.
 */
import type { FloatFormat } from "../formats/format.ts";
import type { Value } from "../graph/graph.ts";
import { GEMM_PRIMITIVES } from "../graph/primitives.ts";
import type { DType } from "../kernels/contract.ts";
import { contains } from "../precision/represents.ts";
import { E4M3, FP16 } from "./carriers.ts";
import { copyCommand, type Lowered, type LoweredCommand } from "./lower.ts";

/** As lowered, with the tensors that live from one phase to another in as few bytes as their format allows. */
export function narrowStorage(lowered: Lowered): Lowered {
  return new Narrowing(lowered).run();
}

const PRODUCTS: ReadonlySet<string> = GEMM_PRIMITIVES;

/** A command that reads a home, as an operand of its product or otherwise. */
interface Reader {
  readonly index: number;
  readonly multiplies: boolean;
  /** It only asks whether an element is above 0: the gradient of ReLU, of the result that it reads first. */
  readonly masks: boolean;
}

/** A home and where it is touched. */
interface Lifetime {
  readonly home: Value;
  readonly writers: number[];
  readonly readers: Reader[];
}

/** Codes that a tensor can be kept in: fewer bytes than `dtype`, and one for NaN. */
export function codesFor(format: FloatFormat | undefined, dtype: DType): CodeStorage | undefined {
  if (format === undefined || !format.hasSign || !format.hasNaN) return undefined;
  if (format.bits <= 8 && (dtype === "f32" || dtype === "bf16")) return { dtype: "code8", format };
  return dtype === "f32" && contains(FP16, format) ? { dtype: "code16", format: FP16 } : undefined;
}

interface CodeStorage {
  readonly dtype: "code8" | "code16";
  readonly format: FloatFormat;
}

function isReluGradient({ op, attrs }: Pick<LoweredCommand, "attrs"> & { readonly op: string }): boolean {
  return op === "unaryGrad" && "kind" in attrs && attrs.kind === "relu";
}

class Narrowing {
  private readonly lowered: Lowered;
  private readonly commands: readonly LoweredCommand[];
  private readonly codes = new Map<Value, CodeStorage>();
  /** Storage of the homes that this pass adds. */
  private readonly dtypes = new Map<Value, DType>();
  private readonly homes = new Map<Value, Value>();
  private readonly saved = new Map<Value, Value>();
  /** What commands read instead of a home, by their index: as operands of products, and otherwise. */
  private readonly factors = new Map<number, Map<Value, Value>>();
  private readonly others = new Map<number, Map<Value, Value>>();
  private readonly before = new Map<number, LoweredCommand[]>();

  constructor(lowered: Lowered) {
    this.lowered = lowered;
    this.commands = lowered.commands;
  }

  run(): Lowered {
    for (const lifetime of this.lifetimes()) this.narrow(lifetime);
    if (this.codes.size === 0) return this.lowered;
    const { lowered } = this;
    return {
      ...lowered,
      commands: this.commands.flatMap((command, i) => [
        ...(this.before.get(i) ?? []),
        this.redirected(command, i),
      ]),
      home: (value) => this.homes.get(value) ?? lowered.home(value),
      dtype: (home) => this.codes.get(home)?.dtype ?? this.dtypes.get(home) ?? lowered.dtype(home),
      codes: (home) => this.codes.get(home)?.format,
      saved: (home) => this.saved.get(home),
    };
  }

  private lifetimes(): Lifetime[] {
    const found = new Map<Value, Lifetime>();
    const of = (value: Value): Lifetime => {
      const home = this.lowered.home(value);
      const known = found.get(home) ?? { home, writers: [], readers: [] };
      found.set(home, known);
      return known;
    };
    this.commands.forEach((command, index) => {
      const { op, inputs, outputs, epilogue = [] } = command;
      const multiplies = PRODUCTS.has(op);
      inputs.forEach((value, place) => {
        of(value).readers.push({ index, multiplies, masks: place === 0 && isReluGradient(command) });
      });
      for (const step of epilogue) {
        const masks = isReluGradient(step);
        if (step.operand) of(step.operand).readers.push({ index, multiplies: false, masks });
      }
      for (const { value } of outputs) of(value).writers.push(index);
    });
    return [...found.values()];
  }

  private narrow({ home, writers, readers }: Lifetime): void {
    if (this.lowered.external(home) !== undefined || writers.length !== 1 || home.role === "weight") return;
    const dtype = this.lowered.dtype(home);
    const [writer] = writers;
    const isNear = ({ index }: Reader) => this.phase(index) === this.phase(writer);
    const far = readers.filter((reader) => !isNear(reader));
    if (far.length === 0) return;
    const codes = codesFor(this.lowered.format(home), dtype);
    if (codes === undefined) {
      if (dtype === "f32" && far.every(({ masks }) => masks)) this.keepSigns(home, writer, far);
      return;
    }
    let kept = home;
    if (readers.some((reader) => isNear(reader) && reader.multiplies)) {
      kept = this.copyOf(home, home, writer + 1);
      this.saved.set(home, kept);
    }
    this.codes.set(kept, codes);
    this.redirect(home, kept, far, dtype);
  }

  /** Signs tell as much of a result of ReLU as its gradient asks: of NaN, too, it is no number at most 0. */
  private keepSigns(home: Value, writer: number, far: readonly Reader[]): void {
    const signs: Value = { ...home, id: -1, source: undefined };
    const { node } = this.commands[writer];
    this.insert(writer + 1, {
      op: "unary",
      attrs: { kind: "sign" },
      inputs: [home],
      outputs: [{ value: signs }],
      node,
    });
    this.codes.set(signs, { dtype: "code8", format: E4M3 });
    this.saved.set(home, signs);
    this.redirect(home, signs, far, "f32");
  }

  /** Readers of the backward pass take the codes, products a copy of them that is made for the first. */
  private redirect(home: Value, kept: Value, far: readonly Reader[], dtype: DType): void {
    const first = far.find(({ multiplies }) => multiplies);
    const wide = first === undefined ? kept : this.copyOf(home, kept, first.index);
    if (wide !== kept) this.dtypes.set(wide, dtype);
    for (const { index, multiplies } of far) {
      const target = multiplies ? wide : kept;
      const table = multiplies ? this.factors : this.others;
      if (target !== home) table.set(index, (table.get(index) ?? new Map<Value, Value>()).set(home, target));
    }
  }

  /** A new home with the values of `from`, copied in front of a command. */
  private copyOf(home: Value, from: Value, at: number): Value {
    const value: Value = { ...home, id: -1, source: undefined };
    this.insert(at, copyCommand(from, value));
    return value;
  }

  private insert(at: number, command: LoweredCommand): void {
    this.before.set(at, [...(this.before.get(at) ?? []), command]);
  }

  private redirected(command: LoweredCommand, index: number): LoweredCommand {
    const [factors, others] = [this.factors.get(index), this.others.get(index)];
    if (factors === undefined && others === undefined) return command;
    const inputs = command.inputs.map((value) => this.seen(value, factors ?? others));
    const epilogue = command.epilogue?.map((step) =>
      step.operand === undefined ? step : { ...step, operand: this.seen(step.operand, others) },
    );
    return { ...command, inputs, epilogue };
  }

  /** The same view of the home that is read instead, if there is one. */
  private seen(value: Value, instead: ReadonlyMap<Value, Value> | undefined): Value {
    const target = instead?.get(this.lowered.home(value));
    if (target === undefined) return value;
    const view: Value = { ...value, id: -1, source: undefined };
    this.homes.set(view, target);
    return view;
  }

  private phase(index: number): string {
    return this.commands[index].node?.phase ?? "update";
  }
}
