/** The words of stochastic rounding: the written layout, the cursor, and that they are spread evenly. */
import { describe, expect, it } from "vitest";
import { philox4x32 } from "./philox.ts";
import { roundingCursor, roundingWord } from "./rounding-bits.ts";
import { STREAMS } from "./streams.ts";

const key = { seedLow: 11, seedHigh: 22, step: 33, tensorId: 44 };
const wordAt = (element: number) => roundingWord(key.seedLow, key.seedHigh, key.step, key.tensorId, element);

describe("rounding words", () => {
  it("are words of Philox at (block, tensor, step, 5) under the seed", () => {
    const out = new Uint32Array(4);
    philox4x32(2, 44, 33, 5, 11, 22, out);
    expect([8, 9, 10, 11].map(wordAt)).toEqual([...out]);
    expect(STREAMS.rounding).toBe(5);
  });

  it("reach past 2^32 elements", () => {
    const out = new Uint32Array(4);
    philox4x32(2 ** 31, 44, 33, 5, 11, 22, out);
    expect(wordAt(2 ** 33 + 3)).toBe(out[3]);
  });

  it("come from a cursor in any order, from any offset", () => {
    const order = [0, 1, 2, 3, 4, 100, 3, 7, 7, 6, 2 ** 33, 0];
    expect(order.map(roundingCursor(key))).toEqual(order.map(wordAt));
    const shifted = roundingCursor({ ...key, offset: 6 });
    expect([0, 1, 2, 3].map(shifted)).toEqual([6, 7, 8, 9].map(wordAt));
  });

  it("change with every part of the key", () => {
    const first = wordAt(0);
    const others = Object.keys(key).map((part) => roundingCursor({ ...key, [part]: 99 })(0));
    expect(new Set([first, ...others]).size).toBe(5);
  });

  it("fill 64 cells evenly: chi-square within 5 sigma of its mean", () => {
    const cells = new Array<number>(64).fill(0);
    const draws = 64 * 500;
    const at = roundingCursor(key);
    for (let element = 0; element < draws; element++) cells[at(element) >>> 26]++;
    const chiSquare = cells.reduce((sum, count) => sum + (count - 500) ** 2 / 500, 0);
    expect(Math.abs(chiSquare - 63)).toBeLessThan(5 * Math.sqrt(2 * 63));
  });
});
