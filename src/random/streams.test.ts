/** Named streams: repeatable, independent of each other, unbiased; golden words that must never change. */
import { describe, expect, it } from "vitest";
import { philox4x32 } from "./philox.ts";
import type { StreamKey } from "./streams.ts";
import { randomStream, STREAMS, splitSeed } from "./streams.ts";

function take<T>(count: number, draw: () => T): T[] {
  return Array.from({ length: count }, draw);
}

describe("randomStream", () => {
  it("reads Philox at (index, id, step, stream) under the seed, word by word", () => {
    const out = new Uint32Array(8);
    philox4x32(0, 7, 9, STREAMS.dropout, 5, 0, out.subarray(0, 4));
    philox4x32(1, 7, 9, STREAMS.dropout, 5, 0, out.subarray(4, 8));
    const stream = randomStream({ seed: 5, stream: "dropout", id: 7, step: 9 });
    expect(take(8, stream.uint32)).toEqual([...out]);
  });

  it("gives different words for every seed, purpose, id and step", () => {
    const keys: StreamKey[] = [
      { seed: 1, stream: "init" },
      { seed: 2, stream: "init" },
      { seed: 2 ** 32 + 1, stream: "init" },
      { seed: 1, stream: "shuffle" },
      { seed: 1, stream: "init", id: 1 },
      { seed: 1, stream: "init", step: 1 },
    ];
    expect(new Set(keys.map((key) => randomStream(key).uint32())).size).toBe(keys.length);
  });

  it("refuses keys that would be cut off", () => {
    expect(() => randomStream({ seed: 1, stream: "init", id: -1 })).toThrow(/id of a random stream/);
    expect(() => randomStream({ seed: 1, stream: "init", step: 2 ** 32 })).toThrow(/step of a random stream/);
    for (const seed of [-1, 0.5, 2 ** 53, NaN, -1n, 1n << 64n]) {
      expect(() => splitSeed(seed)).toThrow(/the seed is out of range/);
    }
  });

  it("splits a seed into two words", () => {
    expect(splitSeed(0)).toEqual([0, 0]);
    expect(splitSeed(2 ** 53 - 1)).toEqual([0xffffffff, 0x1fffff]);
    expect(splitSeed(0x0123456789abcdefn)).toEqual([0x89abcdef, 0x01234567]);
  });
});

describe("uniform", () => {
  it("is a multiple of 2^-24 in [0, 1) with mean 1/2 and variance 1/12", () => {
    const { uniform } = randomStream({ seed: 3, stream: "init" });
    const draws = take(40_000, uniform);
    expect(draws.every((x) => x >= 0 && x < 1 && Number.isInteger(x * 2 ** 24))).toBe(true);
    const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length;
    const variance = draws.reduce((sum, x) => sum + (x - 0.5) ** 2, 0) / draws.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 12 / draws.length));
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(4 * Math.sqrt(1 / 180 / draws.length));
  });
});

describe("below", () => {
  it("reaches every number equally often, also for n that does not divide 2^32", () => {
    const { below } = randomStream({ seed: 4, stream: "shuffle" });
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) counts[below(7)]++;
    const sigma = Math.sqrt(70_000 * (1 / 7) * (6 / 7));
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(4 * sigma);
  });

  it("has no bias for n = 3 * 2^30, where a plain remainder takes each small number twice as often", () => {
    const { below } = randomStream({ seed: 4, stream: "shuffle" });
    const n = 3 * 2 ** 30;
    const draws = 10_000;
    const small = take(draws, () => below(n)).filter((x) => x < 2 ** 30).length;
    expect(Math.abs(small / draws - 1 / 3)).toBeLessThan(4 * Math.sqrt(2 / 9 / draws));
  });

  it("knows its limits", () => {
    const { below } = randomStream({ seed: 4, stream: "shuffle" });
    expect(below(1)).toBe(0);
    expect(below(2 ** 32)).toBeGreaterThan(2 ** 20);
    for (const n of [0, -1, 1.5, 2 ** 32 + 1]) expect(() => below(n)).toThrow(/integer n from 1 to 2\^32/);
  });
});

describe("permutation", () => {
  it("holds every index once, and changes with the epoch", () => {
    const at = (step: number) => [...randomStream({ seed: 6, stream: "shuffle", step }).permutation(1000)];
    expect([...at(0)].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(at(0)).toEqual(at(0));
    expect(at(0)).not.toEqual(at(1));
  });

  it("makes all 6 orders of 3 equally often", () => {
    const { permutation } = randomStream({ seed: 6, stream: "shuffle" });
    const counts = new Map<string, number>();
    for (let i = 0; i < 12_000; i++) {
      const order = permutation(3).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values())
      expect(Math.abs(count - 2000)).toBeLessThan(4 * Math.sqrt(2000 * (5 / 6)));
  });

  it("may be empty", () => {
    expect(randomStream({ seed: 6, stream: "shuffle" }).permutation(0)).toHaveLength(0);
  });
});
