/** Methods that go by an index tensor (i32) or give one. Negative axes count from the end. Names are PyTorch's. */
import type { TensorBase } from "./base.ts";
import { MovementTensor } from "./movement.ts";

/** Elements and where along the axis they were (i32). */
export interface Ranked<T> {
  readonly values: T;
  readonly indices: T;
}

export interface TopKOptions {
  readonly axis?: number;
  readonly largest?: boolean;
}

export abstract class IndexingTensor extends MovementTensor {
  /** y[…i…] = this[…index[…i…]…] along `axis`; index has as many axes. An index outside gives NaN. */
  gather(axis: number, index: TensorBase): this {
    return this.apply("gather", { axis: this.axis(axis) }, [index]);
  }

  /** This tensor with source[…i…] added at […index[…i…]…] along `axis`. */
  scatterAdd(axis: number, index: TensorBase, source: TensorBase): this {
    const attrs = { axis: this.axis(axis), shape: this.shape };
    const [added] = this.graph.apply("scatterAdd", [source.value, index.value], attrs);
    return this.apply("binary", { kind: "add" }, [this.wrap(added)]);
  }

  /** The slices along `axis` that index names; an index of several axes puts them in its place (as an embedding). */
  indexSelect(axis: number, index: TensorBase): this {
    return this.apply("indexSelect", { axis: this.axis(axis) }, [index]);
  }

  /** This tensor with slice m of source added to slice index[m] along `axis`. */
  indexAdd(axis: number, index: TensorBase, source: TensorBase): this {
    const attrs = { axis: this.axis(axis), shape: this.shape };
    const [added] = this.graph.apply("indexAdd", [source.value, index.value], attrs);
    return this.apply("binary", { kind: "add" }, [this.wrap(added)]);
  }

  /** The k largest (or smallest) elements along an axis in order, and their positions (i32). */
  topK(k: number, { axis = -1, largest = true }: TopKOptions = {}): Ranked<this> {
    const [values, indices] = this.applyAll("topK", { axis: this.axis(axis), k, largest });
    return { values: this.wrap(values), indices: this.wrap(indices) };
  }

  /** All elements along an axis in order, and their positions (i32). Equal elements keep their order. */
  sort({ axis = -1, descending = false } = {}): Ranked<this> {
    return this.topK(this.shape[this.axis(axis)], { axis, largest: descending });
  }

  argsort(options: { axis?: number; descending?: boolean } = {}): this {
    return this.sort(options).indices;
  }

  /** i32: where the largest element along an axis is (the first of equals); without an axis, of all elements. */
  argmax(axis?: number, { keepDims = false } = {}): this {
    return this.argReduce(true, axis, keepDims);
  }

  argmin(axis?: number, { keepDims = false } = {}): this {
    return this.argReduce(false, axis, keepDims);
  }

  /** i32 labels → 0 and 1 along a new last axis of `classes`. A label outside gives zeros. */
  oneHot(classes: number): this {
    const [positions] = this.graph.apply("arange", [], { start: 0, step: 1, shape: [classes], dtype: "f32" });
    return this.cast("f32").unsqueeze(-1).eq(this.wrap(positions));
  }

  private argReduce(largest: boolean, axis: number | undefined, keepDims: boolean): this {
    if (axis === undefined) {
      const all = this.reshape([-1]).argReduce(largest, 0, false);
      return keepDims ? all.reshape(this.shape.map(() => 1)) : all;
    }
    const at = this.axis(axis);
    const kept = this.apply("argReduce", { axis: at, largest });
    return keepDims ? kept : kept.reshape(this.shape.filter((_, a) => a !== at));
  }
}
