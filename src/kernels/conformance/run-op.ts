/**
 * Runs one operation of a kernel set on plain arrays: builds the smallest plan that holds it. For tests of any layer
 * that want to see what a kernel computes; knows nothing of expected results.
 */
import { elementCount } from "../../base/shape.ts";
import type { FloatFormat } from "../../formats/format.ts";
import type {
  Buffer,
  Command,
  CommandOf,
  DType,
  EpilogueStepOf,
  EpilogueStepOp,
  ExternalArray,
  KernelSet,
  OpAttrs,
  Operand,
  OpName,
  StoreRounding,
} from "../contract.ts";

/** How a tensor lies in memory. */
interface OpStorage {
  readonly shape: readonly number[];
  /** Default f32. */
  readonly dtype?: DType;
  /** The format of code8 and code16. */
  readonly codes?: FloatFormat;
}

export interface OpInput extends OpStorage {
  /** bf16, i16 and codes: the values must be exact in that type. */
  readonly values: ArrayLike<number>;
}

export interface OpOutput extends OpStorage {
  readonly store?: StoreRounding;
  /** Index of the input whose memory this output overwrites. */
  readonly inPlaceOf?: number;
}

/** A step of an epilogue, with the values of its operand. */
export type OpStep = { [Op in EpilogueStepOp]: Omit<EpilogueStepOf<Op>, "operand"> }[EpilogueStepOp] & {
  readonly operand?: OpInput;
};

export interface OpRun<Op extends OpName> {
  readonly op: Op;
  readonly attrs: OpAttrs[Op];
  readonly inputs: readonly OpInput[];
  readonly outputs: readonly OpOutput[];
  readonly epilogue?: readonly OpStep[];
  /** [seedLow, seedHigh, step]; default zeros. */
  readonly clock?: readonly [number, number, number];
}

/** A run of any one operation. */
export type AnyOpRun = { [Op in OpName]: OpRun<Op> }[OpName];

/**
 * The outputs of one operation as FP64 numbers, in order. `precision` is that of the kernel set: "f64" for
 * `createReferenceKernels({ precision: "f64" })`, whose arrays are wider.
 */
export async function runOp(
  kernels: KernelSet,
  run: AnyOpRun,
  precision: "f32" | "f64" = "f32",
): Promise<Float64Array[]> {
  const memory = newMemory(precision);
  const inputs = run.inputs.map((input, i) => placeInput(memory, `input ${i}`, input));
  const outputs = run.outputs.map((output) => placeOutput(memory, output, inputs));
  const clockBuffer = placeClock(memory, run.clock ?? [0, 0, 0]);
  // One of the union's members, as `run` was; the spread only loses which.
  const epilogue = run.epilogue?.map((step, i) => ({
    ...step,
    operand: step.operand && placeInput(memory, `operand ${i}`, step.operand),
  }));
  memory.commands.push({ op: run.op, attrs: run.attrs, inputs, outputs, epilogue } as Command);
  const results = outputs.map((output, i) => readBack(memory, `output ${i}`, output));
  const { buffers, arenaBytes, commands } = memory;
  await kernels.prepare({ buffers, arenaBytes, commands, clockBuffer }, memory.externals).run();
  return results.map((array) => Float64Array.from(array));
}

interface Memory {
  readonly buffers: Buffer[];
  readonly commands: Command[];
  readonly externals: Map<string, ExternalArray>;
  readonly realArray: typeof Float32Array | typeof Float64Array;
  arenaBytes: number;
}

function newMemory(precision: "f32" | "f64"): Memory {
  const realArray = precision === "f32" ? Float32Array : Float64Array;
  return { buffers: [], commands: [], externals: new Map(), realArray, arenaBytes: 0 };
}

const isWide = (dtype: DType): boolean => dtype === "f32" || dtype === "i32";

/** Narrow types cannot be bound from outside: they are converted by a copy in front of the operation. */
function placeInput(memory: Memory, name: string, input: OpInput): Operand {
  const { shape, values, dtype = "f32" } = input;
  const wide = placeExternal(memory, name, shape, dtype === "i32" ? "i32" : "f32");
  memory.externals.get(name)?.set(values);
  if (isWide(dtype)) return wide;
  const narrow = placeArena(memory, input);
  memory.commands.push(copyCommand(wide, narrow));
  return narrow;
}

function placeOutput(memory: Memory, output: OpOutput, inputs: readonly Operand[]): Operand {
  const { shape, store, inPlaceOf } = output;
  const place = inPlaceOf === undefined ? placeArena(memory, output) : inputs[inPlaceOf];
  return { ...place, shape, store };
}

function placeClock(memory: Memory, words: readonly number[]): number {
  const clock = placeExternal(memory, "clock", [words.length], "i32");
  memory.externals.get("clock")?.set(words);
  return clock.buffer;
}

/** Adds a copy from an output to an external array and returns that array. */
function readBack(memory: Memory, name: string, output: Operand): ExternalArray {
  const place = placeExternal(memory, name, output.shape, output.dtype === "i32" ? "i32" : "f32");
  memory.commands.push(copyCommand({ ...output, store: undefined }, place));
  return memory.externals.get(name) ?? new memory.realArray(0);
}

const BYTES: { readonly [Type in DType]: number } = { f32: 4, bf16: 2, i16: 2, i32: 4, code8: 1, code16: 2 };

function copyCommand(from: Operand, to: Operand): CommandOf<"copy"> {
  return { op: "copy", attrs: {}, inputs: [from], outputs: [to] };
}

function placeExternal(
  memory: Memory,
  name: string,
  shape: readonly number[],
  dtype: "f32" | "i32",
): Operand {
  const elements = elementCount(shape);
  const array = dtype === "i32" ? new Int32Array(elements) : new memory.realArray(elements);
  memory.externals.set(name, array);
  memory.buffers.push({ place: "external", offset: 0, name, dtype, elements });
  return { buffer: memory.buffers.length - 1, shape, dtype };
}

function placeArena(memory: Memory, { shape, dtype = "f32", codes }: OpStorage): Operand {
  const elements = elementCount(shape);
  const name = `arena ${memory.buffers.length}`;
  memory.buffers.push({ place: "arena", offset: memory.arenaBytes, name, dtype, elements, codes });
  memory.arenaBytes += Math.ceil((elements * BYTES[dtype]) / 64) * 64;
  return { buffer: memory.buffers.length - 1, shape, dtype };
}
