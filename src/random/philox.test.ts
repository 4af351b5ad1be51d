/** Philox4x32-10 against the known answers published with Random123, and the arithmetic against BigInt. */
import { describe, expect, it } from "vitest";
import { philox4x32 } from "./philox.ts";

type Six = [number, number, number, number, number, number];

function words(...counterAndKey: Six): string[] {
  const out = new Uint32Array(4);
  philox4x32(...counterAndKey, out);
  return [...out].map((word) => word.toString(16).padStart(8, "0"));
}

describe("philox4x32", () => {
  it("gives the known answers", () => {
    const ones = 0xffffffff;
    expect(words(0, 0, 0, 0, 0, 0)).toEqual(["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]);
    expect(words(ones, ones, ones, ones, ones, ones)).toEqual([
      "408f276d",
      "41c83b0e",
      "a20bc7c6",
      "6d5451fd",
    ]);
    expect(words(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0)).toEqual([
      "d16cfe09",
      "94fdcceb",
      "5001e420",
      "24126ea1",
    ]);
  });

  it("takes its arguments modulo 2^32, so Int32 storage of a seed changes nothing", () => {
    expect(words(-1, -2, 5, 6, -7, -8)).toEqual(
      words(2 ** 32 - 1, 2 ** 32 - 2, 5, 6, 2 ** 32 - 7, 2 ** 32 - 8),
    );
    expect(words(2 ** 40 + 9, 0, 0, 0, 0, 0)).toEqual(words(9, 0, 0, 0, 0, 0));
  });

  it("agrees with 64-bit integer arithmetic over many counters", () => {
    const wrong: Six[] = [];
    let state: Six = [1, 2, 3, 4, 5, 6];
    for (let i = 0; i < 300; i++) {
      const out = new Uint32Array(4);
      philox4x32(...state, out);
      if ([...out].join() !== philoxBigInt(state).join()) wrong.push(state);
      state = [out[0], out[1], out[2], out[3], out[0] ^ i, out[3]];
    }
    expect(wrong).toEqual([]);
  });
});

function philoxBigInt(state: Six): bigint[] {
  const mask = 0xffffffffn;
  let [a, b, c, d, k0, k1] = state.map((word) => BigInt(word >>> 0));
  for (let round = 0; round < 10; round++) {
    const left = a * 0xd2511f53n;
    const right = c * 0xcd9e8d57n;
    [a, b, c, d] = [(right >> 32n) ^ b ^ k0, right & mask, (left >> 32n) ^ d ^ k1, left & mask];
    k0 = (k0 + 0x9e3779b9n) & mask;
    k1 = (k1 + 0xbb67ae85n) & mask;
  }
  return [a, b, c, d];
}
