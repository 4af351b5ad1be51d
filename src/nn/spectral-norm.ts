/**
 * Spectral normalisation: the weight divided by its largest singular value, which a power iteration follows. Source: Miyato et
 * al. 2018; names and defaults are PyTorch's (`weight_orig`, `weight_u`, `weight_v`). One iteration per training step, however
 * often the layer is used in it; evaluation iterates no further.
 */
import { Tensor } from "../graph/tensor.ts";
import type { RandomStream } from "../random/streams.ts";
import { apply } from "./functional/apply.ts";
import type { Module } from "./module.ts";
import { type Parameter, StateBuffer } from "./parameter.ts";
import { axisOf, parameterOf, reparametrize } from "./reparametrize.ts";

export interface SpectralNormOptions {
  readonly name?: string;
  readonly nPowerIterations?: number;
  readonly eps?: number;
  /** PyTorch's axis of the output channels: 0 (default), 1 for transposed convolutions. */
  readonly dim?: number;
}

/** The module with its weight divided by its spectral norm. */
export function spectralNorm<M extends Module<unknown>>(module: M, options: SpectralNormOptions = {}): M {
  const { name = "weight", nPowerIterations = 1, eps = 1e-12, dim = 0 } = options;
  const original = parameterOf(module, name);
  const axis = axisOf(original, dim);
  const u = new StateBuffer([original.shape[axis]], unitNormal);
  const v = new StateBuffer(without(original.shape, axis), unitNormal, {
    torchAxes: othersInTorch(original, axis),
    torchVector: true,
  });
  const compute = (like: Tensor) => {
    const weight = original.in(like);
    const layout = (keep: boolean) => weight.shape.map((size, a) => ((a === axis) === keep ? size : 1));
    const vectors = { left: u.in(like).reshape(layout(true)), right: v.in(like).reshape(layout(false)) };
    if (!like.graph.training) return divided(weight, vectors);
    const next = iterate(weight, vectors, { axis, eps, steps: nPowerIterations });
    like.graph.update(u.in(like).value, next.left.reshape(u.shape).value);
    like.graph.update(v.in(like).value, next.right.reshape(v.shape).value);
    return divided(weight, next);
  };
  return reparametrize(module, name, { _orig: original, _u: u, _v: v }, compute);
}

const without = (list: readonly number[], axis: number): number[] => list.filter((_, a) => a !== axis);

/** The other axes of the weight in PyTorch's order, numbered without `axis`. */
function othersInTorch({ shape, torchAxes }: Parameter, axis: number): number[] {
  const order = torchAxes ?? shape.map((_, a) => a);
  return order.filter((a) => a !== axis).map((a) => (a > axis ? a - 1 : a));
}

/** Singular vectors, laid out to broadcast against the weight. */
interface Singular {
  readonly left: Tensor;
  readonly right: Tensor;
}

/** The vectors are constants for the gradient. */
function iterate(
  weight: Tensor,
  start: Singular,
  { axis, eps, steps }: { readonly axis: number; readonly eps: number; readonly steps: number },
): Singular {
  const { graph } = weight;
  const others = weight.shape.flatMap((_, a) => (a === axis ? [] : [a]));
  const unit = (x: Tensor) => x.div(x.square().sum({ keepDims: true }).sqrt().clamp({ min: eps }));
  const inputs = [weight, start.left, start.right].map(({ value }) => value);
  const [left, right] = graph.composite(inputs, () =>
    graph.withRole("statistic", () => {
      let { left, right } = start;
      for (let step = 0; step < steps; step++) {
        right = unit(weight.mul(left).sum({ axes: [axis], keepDims: true }));
        left = unit(weight.mul(right).sum({ axes: others, keepDims: true }));
      }
      return { outputs: [left.value, right.value], backward: () => [] };
    }),
  );
  return { left: new Tensor(graph, left), right: new Tensor(graph, right) };
}

/** weight / Σ u·weight·v, the norm in FP32 whatever the recipe; the result is a weight. */
function divided(weight: Tensor, { left, right }: Singular): Tensor {
  const norm = weight.graph.withRole("statistic", () => weight.mul(left).mul(right).sum());
  return apply("binary", [weight, norm], { kind: "div" }, ["weight"]);
}

function unitNormal(target: Float32Array, random: RandomStream): void {
  for (let i = 0; i < target.length; i++) target[i] = random.normal();
  const length = Math.sqrt(target.reduce((sum, value) => sum + value * value, 0));
  for (let i = 0; i < target.length; i++) target[i] /= length;
}
