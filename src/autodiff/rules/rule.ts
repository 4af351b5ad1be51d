/** What a backward rule is, and what several rules need. Rules append primitives to the graph; they compute nothing. */
import { elementCount, type Graph, type NodeOf, type Role, type Value } from "../../graph/graph.ts";
import type { Primitive } from "../../graph/primitives.ts";

export interface RuleContext<P extends Primitive> {
  readonly graph: Graph;
  readonly node: NodeOf<P>;
  /** Which inputs need a gradient; a rule may skip the others. */
  readonly needs: readonly boolean[];
  /** The role that each input's gradient has. */
  readonly roles: readonly Role[];
}

/** Gradients of the outputs (undefined: zero) → gradients of the inputs. */
export type BackwardRule<P extends Primitive> = (
  context: RuleContext<P>,
  grads: readonly (Value | undefined)[],
) => (Value | undefined)[];

export const notDifferentiable = "notDifferentiable" as const;

export type BackwardRules = {
  readonly [P in Primitive]: BackwardRule<P> | typeof notDifferentiable;
};

/** Sums a gradient over the axes that broadcasting had repeated, back to `shape`. */
export function sumTo(graph: Graph, grad: Value, shape: readonly number[], role: Role): Value {
  const extra = grad.shape.length - shape.length;
  const axes = grad.shape.flatMap((size, axis) =>
    axis < extra || (shape[axis - extra] === 1 && size !== 1) ? [axis] : [],
  );
  const [reduced] = axes.length === 0 ? [grad] : graph.apply("reduceSum", [grad], { axes }, [role]);
  if (elementCount(reduced.shape) === elementCount(shape) && reduced.shape.length !== shape.length) {
    return graph.apply("reshape", [reduced], { shape }, [role])[0];
  }
  return reduced;
}
