/** Methods that reshape, repeat, cut or move elements. Axes may be negative: they count from the end. Names are PyTorch's. */
import { RoundoffError } from "../../base/errors.ts";
import type { PadMode } from "../../kernels/contract.ts";
import { elementCount, formatShape } from "../graph.ts";
import type { TensorBase } from "./base.ts";
import { ElementwiseTensor } from "./elementwise.ts";

/** Part of an axis as in NumPy's start:stop:step; negative positions count from the end, a negative step goes backwards. */
export interface AxisSlice {
  readonly start?: number;
  readonly stop?: number;
  readonly step?: number;
}

export interface PadOptions {
  readonly mode?: "constant" | PadMode;
  /** Of the constant mode. */
  readonly value?: number;
}

export abstract class MovementTensor extends ElementwiseTensor {
  /** One size may be −1: it follows from the others. */
  reshape(shape: readonly number[]): this {
    return this.apply("reshape", { shape: completeShape(shape, this.shape) });
  }

  /** Joins the axes from `startDim` to `endDim`; by default all but the first. */
  flatten({ startDim = 1, endDim = -1 }: { startDim?: number; endDim?: number } = {}): this {
    const [first, last] = [this.axis(startDim), this.axis(endDim)];
    const joined = elementCount(this.shape.slice(first, last + 1));
    return this.reshape([...this.shape.slice(0, first), joined, ...this.shape.slice(last + 1)]);
  }

  /** All axes in a new order (PyTorch's permute). */
  transpose(perm: readonly number[]): this {
    return this.apply("transpose", { perm: perm.map((axis) => this.axis(axis)) });
  }

  permute(perm: readonly number[]): this {
    return this.transpose(perm);
  }

  swapAxes(first: number, second: number): this {
    const perm = this.shape.map((_, axis) => axis);
    const [a, b] = [this.axis(first), this.axis(second)];
    [perm[a], perm[b]] = [perm[b], perm[a]];
    return this.transpose(perm);
  }

  /** Without `axis`, or without all axes, of size 1; an axis of another size stays, as in PyTorch. */
  squeeze(axis?: number): this {
    const only = axis === undefined ? undefined : this.axis(axis);
    return this.reshape(this.shape.filter((size, i) => size !== 1 || (only !== undefined && i !== only)));
  }

  /** A new axis of size 1 in front of `axis`; −1 puts it last. */
  unsqueeze(axis: number): this {
    const at = axis < 0 ? axis + this.rank + 1 : axis;
    return this.reshape([...this.shape.slice(0, at), 1, ...this.shape.slice(at)]);
  }

  broadcastTo(shape: readonly number[]): this {
    return this.apply("broadcastTo", { shape });
  }

  /** As broadcastTo; a size of −1 stays what it is. */
  expand(shape: readonly number[]): this {
    const missing = shape.length - this.rank;
    return this.broadcastTo(shape.map((size, i) => (size === -1 ? this.shape[i - missing] : size)));
  }

  /** One entry per axis, from the first; axes without one are kept whole. */
  slice(axes: readonly (AxisSlice | undefined)[]): this {
    const parts = this.shape.map((size, axis) => resolveSlice(axes[axis] ?? {}, size));
    const [starts, steps] = [parts.map(({ start }) => start), parts.map(({ step }) => step)];
    return this.apply("slice", { starts, steps, shape: parts.map(({ count }) => count) });
  }

  /** `length` elements of one axis from `start` (negative: from the end). */
  narrow(axis: number, start: number, length: number): this {
    const at = this.axis(axis);
    const from = start < 0 ? start + this.shape[at] : start;
    const starts = this.shape.map((_, a) => (a === at ? from : 0));
    const shape = this.shape.map((size, a) => (a === at ? length : size));
    return this.apply("slice", { starts, steps: this.shape.map(() => 1), shape });
  }

  /** The slice at `index` of an axis, without that axis. */
  select(axis: number, index: number): this {
    const at = this.axis(axis);
    return this.narrow(at, index, 1).reshape(this.shape.filter((_, a) => a !== at));
  }

  flip(axes: readonly number[]): this {
    const flipped = axes.map((axis) => this.axis(axis));
    return this.slice(this.shape.map((_, a) => (flipped.includes(a) ? { step: -1 } : undefined)));
  }

  /** Pieces of `size` elements (the last may be smaller), or of the given sizes, along an axis. */
  split(size: number | readonly number[], axis = 0): this[] {
    const at = this.axis(axis);
    const sizes = typeof size === "number" ? pieces(this.shape[at], size) : size;
    const total = sizes.reduce((sum, piece) => sum + piece, 0);
    if (total !== this.shape[at]) {
      throw new RoundoffError("SHAPE_MISMATCH", {
        what: `split of axis ${at} of ${formatShape(this.shape)} does not use it up`,
        expected: `sizes that add up to ${this.shape[at]}`,
        received: sizes.join(" + "),
      });
    }
    let start = 0;
    return sizes.map((piece) => {
      start += piece;
      return this.narrow(at, start - piece, piece);
    });
  }

  /** At most `count` pieces of equal size (the last may be smaller) along an axis. */
  chunk(count: number, axis = 0): this[] {
    return this.split(Math.max(1, Math.ceil(this.shape[this.axis(axis)] / count)), axis);
  }

  /** This tensor and then `others` along an axis. */
  concat(others: readonly TensorBase[], axis = 0): this {
    return others.length === 0 ? this : this.apply("concat", { axis: this.axis(axis) }, others);
  }

  /**
   * [before, after] elements more per axis, from the first; axes without an entry stay. Constant padding may be negative:
   * it cuts. The other modes continue with the tensor's own elements.
   */
  pad(
    axes: readonly (readonly [before: number, after: number] | undefined)[],
    { mode = "constant", value = 0 }: PadOptions = {},
  ): this {
    return mode === "constant" ? this.padConstant(axes, value) : this.padEdges(axes, mode);
  }

  private padConstant(axes: readonly (readonly [number, number] | undefined)[], value: number): this {
    const amounts = this.shape.map((_, axis) => axes[axis] ?? [0, 0]);
    if (amounts.every(([before, after]) => before === 0 && after === 0)) return this;
    const ones = this.shape.map(() => 1);
    const cut = amounts.some(([before, after]) => before < 0 || after < 0)
      ? this.apply("slice", {
          starts: amounts.map(([before]) => Math.max(0, -before)),
          steps: ones,
          shape: this.shape.map((size, a) => size + Math.min(0, amounts[a][0]) + Math.min(0, amounts[a][1])),
        })
      : this;
    const shape = cut.shape.map((size, a) => size + Math.max(0, amounts[a][0]) + Math.max(0, amounts[a][1]));
    return cut.apply("place", {
      value,
      starts: amounts.map(([before]) => Math.max(0, before)),
      steps: ones,
      shape,
    });
  }

  private padEdges(axes: readonly (readonly [number, number] | undefined)[], mode: PadMode): this {
    return axes.reduce<this>((padded, amount, axis) => {
      const [before, after] = amount ?? [0, 0];
      if (before === 0 && after === 0) return padded;
      const shape = padded.shape.map((size, a) => (a === axis ? size + before + after : size));
      return padded.apply("padEdge", { axis, before, mode, shape });
    }, this);
  }
}

function completeShape(shape: readonly number[], whole: readonly number[]): readonly number[] {
  if (!shape.includes(-1)) return shape;
  const known = shape.filter((size) => size !== -1);
  const rest = elementCount(whole) / elementCount(known);
  if (known.length !== shape.length - 1 || !Number.isInteger(rest)) {
    throw new RoundoffError("SHAPE_MISMATCH", {
      what: "reshape: the size −1 cannot be filled in",
      expected: `one −1, and other sizes that divide the ${elementCount(whole)} elements of ${formatShape(whole)}`,
      received: formatShape(shape),
    });
  }
  return shape.map((size) => (size === -1 ? rest : size));
}

/** NumPy's rule: positions beyond the ends are the ends. */
function resolveSlice({ start, stop, step = 1 }: AxisSlice, size: number) {
  const inside = (position: number, low: number, high: number) =>
    Math.max(low, Math.min(high, position < 0 ? position + size : position));
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const first = start === undefined ? (step > 0 ? 0 : size - 1) : inside(start, low, high);
  const end = stop === undefined ? (step > 0 ? size : -1) : inside(stop, low, high);
  const count = Math.max(0, Math.ceil((end - first) / step));
  return { start: count === 0 ? 0 : first, step, count };
}

function pieces(total: number, size: number): number[] {
  return Array.from({ length: Math.ceil(total / size) }, (_, i) => Math.min(size, total - i * size));
}
