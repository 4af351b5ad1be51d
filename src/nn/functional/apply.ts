/** Appending a primitive to the graph of its tensors: what the functions of this folder are written with. */
import type { Role } from "../../graph/graph.ts";
import type { Primitive, PrimitiveAttrs } from "../../graph/primitives.ts";
import { Tensor } from "../../graph/tensor.ts";

/** All outputs of primitive `op` on `inputs`, of which there is at least one. */
export function applyAll<P extends Primitive>(
  op: P,
  inputs: readonly [Tensor, ...Tensor[]],
  attrs: PrimitiveAttrs[P],
  roles: readonly Role[] = [],
): readonly Tensor[] {
  const { graph } = inputs[0];
  const values = graph.apply(
    op,
    inputs.map(({ value }) => value),
    attrs,
    roles,
  );
  return values.map((value) => new Tensor(graph, value));
}

/** The first output of primitive `op`. */
export function apply<P extends Primitive>(
  op: P,
  inputs: readonly [Tensor, ...Tensor[]],
  attrs: PrimitiveAttrs[P],
  roles: readonly Role[] = [],
): Tensor {
  return applyAll(op, inputs, attrs, roles)[0];
}

/** A tensor of one number in the graph of `like`. `bias`: it stands for a parameter that a layer does without. */
export function filled(like: Tensor, shape: readonly number[], value: number, role: Role = "bias"): Tensor {
  return new Tensor(like.graph, like.graph.apply("fill", [], { value, shape }, [role])[0]);
}
