/**
 * What every symbolic tensor has: its graph, its value, and how an operation is appended. The methods are in the other
 * files of this folder, one per theme; each class extends the one before, and ../tensor.ts closes the chain.
 */
import type { Graph, Role, Value } from "../graph.ts";
import type { Primitive, PrimitiveAttrs } from "../primitives.ts";

/** An operand: any tensor of the same graph, or a constant. */
export type OperandLike = TensorBase | number;

export abstract class TensorBase {
  readonly graph: Graph;
  readonly value: Value;

  constructor(graph: Graph, value: Value) {
    this.graph = graph;
    this.value = value;
  }

  get shape(): readonly number[] {
    return this.value.shape;
  }

  get rank(): number {
    return this.value.shape.length;
  }

  get dtype(): "f32" | "i32" {
    return this.value.dtype;
  }

  /** The numbers of an eager tensor, computed when asked for. The array is the tensor's own: do not write to it. */
  data(): Promise<Float32Array | Int32Array> {
    return this.graph.read(this.value);
  }

  /** The number of an eager tensor of one element. */
  async item(): Promise<number> {
    return (await this.data())[0];
  }

  /** The same kind of tensor for another value of the graph. */
  protected wrap(value: Value): this {
    const make = this.constructor as new (graph: Graph, value: Value) => this;
    return new make(this.graph, value);
  }

  /** Appends `op` with this tensor and `others` as inputs; its first output. */
  protected apply<P extends Primitive>(
    op: P,
    attrs: PrimitiveAttrs[P],
    others: readonly OperandLike[] = [],
    roles?: readonly Role[],
  ): this {
    return this.wrap(this.applyAll(op, attrs, others, roles)[0]);
  }

  protected applyAll<P extends Primitive>(
    op: P,
    attrs: PrimitiveAttrs[P],
    others: readonly OperandLike[] = [],
    roles?: readonly Role[],
  ): readonly Value[] {
    return this.graph.apply(
      op,
      [this.value, ...others.map((other) => this.operandValue(other))],
      attrs,
      roles,
    );
  }

  /** The value of an operand; a constant becomes a tensor of rank 0. */
  protected operandValue(operand: OperandLike): Value {
    if (typeof operand !== "number") return operand.value;
    return this.graph.apply("fill", [], { value: operand, shape: [] }, ["control"])[0];
  }

  /** An axis counted from 0; negative ones count from the end. Whether it exists is the shape rules' question. */
  protected axis(axis: number): number {
    return axis < 0 ? axis + this.rank : axis;
  }
}
