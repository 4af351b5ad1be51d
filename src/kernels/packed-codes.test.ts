/** Packed codes: the bytes by hand for each width, and back again. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packCodes, packedBytes, unpackCodes } from "./packed-codes.ts";

describe("packed codes", () => {
  it("of 4 bits are two a byte, the first in the low half", () => {
    expect([...packCodes([0x1, 0x2, 0xf], 4)]).toEqual([0x21, 0x0f]);
    expect([...packCodes([-1, -7], 4)]).toEqual([0x9f]);
  });

  it("of 6 bits are four in three bytes, from the lowest bits up", () => {
    // 0b000001, 0b000010, 0b000011, 0b100000: 100000 000011 000010 000001.
    expect([...packCodes([1, 2, 3, 32], 6)]).toEqual([0b10000001, 0b00110000, 0b10000000]);
    expect([...packCodes([63], 6)]).toEqual([63]);
    expect([...packCodes([63, 63], 6)]).toEqual([0xff, 0x0f]);
  });

  it("of other widths are whole bytes, little-endian", () => {
    expect([...packCodes([1, -1], 3)]).toEqual([1, 255]);
    expect([...packCodes([0x12, -2], 8)]).toEqual([0x12, 0xfe]);
    expect([...packCodes([0x1234, -2], 12)]).toEqual([0x34, 0x12, 0xfe, 0xff]);
    expect([...packCodes([0x89abcdef], 32)]).toEqual([0xef, 0xcd, 0xab, 0x89]);
    expect([5, 5, 5].map((count, i) => packedBytes(count, [4, 6, 19][i]))).toEqual([3, 4, 20]);
  });

  it("come back, signed and unsigned", () => {
    const widths = fc.constantFrom(2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 19, 24, 32);
    fc.assert(
      fc.property(widths, fc.boolean(), fc.array(fc.nat(2 ** 31)), (bits, signed, raw) => {
        const half = 2 ** (bits - 1);
        const codes = raw.map((x) => (signed ? (x % (2 * half)) - half : x % (2 * half)));
        expect([...unpackCodes(packCodes(codes, bits), codes.length, { bits, signed })]).toEqual(codes);
      }),
    );
  });

  it("of another number of elements are refused", () => {
    expect(() => unpackCodes(new Uint8Array(3), 3, { bits: 4, signed: false })).toThrow(
      /packed codes do not fit.*2 bytes for 3 codes of 4 bits.*3 bytes/,
    );
  });
});
