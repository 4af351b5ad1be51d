/** A command of a plan gives the same values and the same statistics as the reference bulk kernels. */
import { describe, expect, it } from "vitest";
import { integerFormat } from "../formats/catalog/integers.ts";
import { floatFormat } from "../formats/catalog.ts";
import { OVERFLOWS, ROUNDINGS } from "../formats/format.ts";
import { createReferenceBulkKernels } from "../kernels/reference/bulk.ts";
import { createReferenceKernels } from "../kernels/reference/kernel-set.ts";
import { randomStream, splitSeed } from "../random/streams.ts";
import { type RoundingRequest, roundWithKernels } from "./round-values.ts";

/** Values over many magnitudes and the special ones. */
function sample(withSpecials: boolean): Float32Array {
  const random = randomStream({ seed: 7, stream: "init" });
  const values = Float32Array.from({ length: 999 }, () => random.normal() * 2 ** (random.below(40) - 20));
  values.set([0, -0, 448, -480, 464, 465, 1e-8, 65520]);
  if (withSpecials) values.set([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], 20);
  return values;
}

const [seedLow, seedHigh] = splitSeed(12345678901);
const key = { seedLow, seedHigh, step: 3, tensorId: 9 };
const kernels = createReferenceKernels();

function roundInBulk(source: Float32Array, request: RoundingRequest) {
  const values = new Float32Array(source.length);
  return { values, statistics: createReferenceBulkKernels().round(source, values, request) };
}

describe("rounding with kernels", () => {
  it.each(["bf16", "fp16", "e4m3", "e5m2", "fp32"])("agrees with the definition in %s", async (name) => {
    const source = sample(true);
    for (const rounding of ROUNDINGS) {
      for (const overflow of OVERFLOWS) {
        const request = { format: floatFormat(name), rounding, overflow, key };
        const expected = roundInBulk(source, request);
        const received = await roundWithKernels(kernels, source, request);
        expect(received.values).toEqual(expected.values);
        expect(received.statistics).toEqual(expected.statistics);
      }
    }
  });

  it.each([
    ["finite values", false],
    ["a tensor that is not a number", true],
  ])("agrees with the definition in int16 for %s", async (_name, withSpecials) => {
    const source = sample(withSpecials);
    // Just below a power of two: rounds up beyond the largest integer and is clamped.
    source[11] = 2 ** 40 - 2 ** 16;
    for (const rounding of ["nearestEven", "towardZero", "stochastic"] as const) {
      const request = { format: integerFormat(16), rounding, overflow: "saturate", key } as const;
      const expected = roundInBulk(source, request);
      const received = await roundWithKernels(kernels, source, request);
      expect(received.values).toEqual(expected.values);
      expect(received.statistics).toEqual(expected.statistics);
    }
  });
});
