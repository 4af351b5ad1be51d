/**
 * The memory of a plan that is put together by hand around one product: arrays of the caller, and an arena for what is stored
 * in fewer bits. Knows nothing of what is multiplied.
 */
import { bytesPerElement } from "../compile/build-plan.ts";
import { elementCount } from "../graph/graph.ts";
import type { Buffer, Command, DType, ExternalArray, Operand, Plan } from "../kernels/contract.ts";

/** Buffers of the arena begin at cache lines. */
const LINE = 64;

export class ProductMemory {
  readonly externals = new Map<string, ExternalArray>();
  readonly commands: Command[] = [];
  private readonly buffers: Buffer[] = [];
  private arenaBytes = 0;

  external(name: string, shape: readonly number[], dtype: "f32" | "i32", array: ExternalArray): Operand {
    this.externals.set(name, array);
    return this.operand({ place: "external", offset: 0, name, dtype, elements: array.length }, shape);
  }

  arena(shape: readonly number[], dtype: DType): Operand {
    const elements = elementCount(shape);
    const operand = this.operand(
      { place: "arena", offset: this.arenaBytes, name: "", dtype, elements },
      shape,
    );
    this.arenaBytes += Math.ceil((elements * bytesPerElement(dtype)) / LINE) * LINE;
    return operand;
  }

  /** The values of `wide` in another storage, which must hold them exactly: a command of its own brings them there. */
  stored(wide: Operand, dtype: DType): Operand {
    const narrow = this.arena(wide.shape, dtype);
    this.commands.push({ op: "copy", attrs: {}, inputs: [wide], outputs: [narrow] });
    return narrow;
  }

  /** @param clockBuffer the seed and step of stochastic rounding, by `Operand.buffer`; none without it. */
  plan(clockBuffer = -1): Plan {
    const { buffers, arenaBytes, commands } = this;
    return { buffers, arenaBytes, commands, clockBuffer };
  }

  private operand(buffer: Buffer, shape: readonly number[]): Operand {
    return { buffer: this.buffers.push(buffer) - 1, shape, dtype: buffer.dtype };
  }
}
