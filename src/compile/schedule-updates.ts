/**
 * The order of a lowered program: each command of the update phase moves up to where its operands are ready and nothing reads
 * any more what it overwrites. A gradient then lives only until its weight is updated, so the arena is smaller and the gradient
 * is still in the caches. Results are the same to the bit. Where a check or a norm of all gradients comes first, nothing moves.
 */
import { type Lowered, type LoweredCommand, valuesRead, valuesWritten } from "./lower.ts";

export function scheduleUpdates(lowered: Lowered): Lowered {
  return { ...lowered, commands: new Schedule(lowered).run() };
}

class Schedule {
  private readonly lowered: Lowered;
  /** Slot of the last command that wrote or read each piece of memory. */
  private readonly written = new Map<unknown, number>();
  private readonly read = new Map<unknown, number>();

  constructor(lowered: Lowered) {
    this.lowered = lowered;
  }

  /** A command's slot is the command of the old order behind which it comes; in one slot the old order stays. */
  run(): LoweredCommand[] {
    const slots = this.lowered.commands.map((command, index) => this.place(command, index));
    const order = slots.map((slot, index) => ({ slot, index }));
    order.sort((a, b) => a.slot - b.slot || a.index - b.index);
    return order.map(({ index }) => this.lowered.commands[index]);
  }

  private place(command: LoweredCommand, index: number): number {
    const inputs = valuesRead(command).map((value) => this.memory(value));
    const outputs = valuesWritten(command).map((value) => this.memory(value));
    const after = [
      ...inputs.map((memory) => this.written.get(memory)),
      ...outputs.flatMap((memory) => [this.written.get(memory), this.read.get(memory)]),
    ];
    const slot =
      command.node?.phase === "update" ? Math.max(-1, ...after.map((needed) => needed ?? -1)) : index;
    for (const memory of inputs) this.read.set(memory, Math.max(slot, this.read.get(memory) ?? -1));
    for (const memory of outputs) this.written.set(memory, slot);
    return slot;
  }

  /** A state and its update in place are two values of one name. */
  private memory(value: Parameters<Lowered["home"]>[0]): unknown {
    const home = this.lowered.home(value);
    return this.lowered.external(home) ?? home;
  }
}
