/**
 * What a pass of its own would read a tensor for, found as the tensor is stored: its largest magnitude, which scales follow from,
 * and signs that are kept for a gradient. Results are the same to the bit. Runs on what is fused and narrowed.
 */
import type { Value } from "../graph/graph.ts";
import { EPILOGUE_OPS, type OpAttrs, type OpName } from "../kernels/contract.ts";
import { type Lowered, type LoweredCommand, valuesRead } from "./lower.ts";

/** They store in pieces of a few channels, each of which would have to look at what all threads share. */
const SMALL_PIECES: ReadonlySet<OpName> = new Set<OpName>(["conv2d", "conv2dGradInput"]);

/** The same program with fewer passes over memory. */
export function storeSides(lowered: Lowered): Lowered {
  const commands: LoweredCommand[] = [];
  const writers = new Map<Value, number>();
  for (const command of lowered.commands) {
    const read = command.inputs[0] === undefined ? undefined : lowered.home(command.inputs[0]);
    const writer = read === undefined ? undefined : writers.get(read);
    if (writer === undefined) commands.push(command);
    else joined(commands, writer, command, lowered);
    for (const { value } of command.outputs) writers.delete(lowered.home(value));
    const last = commands.length - 1;
    const home = lowered.home(command.outputs[0].value);
    if (
      mayStore(commands[last]) &&
      lowered.external(home) === undefined &&
      commands[last].outputs[0] === command.outputs[0]
    )
      writers.set(home, last);
  }
  return { ...lowered, commands };
}

function mayStore({ op, outputs: [{ value }] }: LoweredCommand): boolean {
  return EPILOGUE_OPS.has(op) && !SMALL_PIECES.has(op) && value.dtype === "f32";
}

/** Adds a command that reads what `writer` stores, or what it does to the writer. */
function joined(commands: LoweredCommand[], writer: number, command: LoweredCommand, lowered: Lowered): void {
  const { beside = {} } = commands[writer];
  if (keepsSigns(command, lowered) && beside.signs === undefined) {
    commands[writer] = { ...commands[writer], beside: { ...beside, signs: command.outputs[0].value } };
    return;
  }
  if (!followsAmax(command)) {
    commands.push(command);
    return;
  }
  const [x] = command.inputs;
  const amax = beside.amax ?? { ...x, id: -1, shape: [1], role: "control", source: undefined };
  commands[writer] = { ...commands[writer], beside: { ...beside, amax } };
  commands.push({ ...command, inputs: [x, amax] });
}

/** The command by which narrow-storage.ts keeps signs. */
function keepsSigns(command: LoweredCommand, lowered: Lowered): boolean {
  const { op, attrs, outputs, epilogue } = command;
  const [{ value, store }] = outputs;
  const isSign = op === "unary" && "kind" in attrs && attrs.kind === "sign";
  return (
    isSign &&
    epilogue === undefined &&
    store === undefined &&
    lowered.codes?.(lowered.home(value)) !== undefined
  );
}

/** Whether one scale of the whole tensor follows from its largest magnitude. */
function followsAmax(command: LoweredCommand): boolean {
  if (valuesRead(command).length !== 1) return false;
  if (command.op === "quantizeDynamicFixed") return true;
  if (command.op !== "quantizeValues") return false;
  const { format, scaling, view } = command.attrs as OpAttrs["quantizeValues"];
  if (format.kind === "block") return format.scale.kind === "twoLevel";
  return format.kind === "fixed" && scaling === "symmetric" && view.columns === 1;
}
