/**
 * Finds the tensor in which the first NaN or infinity of a step appears: the plan of the step with a count after every command,
 * run once more on the same numbers. Costs nothing until it is asked for.
 */
import type { BuiltPlan } from "../compile/build-plan.ts";
import type { LoweredCommand } from "../compile/lower.ts";
import type { Value } from "../graph/graph.ts";
import type { Buffer, Command, ExternalArray, KernelSet, Operand, Plan } from "../kernels/contract.ts";
import type { NonFiniteTensor } from "../runlog/schema.ts";

/** Which tensor of a command a count belongs to. */
interface Watched {
  readonly tensor: Omit<NonFiniteTensor, "step">;
  readonly count: Float32Array;
}

export interface NonFiniteProbe {
  /** Runs the step and names the first tensor with a NaN or infinity in it, in the order of computation. */
  run(): Promise<Omit<NonFiniteTensor, "step"> | undefined>;
}

/** Prepares the probe over the arrays that the step itself is bound to: a run of it changes them as the step would. */
export function prepareNonFiniteProbe(
  { plan, lowered }: BuiltPlan,
  kernels: KernelSet,
  externals: ReadonlyMap<string, ExternalArray>,
): NonFiniteProbe {
  const buffers: Buffer[] = [...plan.buffers];
  const commands: Command[] = [];
  const watched: Watched[] = [];
  const arrays = new Map(externals);
  plan.commands.forEach((command, index) => {
    commands.push(command);
    command.outputs.forEach((operand, output) => {
      const { path, role } = originOf(lowered.commands[index], output);
      // Integers are always finite; what they were made from has been counted before. Control is not data: a row that an
      // embedding's update reads for no index is NaN and goes nowhere.
      if (operand.dtype === "i32" || operand.dtype === "i16" || role === "control") return;
      const name = `nonFinite.${index}.${output}`;
      const buffer = buffers.push(countBuffer(name)) - 1;
      commands.push(countCommand(operand, buffer));
      const count = new Float32Array(1);
      arrays.set(name, count);
      watched.push({ count, tensor: { tensor: path, role, operation: command.op } });
    });
  });
  const probing: Plan = { ...plan, buffers, commands };
  const prepared = kernels.prepare(probing, arrays);
  return {
    async run() {
      await prepared.run();
      return watched.find(({ count }) => count[0] > 0)?.tensor;
    },
  };
}

/** Of a fused command the operation that it is named after: what its epilogue makes may belong to no module. */
function originOf({ node, epilogue, outputs }: LoweredCommand, output: number): Value {
  return epilogue !== undefined && node !== undefined ? node.outputs[output] : outputs[output].value;
}

function countBuffer(name: string): Buffer {
  return { place: "external", offset: 0, name, dtype: "f32", elements: 1 };
}

function countCommand({ buffer, shape, dtype }: Operand, count: number): Command {
  return {
    op: "countNonFinite",
    attrs: {},
    inputs: [{ buffer, shape, dtype }],
    outputs: [{ buffer: count, shape: [], dtype: "f32" }],
  };
}
