/** Puts lowering and memory planning together: graph → the flat plan that a kernel set runs. */
import { elementCount, type Graph, type Value } from "../graph/graph.ts";
import type { Buffer, Command, DType, EpilogueStep, Operand, Plan } from "../kernels/contract.ts";
import { fuseEpilogues } from "./fuse-epilogues.ts";
import {
  type Lowered,
  type LoweredCommand,
  type LoweredOutput,
  type LoweredStep,
  lower,
  valuesRead,
  valuesWritten,
} from "./lower.ts";
import { narrowStorage } from "./narrow-storage.ts";
import { type Lifetime, planMemory } from "./plan-memory.ts";
import { scheduleUpdates } from "./schedule-updates.ts";
import { storeSides } from "./store-sides.ts";

/** Name of the external i32 array [seedLow, seedHigh, step] of every plan that rounds stochastically. */
export const CLOCK = "clock";

export interface BuiltPlan {
  readonly plan: Plan;
  readonly lowered: Lowered;
  /** Bytes of each tensor by its home, for reports. */
  readonly bytes: ReadonlyMap<Value, number>;
}

export function bytesPerElement(dtype: DType): number {
  if (dtype === "code8") return 1;
  return dtype === "f32" || dtype === "i32" ? 4 : 2;
}

export interface PlanOptions {
  /**
   * Whether commands are fused, and weights updated as soon as their gradients are there. The results are the same to the
   * bit. Off for tests and measurements. Default: true.
   */
  readonly fusion?: boolean;
  /** Whether what the backward pass reads is kept in few bytes: likewise. Default: true. */
  readonly narrowing?: boolean;
}

export function buildPlan(graph: Graph, { fusion = true, narrowing = true }: PlanOptions = {}): BuiltPlan {
  const unfused = lower(graph);
  const fused = fusion ? fuseEpilogues(unfused) : unfused;
  const narrow = narrowing ? narrowStorage(fused) : fused;
  const lowered = fusion ? scheduleUpdates(storeSides(narrow)) : narrow;
  const homes = homesInOrder(lowered);
  const bytes = new Map(
    homes.map((home) => [home, elementCount(home.shape) * bytesPerElement(lowered.dtype(home))]),
  );
  const arena = homes.filter((home) => lowered.external(home) === undefined);
  const { offsets, arenaBytes } = planMemory(lifetimes(arena, lowered, bytes));
  const offsetOf = new Map(arena.map((home, i) => [home, offsets[i]]));
  const { buffers, indexOf } = placeBuffers(homes, lowered, offsetOf);
  const clockBuffer = lowered.usesClock ? buffers.push(clock()) - 1 : -1;
  const commands = lowered.commands.map((command) => assemble(command, lowered, indexOf));
  return { plan: { buffers, arenaBytes, commands, clockBuffer }, lowered, bytes };
}

function homesInOrder(lowered: Lowered): Value[] {
  const homes = new Set<Value>();
  for (const command of lowered.commands) {
    for (const value of valuesTouched(command)) homes.add(lowered.home(value));
  }
  return [...homes];
}

function valuesTouched(command: LoweredCommand): Value[] {
  return [...valuesRead(command), ...valuesWritten(command)];
}

function lifetimes(homes: readonly Value[], lowered: Lowered, bytes: ReadonlyMap<Value, number>): Lifetime[] {
  const first = new Map<Value, number>();
  const last = new Map<Value, number>();
  lowered.commands.forEach((command, index) => {
    for (const value of valuesTouched(command)) {
      const home = lowered.home(value);
      if (!first.has(home)) first.set(home, index);
      last.set(home, index);
    }
  });
  return homes.map((home) => ({ bytes: bytes.get(home)!, first: first.get(home)!, last: last.get(home)! }));
}

/** One buffer per arena home; externals of one name (a state and its update in place) share theirs. */
function placeBuffers(homes: readonly Value[], lowered: Lowered, offsetOf: ReadonlyMap<Value, number>) {
  const buffers: Buffer[] = [];
  const indexOf = new Map<Value, number>();
  const byName = new Map<string, number>();
  for (const home of homes) {
    const name = lowered.external(home) ?? "";
    const known = name === "" ? undefined : byName.get(name);
    if (known !== undefined) {
      indexOf.set(home, known);
      continue;
    }
    const elements = elementCount(home.shape);
    const offset = offsetOf.get(home) ?? 0;
    const place = name === "" ? "arena" : "external";
    const [dtype, codes] = [lowered.dtype(home), lowered.codes?.(home)];
    const index = buffers.push({ place, offset, name, dtype, elements, codes }) - 1;
    indexOf.set(home, index);
    if (name !== "") byName.set(name, index);
  }
  return { buffers, indexOf };
}

function clock(): Buffer {
  return { place: "external", offset: 0, name: CLOCK, dtype: "i32", elements: 3 };
}

function assemble(command: LoweredCommand, lowered: Lowered, indexOf: ReadonlyMap<Value, number>): Command {
  const operand = (value: Value, shape = value.shape): Operand => {
    const home = lowered.home(value);
    return { buffer: indexOf.get(home)!, shape, dtype: lowered.dtype(home) };
  };
  const output = ({ value, store, shape }: LoweredOutput): Operand =>
    store === undefined ? operand(value, shape) : { ...operand(value, shape), store };
  const outputs = command.outputs.map(output);
  // An operand as large as the result is read in the result's order, whatever shape it was given.
  const step = ({ op, attrs, round, operand: value, resultFirst }: LoweredStep): EpilogueStep => {
    const { shape } = outputs[0];
    const whole = value !== undefined && elementCount(value.shape) === elementCount(shape);
    const other = value && operand(value, whole ? shape : value.shape);
    return { op, attrs, round, operand: other, resultFirst } as EpilogueStep;
  };
  const sides = ({ amax, signs }: NonNullable<LoweredCommand["beside"]>): Command["beside"] => ({
    amax: amax && operand(amax),
    signs: signs && operand(signs),
  });
  return {
    op: command.op,
    attrs: command.attrs,
    inputs: command.inputs.map((value) => operand(value)),
    outputs,
    ...(command.epilogue && { epilogue: command.epilogue.map(step) }),
    ...(command.beside && { beside: sides(command.beside) }),
  } as Command;
}
