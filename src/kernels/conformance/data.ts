/** Inputs of the conformance cases: repeatable, and named by what they are good for. Knows nothing of operations. */
import { floatFormat } from "../../formats/catalog.ts";
import type { FloatFormat } from "../../formats/format.ts";
import { minNormal, minSubnormal } from "../../formats/format.ts";
import { roundToFormat } from "../../formats/round.ts";
import { type RandomStream, randomStream } from "../../random/streams.ts";

const SEED = 20190529;

/** A stream of its own for every case, so that adding a case changes no other. */
export function stream(id: number): RandomStream {
  return randomStream({ seed: SEED, stream: "init", id });
}

/** `count` standard normal FP32 values. */
export function normals(count: number, id: number): Float32Array {
  const random = stream(id);
  return Float32Array.from({ length: count }, () => random.normal());
}

/** FP32 values in [low, high), evenly spread. */
export function uniforms(count: number, id: number, low: number, high: number): Float32Array {
  const random = stream(id);
  return Float32Array.from({ length: count }, () => low + (high - low) * random.uniform());
}

/** Integers from −limit to limit. */
export function integers(count: number, id: number, limit: number): Float32Array {
  const random = stream(id);
  return Float32Array.from({ length: count }, () => random.below(2 * limit + 1) - limit);
}

/** Standard normal values rounded to BF16. */
export function bf16Normals(count: number, id: number): Float32Array {
  const bf16 = floatFormat("bf16");
  return normals(count, id).map((x) => roundToFormat(x, bf16, "nearestEven", "infinity"));
}

/** FP32 values with uniformly random bits: every exponent, subnormals, Inf and NaN. */
export function bitPatterns(count: number, id: number): Float32Array {
  const random = stream(id);
  return new Float32Array(Uint32Array.from({ length: count }, () => random.uint32()).buffer);
}

/**
 * FP32 values at which rounding to `format` goes wrong if it can: zeros, infinities, NaN, both ends of the range with
 * their ties and the neighbours of the ties, random values inside the range, and random bits.
 */
export function roundingInputs(format: FloatFormat, id: number): Float32Array {
  const random = stream(id);
  const spacings = [minSubnormal(format), minNormal(format)];
  const low = spacings.flatMap((base) => [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 2.5].map((k) => base * k));
  const halfUlp = 2 ** -format.precision;
  const high = [1, 1 + halfUlp / 2, 1 + halfUlp, 1 + 2 * halfUlp, 2, 4].map((k) => format.maxFinite * k);
  const inside = Array.from({ length: 400 }, () => {
    const bits = random.below(2 ** (format.precision + 2));
    return bits * minSubnormal(format) * 2 ** random.below(format.bias + 2);
  });
  const edges = [0, Infinity, 3.4028234663852886e38, 2 ** -149, ...low, ...high, ...inside];
  const neighbours = edges.flatMap((x) => [
    x,
    Math.fround(x * (1 + 2 ** -23)),
    Math.fround(x * (1 - 2 ** -24)),
  ]);
  return Float32Array.from([
    Number.NaN,
    ...neighbours,
    ...neighbours.map((x) => -x),
    ...bitPatterns(300, id + 1),
  ]);
}
