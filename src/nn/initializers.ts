/**
 * How parameters start. Every initializer draws from the stream it is given, which is keyed by the seed and the
 * parameter's name: the same start for every recipe, whatever the order of creation.
 * Sources: He et al. 2015 (kaiming), PyTorch's defaults for Linear and Conv2d (uniform, a = √5).
 */
import type { RandomStream } from "../random/streams.ts";

export type Initializer = (target: Float32Array, random: RandomStream) => void;

/** How the parameters of a layer start, where it is not the layer's own way. */
export interface ParameterStart {
  readonly weight?: Initializer;
  readonly bias?: Initializer;
}

export const constant =
  (value: number): Initializer =>
  (target) => {
    target.fill(value);
  };

/** Normal with mean 0. */
export const normal =
  (deviation: number): Initializer =>
  (target, random) => {
    for (let i = 0; i < target.length; i++) target[i] = random.normal() * deviation;
  };

/** Normal with standard deviation √(2 / fanOut): what ResNets start from. */
export const kaimingNormalFanOut = (fanOut: number): Initializer => normal(Math.sqrt(2 / fanOut));

/** Uniform in ±1/√fanIn: PyTorch's default of Linear and Conv2d, weights and biases alike. */
export const uniformFanIn =
  (fanIn: number): Initializer =>
  (target, random) => {
    const bound = 1 / Math.sqrt(fanIn);
    for (let i = 0; i < target.length; i++) target[i] = (2 * random.uniform() - 1) * bound;
  };

/** Uniform in ±√(6 / (fanIn + fanOut)): Glorot & Bengio 2010, PyTorch's start of attention's projections. */
export const xavierUniform =
  (fanIn: number, fanOut: number): Initializer =>
  (target, random) => {
    const bound = Math.sqrt(6 / (fanIn + fanOut));
    for (let i = 0; i < target.length; i++) target[i] = (2 * random.uniform() - 1) * bound;
  };
