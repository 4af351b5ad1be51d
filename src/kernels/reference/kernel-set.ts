/**
 * The reference kernel set: runs a plan command by command in readable TypeScript. It is the truth that the native
 * kernels are tested against (in FP64) and what runs where they cannot (in FP32). Contract: ../contract.ts.
 */
import { setImmediate } from "node:timers/promises";
import { RoundoffError, require } from "../../base/errors.ts";
import type {
  Command,
  CommandOf,
  EpilogueStepOf,
  EpilogueStepOp,
  ExternalArray,
  KernelSet,
  OpName,
  Plan,
  PreparedPlan,
} from "../contract.ts";
import { bindBuffers, bindClock, bindOperand, type Precision } from "./bind.ts";
import { referenceKernels } from "./kernels.ts";
import { roundOnStore } from "./quantize.ts";
import type { KernelContext, RefArray, RefTensor } from "./tensor.ts";

/** How long commands run before the event loop gets a turn, so that progress is shown and signals are heard. */
const TURN_MILLISECONDS = 50;

/** Gives the event loop a turn when the last one is long enough ago; counts across runs, which may be short. */
type TakeTurn = () => Promise<void> | undefined;

export interface ReferenceOptions {
  /**
   * `f32` (default): every result is rounded to FP32, as the contract says. `f64`: nothing is rounded but what `store`
   * rounds; f32 externals must then be Float64Array.
   */
  readonly precision?: Precision;
}

type BoundCommand = (context: KernelContext) => void;

/** The reference kernels. They own no state; every prepared plan has its own memory. */
export function createReferenceKernels({ precision = "f32" }: ReferenceOptions = {}): KernelSet {
  return { name: "reference", prepare: (plan, externals) => prepare(plan, externals, precision) };
}

function prepare(
  plan: Plan,
  externals: ReadonlyMap<string, ExternalArray>,
  precision: Precision,
): PreparedPlan {
  const arrays = bindBuffers(plan, externals, precision);
  const clock = bindClock(plan, arrays);
  const commands = plan.commands.map((command: Command) => bindCommand(command, plan, arrays));
  const round = precision === "f32" ? Math.fround : (x: number) => x;
  const takeTurn = turns();
  let running = false;
  return {
    async run(first = 0) {
      if (running) throw alreadyRunning();
      require(Number.isInteger(first) && first >= 0 && first <= commands.length, "INVALID_ARGUMENT", () => ({
        what: "the plan has no such command",
        expected: `a number from 0 to ${commands.length}`,
        received: String(first),
      }));
      running = true;
      try {
        await runInTurns(commands.slice(first), { round, clock: readClock(clock) }, takeTurn);
      } finally {
        running = false;
      }
    },
  };
}

function bindCommand<Op extends OpName>(
  command: CommandOf<Op>,
  plan: Plan,
  arrays: readonly RefArray[],
): BoundCommand {
  const kernel = referenceKernels[command.op];
  const inputs = command.inputs.map((operand) => bindOperand(operand, plan, arrays));
  const outputs = command.outputs.map((operand) => bindOperand(operand, plan, arrays));
  const steps = (command.epilogue ?? []).map((step) => bindStep(step, outputs[0], plan, arrays));
  const storeSides = bindSides(command, outputs[0], plan, arrays);
  return (context) => {
    kernel(inputs, outputs, command.attrs, context);
    for (const step of steps) step(context);
    command.outputs.forEach(({ store }, i) => {
      if (store !== undefined) roundOnStore(outputs[i].data, store, context.clock);
    });
    storeSides();
  };
}

/** What is written beside the first output, once that is as it is stored. */
function bindSides(
  { beside = {} }: Pick<Command, "beside">,
  { data }: RefTensor,
  plan: Plan,
  arrays: readonly RefArray[],
): () => void {
  const amax = beside.amax && bindOperand(beside.amax, plan, arrays).data;
  const signs = beside.signs && bindOperand(beside.signs, plan, arrays).data;
  return () => {
    let largest = 0;
    // Math.max gives NaN once it has seen one.
    for (let i = 0; amax !== undefined && i < data.length; i++)
      largest = Math.max(largest, Math.abs(data[i]));
    if (amax !== undefined) amax[0] = largest;
    for (let i = 0; signs !== undefined && i < data.length; i++) signs[i] = Math.sign(data[i]);
  };
}

/** A step of an epilogue: the kernel of its operation, in place on the command's result. */
function bindStep<Op extends EpilogueStepOp>(
  { op, attrs, round, operand, resultFirst }: EpilogueStepOf<Op>,
  result: RefTensor,
  plan: Plan,
  arrays: readonly RefArray[],
): BoundCommand {
  const kernel = referenceKernels[op];
  const others = operand === undefined ? [] : [bindOperand(operand, plan, arrays)];
  const inputs = resultFirst === true ? [result, ...others] : [...others, result];
  return (context) => {
    if (round !== undefined) roundOnStore(result.data, round, context.clock);
    kernel(inputs, [result], attrs, context);
  };
}

async function runInTurns(
  commands: readonly BoundCommand[],
  context: KernelContext,
  takeTurn: TakeTurn,
): Promise<void> {
  for (const command of commands) {
    command(context);
    const turn = takeTurn();
    if (turn !== undefined) await turn;
  }
}

function turns(): TakeTurn {
  let turnEnds = performance.now() + TURN_MILLISECONDS;
  return () => {
    if (performance.now() < turnEnds) return undefined;
    return setImmediate().then(() => {
      turnEnds = performance.now() + TURN_MILLISECONDS;
    });
  };
}

function readClock(words: RefArray | undefined): KernelContext["clock"] {
  if (words === undefined) return undefined;
  return { seedLow: words[0] >>> 0, seedHigh: words[1] >>> 0, step: words[2] >>> 0 };
}

function alreadyRunning(): RoundoffError {
  return new RoundoffError("INVALID_ARGUMENT", {
    what: "a prepared plan was run while it was still running",
    hint: "Await run() before the next call, or prepare the plan twice.",
  });
}
