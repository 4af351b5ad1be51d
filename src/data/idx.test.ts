import { describe, expect, it } from "vitest";
import { idxBytes } from "./fixtures.ts";
import { readIdx } from "./idx.ts";

const IMAGES = idxBytes([2, 3, 1], [1, 2, 3, 4, 5, 6]);

describe("readIdx", () => {
  it("gives the shape and a view of the elements", () => {
    const { shape, elements } = readIdx(IMAGES, { rank: 3, name: "images" });
    expect(shape).toEqual([2, 3, 1]);
    expect([...elements]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(elements.buffer).toBe(IMAGES.buffer);
  });

  it("reads bytes that do not begin at the start of their buffer", () => {
    const shifted = new Uint8Array(IMAGES.length + 3);
    shifted.set(IMAGES, 3);
    expect([...readIdx(shifted.subarray(3), { rank: 3, name: "images" }).elements]).toEqual([
      1, 2, 3, 4, 5, 6,
    ]);
  });

  it.each([
    ["no bytes", new Uint8Array(0), /too short for an IDX header.*at least 16 bytes; received 0 bytes/],
    ["a cut header", IMAGES.subarray(0, 15), /too short/],
    ["another rank", idxBytes([6], [1, 2, 3, 4, 5, 6, 7, 8, 9]), /magic number 2051; received 2049/],
    ["another element type", Uint8Array.from(IMAGES, (byte, at) => (at === 2 ? 0x0d : byte)), /magic number/],
    ["a missing byte", IMAGES.subarray(0, -1), /16 \+ 2 × 3 × 1 bytes; received 21 bytes/],
    ["a byte too many", Uint8Array.from([...IMAGES, 0]), /length its header says/],
    // 2^32 − 1 on every axis: the product is far beyond 2^53, and nothing of that size may be allocated.
    [
      "gigantic sizes",
      Uint8Array.from(IMAGES, (byte, at) => (at >= 4 && at < 16 ? 255 : byte)),
      /length its header/,
    ],
    // 2^16 · 2^16 · 2^0 wraps to 0 in 32 bits.
    ["sizes whose product wraps", wrapping(), /length its header/],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readIdx(bytes, { rank: 3, name: "images" })).toThrowError(
      expect.objectContaining({ code: "DATA_CORRUPT", message: expect.stringMatching(message) }),
    );
  });
});

function wrapping(): Uint8Array {
  return idxBytes([65_536, 65_536, 1], []);
}
