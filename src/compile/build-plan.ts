/** Puts lowering and memory planning together: graph → the flat plan that a kernel set runs. */
import { elementCount, type Graph, type Value } from "../graph/graph.ts";
import type { Buffer, Command, DType, Operand, Plan } from "../kernels/contract.ts";
import { type Lowered, type LoweredCommand, type LoweredOutput, lower } from "./lower.ts";
import { type Lifetime, planMemory } from "./plan-memory.ts";

/** Name of the external i32 array [seedLow, seedHigh, step] of every plan that rounds stochastically. */
export const CLOCK = "clock";

export interface BuiltPlan {
  readonly plan: Plan;
  readonly lowered: Lowered;
  /** Bytes of each tensor by its home, for reports. */
  readonly bytes: ReadonlyMap<Value, number>;
}

export function bytesPerElement(dtype: DType): number {
  return dtype === "f32" || dtype === "i32" ? 4 : 2;
}

export function buildPlan(graph: Graph): BuiltPlan {
  const lowered = lower(graph);
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
  for (const { inputs, outputs } of lowered.commands) {
    for (const value of [...inputs, ...outputs.map((output) => output.value)]) homes.add(lowered.home(value));
  }
  return [...homes];
}

function lifetimes(homes: readonly Value[], lowered: Lowered, bytes: ReadonlyMap<Value, number>): Lifetime[] {
  const first = new Map<Value, number>();
  const last = new Map<Value, number>();
  lowered.commands.forEach(({ inputs, outputs }, index) => {
    for (const value of [...inputs, ...outputs.map((output) => output.value)]) {
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
    const index = buffers.push({ place, offset, name, dtype: lowered.dtype(home), elements }) - 1;
    indexOf.set(home, index);
    if (name !== "") byName.set(name, index);
  }
  return { buffers, indexOf };
}

function clock(): Buffer {
  return { place: "external", offset: 0, name: CLOCK, dtype: "i32", elements: 3 };
}

function assemble(command: LoweredCommand, lowered: Lowered, indexOf: ReadonlyMap<Value, number>): Command {
  const operand = (value: Value): Operand => {
    const home = lowered.home(value);
    return { buffer: indexOf.get(home)!, shape: value.shape, dtype: lowered.dtype(home) };
  };
  const output = ({ value, store }: LoweredOutput): Operand =>
    store === undefined ? operand(value) : { ...operand(value), store };
  return {
    op: command.op,
    attrs: command.attrs,
    inputs: command.inputs.map(operand),
    outputs: command.outputs.map(output),
  } as Command;
}
