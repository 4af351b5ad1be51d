/**
 * Fusion: an element-wise command that is the only reader of another command's result becomes a step of that command's
 * epilogue, done to each block before it is stored: bias, ReLU and its mask, residual adds. The result in between is never in
 * memory, and is rounded where it was. Knows which commands can have an epilogue from the contract, nothing of kernels.
 */
import { elementCount, type Value } from "../graph/graph.ts";
import { EPILOGUE_OPS, EPILOGUE_STEP_OPS, type EpilogueStepOp, type OpName } from "../kernels/contract.ts";
import { type Lowered, type LoweredCommand, type LoweredStep, valuesRead } from "./lower.ts";

/**
 * Convolutions take bias and ReLU along but no second tensor: read in the small pieces in which a convolution stores, it costs
 * more than a pass of its own (`roundoff bench step --model resnet20 --unfused`: a BF16 step took 5 % longer).
 */
const CONVOLUTIONS: ReadonlySet<OpName> = new Set<OpName>(["conv2d", "conv2dGradInput"]);

/** The same program with fewer commands: equal to the unfused one in every bit. */
export function fuseEpilogues(lowered: Lowered): Lowered {
  return { ...lowered, commands: new Fusion(lowered).run() };
}

/** How a command would read another command's result: which input that is, and what it reads beside it. */
interface Join {
  readonly op: EpilogueStepOp;
  readonly result: Value;
  readonly operand?: Value;
  readonly resultFirst?: boolean;
}

class Fusion {
  private readonly lowered: Lowered;
  private readonly commands: LoweredCommand[] = [];
  /** Where each home is written: index into `commands`. */
  private readonly writer = new Map<Value, number>();
  private readonly reads = new Map<Value, number>();
  private readonly states: ReadonlySet<string | undefined>;

  constructor(lowered: Lowered) {
    this.lowered = lowered;
    const homes = lowered.commands.flatMap(valuesRead).map((value) => lowered.home(value));
    for (const home of homes) this.reads.set(home, (this.reads.get(home) ?? 0) + 1);
    this.states = new Set(homes.flatMap(({ source }) => (source === undefined ? [] : [source.name])));
  }

  run(): LoweredCommand[] {
    for (const command of this.lowered.commands) {
      const host = this.hostOf(command);
      const index = host?.index ?? this.commands.length;
      this.commands[index] =
        host === undefined ? command : this.joined(this.commands[index], command, host.join);
      for (const { value } of command.outputs) this.writer.set(this.lowered.home(value), index);
    }
    return this.commands;
  }

  /** The command that this one can be a step of: the last that it depends on. */
  private hostOf(command: LoweredCommand): { join: Join; index: number } | undefined {
    if (command.node === undefined || command.outputs.length !== 1) return undefined;
    // A state that is updated in place may still be read by what lies between the two commands.
    if (this.states.has(this.lowered.external(this.lowered.home(command.outputs[0].value)))) return undefined;
    return joins(command)
      .map((join) => ({ join, index: this.writerOf(join.result) }))
      .find(({ join, index }) => index >= 0 && this.fits(join, command, index));
  }

  private fits({ result, operand }: Join, command: LoweredCommand, index: number): boolean {
    const host = this.commands[index];
    const home = this.lowered.home(result);
    const shape = shapeOf(host);
    const streams = operand !== undefined && elementCount(operand.shape) === elementCount(shape);
    return (
      EPILOGUE_OPS.has(host.op) &&
      !(streams && CONVOLUTIONS.has(host.op)) &&
      this.lowered.home(host.outputs[0].value) === home &&
      this.lowered.external(home) === undefined &&
      this.reads.get(home) === 1 &&
      elementCount(command.outputs[0].value.shape) === elementCount(shape) &&
      (operand === undefined ||
        (this.writerOf(operand) < index && besides(operand, command.outputs[0].value.shape, shape)))
    );
  }

  /** −1: it is there before the first command. */
  private writerOf(value: Value): number {
    return this.writer.get(this.lowered.home(value)) ?? -1;
  }

  private joined(host: LoweredCommand, command: LoweredCommand, join: Join): LoweredCommand {
    const [raw, ...others] = host.outputs;
    const { op, operand, resultFirst } = join;
    const { attrs, node } = command;
    const step: LoweredStep = { op, attrs, round: raw.store, operand, resultFirst, node: node! };
    const [{ value, store }] = command.outputs;
    return {
      ...host,
      epilogue: [...(host.epilogue ?? []), step],
      outputs: [{ value, store, shape: shapeOf(host) }, ...others],
    };
  }
}

/** The shape that the command itself gives its first output; a step may have reshaped it. */
function shapeOf({ outputs: [{ value, shape = value.shape }] }: LoweredCommand): readonly number[] {
  return shape;
}

/** Every way to make the command a step; none if it is no element-wise operation, or reads one value twice. */
function joins({ op, inputs }: LoweredCommand): Join[] {
  const step = EPILOGUE_STEP_OPS.find((name) => name === op);
  const [a, b] = inputs;
  switch (step) {
    case undefined:
      return [];
    case "binary":
      return [
        { op: step, result: a, operand: b, resultFirst: true },
        { op: step, result: b, operand: a, resultFirst: false },
      ];
    case "unaryGrad":
      return [{ op: step, result: b, operand: a }];
    default:
      return [{ op: step, result: a }];
  }
}

/** Whether an operand can be read beside the result block by block: all of it, one row for all rows, or one number. */
function besides(operand: Value, shape: readonly number[], hostShape: readonly number[]): boolean {
  const elements = elementCount(operand.shape);
  const row = shape.at(-1);
  return (
    operand.dtype === "f32" &&
    (elements === elementCount(shape) ||
      elements === 1 ||
      (elements === row && operand.shape.at(-1) === row && hostShape.at(-1) === row))
  );
}
