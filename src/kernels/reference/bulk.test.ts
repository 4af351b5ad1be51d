/** The reference bulk kernels: every format of the catalogue comes back from its codes, and options that do not fit are errors. */
import { describe, expect, it } from "vitest";
import { FORMATS, floatFormat, format, scaledFormat } from "../../formats/catalog.ts";
import { isScaled } from "../../formats/format.ts";
import { roundToFormat } from "../../formats/round.ts";
import { quantize } from "../../formats/scaled/quantize.ts";
import { roundingCursor } from "../../random/rounding-bits.ts";
import { randomStream } from "../../random/streams.ts";
import type { BulkRequest } from "../bulk.ts";
import { packedBytes } from "../packed-codes.ts";
import { createReferenceBulkKernels } from "./bulk.ts";

const kernels = createReferenceBulkKernels();
const SHAPE = [7, 50];
const key = { seedLow: 1, seedHigh: 2, step: 3, tensorId: 4 };

/** Finite values of many magnitudes, and zeros. */
function sample(): Float32Array {
  const random = randomStream({ seed: 11, stream: "init" });
  const values = Float32Array.from({ length: 350 }, () => random.normal() * 2 ** (random.below(20) - 10));
  values.set([0, -0, 1, -1, 448, 464, 57344]);
  return values;
}

function request(name: string, more: Partial<BulkRequest> = {}): BulkRequest {
  return { format: format(name), rounding: "nearestEven", overflow: "saturate", key, ...more };
}

/** fp64 has no codes; negative numbers of e8m0 are NaN, which it can encode. */
const encodable = FORMATS.filter(({ bits }) => bits <= 32);

describe("bulk kernels", () => {
  it.each(encodable.map((entry) => [entry.name, entry] as const))(
    "%s: decode(encode(x)) is round(x)",
    (_, entry) => {
      const source = sample();
      for (const rounding of ["nearestEven", "towardNegative", "stochastic"] as const) {
        const asked: BulkRequest = { format: entry, rounding, overflow: "saturate", key, shape: SHAPE };
        const rounded = new Float32Array(source.length);
        const statistics = kernels.round(source, rounded, asked);
        const encoded = kernels.encode(source, asked);
        expect(encoded.codes.byteLength).toBe(packedBytes(source.length, entry.bits));
        expect([...kernels.decode(encoded, { format: entry, shape: SHAPE })]).toEqual([...rounded]);
        expect(encoded.statistics).toEqual(statistics);
        expect(encoded.scales === undefined).toBe(!isScaled(entry));
      }
    },
  );

  it("round by the definitions, with the words of the key", () => {
    const source = sample();
    const target = new Float32Array(source.length);
    const word = roundingCursor(key);
    const stochastic = { rounding: "stochastic", randomBits: 5 } as const;
    kernels.round(source, target, request("e4m3", stochastic));
    const e4m3 = floatFormat("e4m3");
    expect([...target]).toEqual(
      Array.from(source, (x, i) => roundToFormat(x, e4m3, "stochastic", "saturate", word(i), 5)),
    );
    kernels.round(source, target, request("mxfp4", { ...stochastic, shape: SHAPE, blockAxis: 0 }));
    const mxfp4 = scaledFormat("mxfp4");
    const options = { ...stochastic, randomAt: word, shape: SHAPE, blockAxis: 0 };
    expect([...target]).toEqual([...quantize(source, mxfp4, options).values]);
  });

  it("keep affine codes unsigned", () => {
    const source = Float32Array.of(-51, 204, 0);
    const asked = request("int8", { scaling: { rule: "affine" } });
    const encoded = kernels.encode(source, asked);
    expect([[...encoded.codes], [...(encoded.zeroPoints ?? [])]]).toEqual([[0, 255, 51], [51]]);
    expect([...kernels.decode(encoded, asked)]).toEqual([-51, 204, 0]);
  });

  it("round in place, and measure unless told not to", () => {
    const values = Float32Array.of(1.0625, 2);
    expect(kernels.round(values, values, request("e4m3", { statistics: false }))).toBeUndefined();
    expect([...values]).toEqual([1, 2]);
    expect(kernels.encode(values, request("e4m3", { statistics: false })).statistics).toBeUndefined();
    const block = Float32Array.of(7, 1);
    expect(kernels.round(block, block, request("mxfp4"))).toMatchObject({ elements: 2, saturated: 1 });
    expect([...block]).toEqual([6, 1]);
  });

  it("take empty arrays", () => {
    for (const name of ["bf16", "posit8", "int8", "mxfp4", "nvfp4", "bfp8b16"]) {
      const encoded = kernels.encode(new Float32Array(0), request(name));
      expect([encoded.codes.byteLength, encoded.elements]).toEqual([0, 0]);
      expect(kernels.decode(encoded, { format: format(name) })).toHaveLength(0);
    }
  });

  it("refuse what does not fit", () => {
    const four = new Float32Array(4);
    const round = (name: string, more: Partial<BulkRequest>) => () =>
      kernels.round(four, four, request(name, more));
    expect(round("bf16", { blockAxis: 0 })).toThrow(/block axis does not apply to bf16, which has no scales/);
    expect(round("bf16", { scaleRule: "ceil" })).toThrow(/scale rule does not apply/);
    expect(round("posit8", { scaling: { rule: "affine" } })).toThrow(/scaling does not apply to posit8/);
    expect(round("bf16", { shape: [3] })).toThrow(/shape does not fit/);
    expect(round("mxfp4", { shape: [3] })).toThrow(/shape does not fit/);
    expect(() => kernels.round(four, new Float32Array(3), request("mxfp4"))).toThrow(/differ in length/);
    expect(() => kernels.encode(Float32Array.of(NaN), request("e2m1"))).toThrow(/e2m1 cannot hold/);
    expect(() => kernels.encode(four, request("fp64"))).toThrow(/too wide/);
    expect(() =>
      kernels.decode({ codes: new Uint8Array(2), elements: 4 }, { format: format("mxfp4") }),
    ).toThrow(/cannot be read without scales/);
  });
});
