/**
 * Weight normalisation: w = g · v / ‖v‖, the length and the direction of every filter trained by themselves. Source: Salimans &
 * Kingma 2016; names and defaults are PyTorch's (`weight_g`, `weight_v`).
 */
import { elementCount } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { apply } from "./functional/apply.ts";
import type { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";
import { axisOf, parameterOf, reparametrize } from "./reparametrize.ts";

export interface WeightNormOptions {
  readonly name?: string;
  /** PyTorch's axis whose slices have a length each; null: one length for all. Default: 0, the output channels. */
  readonly dim?: number | null;
}

/** The module with its weight split into length and direction; both start so that the weight is what it was. */
export function weightNorm<M extends Module<unknown>>(module: M, options: WeightNormOptions = {}): M {
  const { name = "weight", dim = 0 } = options;
  const weight = parameterOf(module, name);
  const kept = dim === null ? undefined : axisOf(weight, dim);
  const shape = kept === undefined ? [] : weight.shape.map((size, axis) => (axis === kept ? size : 1));
  let lengths = new Float32Array(elementCount(shape));
  const measure = (data: Float32Array) => {
    lengths = lengthsAlong(data, weight.shape, kept);
  };
  const v = new Parameter(
    weight.shape,
    "weight",
    (target, random) => {
      weight.initialize(target, random);
      measure(target);
    },
    weight.torchAxes,
  );
  // Numbers are drawn in the order of members: v has been measured by then.
  const g = new Parameter(
    shape,
    "bias",
    (target) => target.set(lengths),
    kept === undefined ? undefined : weight.torchAxes,
  );
  if (weight.data !== undefined) {
    measure(weight.data);
    v.data = weight.data;
    g.data = lengths;
  }
  return reparametrize(module, name, { _v: v, _g: g }, (like) => normalized(v.in(like), g.in(like), kept));
}

/** v · (g / ‖v‖), the factor in FP32 whatever the recipe; the result is a weight. */
function normalized(v: Tensor, g: Tensor, kept: number | undefined): Tensor {
  const axes = v.shape.flatMap((_, axis) => (axis === kept ? [] : [axis]));
  const factor = v.graph.withRole("statistic", () => {
    const squares = v.square().sum({ axes, keepDims: kept !== undefined });
    return g.div(squares.sqrt());
  });
  return apply("binary", [v, factor], { kind: "mul" }, ["weight"]);
}

function lengthsAlong(
  data: Float32Array,
  shape: readonly number[],
  kept: number | undefined,
): Float32Array<ArrayBuffer> {
  const inner = kept === undefined ? 1 : elementCount(shape.slice(kept + 1));
  const squares = new Float64Array(kept === undefined ? 1 : shape[kept]);
  data.forEach((value, i) => {
    squares[Math.floor(i / inner) % squares.length] += value * value;
  });
  return Float32Array.from(squares, Math.sqrt);
}
