/**
 * Weights that are computed from other parameters at every use, as PyTorch's weight and spectral norm have them: the module
 * reads `weight` as before, but what is trained and saved are the parts.
 */
import { RoundoffError } from "../base/errors.ts";
import type { Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Module } from "./module.ts";
import { Parameter, type StateBuffer } from "./parameter.ts";

/** What takes the place of a parameter: a module asks for its shape and for its tensor. */
interface ComputedWeight {
  readonly shape: readonly number[];
  in(like: Tensor): Tensor;
}

/** @throws RoundoffError INVALID_ARGUMENT unless the module has a parameter `name` of its own. */
export function parameterOf(module: Module<unknown>, name: string): Parameter {
  const member: unknown = Reflect.get(module, name);
  if (member instanceof Parameter) return member;
  throw new RoundoffError("INVALID_ARGUMENT", {
    what: `${module.constructor.name} has no parameter "${name}" to compute from others`,
    hint: "Weight and spectral norm go around a layer with a weight, each once.",
  });
}

/**
 * Replaces parameter `name` of a module by the members `parts` (by suffix: `_v` becomes `weight_v`) and by what `compute` makes
 * of them, once per graph and mode.
 */
export function reparametrize<M extends Module<unknown>>(
  module: M,
  name: string,
  parts: Readonly<Record<string, Parameter | StateBuffer>>,
  compute: (like: Tensor) => Tensor,
): M {
  const { shape } = parameterOf(module, name);
  const made = { training: new WeakMap<Graph, Tensor>(), evaluation: new WeakMap<Graph, Tensor>() };
  const computed: ComputedWeight = {
    shape,
    in(like) {
      const cache = made[like.graph.training ? "training" : "evaluation"];
      const weight = cache.get(like.graph) ?? compute(like);
      cache.set(like.graph, weight);
      return weight;
    },
  };
  // Not enumerable: it is neither trained nor saved, and walks over the module's members pass it by.
  Object.defineProperty(module, name, { value: computed, configurable: true, enumerable: false });
  for (const [suffix, part] of Object.entries(parts)) {
    Object.defineProperty(module, name + suffix, { value: part, configurable: true, enumerable: true });
  }
  return module;
}

/** Our axis of PyTorch's axis `dim` of a parameter. */
export function axisOf({ shape, torchAxes }: Parameter, dim: number): number {
  const axis = dim < 0 ? dim + shape.length : dim;
  if (axis >= 0 && axis < shape.length) return torchAxes?.[axis] ?? axis;
  throw new RoundoffError("INVALID_ARGUMENT", {
    what: "the axis of a weight's norm does not exist",
    expected: `an axis of ${shape.length}`,
    received: String(dim),
  });
}
