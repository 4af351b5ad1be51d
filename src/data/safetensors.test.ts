import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";
import type { StoredTensor, TensorDType } from "./safetensors-dtype.ts";
import {
  asFloat32,
  asInt32,
  DTYPE_BITS,
  float32Tensor,
  int32Tensor,
  tensorBytes,
} from "./safetensors-dtype.ts";

/** A file with any header, so that the reader can be lied to. */
function fileOf(header: unknown, dataBytes: number, claimedLength?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, claimedLength ?? BigInt(text.length), true);
  file.set(text, 8);
  return file;
}

const entry = (dtype: string, shape: unknown, begin: unknown, end: unknown) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

describe("writing and reading", () => {
  it("gives back every type, shape and byte", () => {
    const dtypes = Object.keys(DTYPE_BITS) as TensorDType[];
    const tensor = fc
      .record({
        dtype: fc.constantFrom(...dtypes),
        shape: fc.array(fc.nat(4), { maxLength: 3 }),
        fill: fc.nat(255),
      })
      // Types of 4 and 6 bits need whole bytes: a last axis of 4 elements always gives them.
      .map(({ dtype, shape: outer, fill }): StoredTensor => {
        const shape = DTYPE_BITS[dtype] < 8 ? [...outer, 4] : outer;
        const bytes = tensorBytes(dtype, shape);
        return { dtype, shape, bytes: new Uint8Array(bytes).map((_, at) => fill + at) };
      });
    const name = fc.string({ unit: "grapheme" }).filter((text) => text !== "__metadata__");
    const metadata = fc.dictionary(fc.string(), fc.string());
    fc.assert(
      fc.property(fc.array(fc.tuple(name, tensor)), metadata, (list, given) => {
        const tensors = new Map(list);
        const read = readSafetensors(writeSafetensors(tensors, given));
        expect(new Map(Object.entries(read.metadata))).toEqual(new Map(Object.entries(given)));
        expect(new Set(read.tensors.keys())).toEqual(new Set(tensors.keys()));
        for (const [key, { dtype, shape, bytes }] of tensors) {
          const found = read.tensors.get(key);
          expect(found).toMatchObject({ dtype, shape });
          expect(Buffer.from(found?.bytes ?? "")).toEqual(Buffer.from(bytes));
        }
      }),
    );
  });

  it("writes equal bytes for equal contents, in whatever order they come", () => {
    const a = float32Tensor(Float32Array.of(1), [1]);
    const b: StoredTensor = { dtype: "U8", shape: [3], bytes: Uint8Array.of(1, 2, 3) };
    const one = writeSafetensors(
      new Map([
        ["b", b],
        ["a", a],
        ["c", a],
      ]),
      { x: "1", y: "2" },
    );
    const two = writeSafetensors(
      new Map([
        ["c", a],
        ["a", a],
        ["b", b],
      ]),
      { y: "2", x: "1" },
    );
    expect(one).toEqual(two);
  });

  it("begins with the header length, pads the header to 8 bytes and puts wide types first", () => {
    const narrow: StoredTensor = { dtype: "I8", shape: [1], bytes: Uint8Array.of(7) };
    const file = writeSafetensors(
      new Map([
        ["a", narrow],
        ["z", float32Tensor(Float32Array.of(1), [])],
      ]),
    );
    const header = Number(new DataView(file.buffer).getBigUint64(0, true));
    expect(header % 8).toBe(0);
    expect(JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + header)))).toEqual({
      z: entry("F32", [], 0, 4),
      a: entry("I8", [1], 4, 5),
    });
    expect([...file.subarray(8 + header)]).toEqual([0, 0, 0x80, 0x3f, 7]);
  });

  it("refuses a tensor that does not fit its shape, and the reserved name", () => {
    const wrong: StoredTensor = { dtype: "F32", shape: [2], bytes: new Uint8Array(4) };
    expect(() => writeSafetensors(new Map([["w", wrong]]))).toThrow(/"w" do not fit.*\[2\] of F32.*4 bytes/);
    expect(() => float32Tensor(new Float32Array(3), [2, 2])).toThrow(
      /4 elements for shape \[2, 2\]; received 3/,
    );
    const good = int32Tensor(Int32Array.of(1), [1]);
    expect(() => writeSafetensors(new Map([["__metadata__", good]]))).toThrow(/cannot be named/);
  });
});

describe("typed views", () => {
  it("shares the file's memory where it is aligned and copies where it is not", () => {
    const file = writeSafetensors(new Map([["w", float32Tensor(Float32Array.of(1.5, -2), [2])]]));
    const view = readSafetensors(file).tensors.get("w") as StoredTensor;
    expect(asFloat32(view).buffer).toBe(file.buffer);
    const shifted = new Uint8Array(file.length + 1);
    shifted.set(file, 1);
    const copy = asFloat32(readSafetensors(shifted.subarray(1)).tensors.get("w") as StoredTensor);
    expect([...copy]).toEqual([1.5, -2]);
    expect(copy.buffer).not.toBe(shifted.buffer);
  });

  it("does not reinterpret another type", () => {
    const tensor = int32Tensor(Int32Array.of(-1), [1]);
    expect([...asInt32(tensor)]).toEqual([-1]);
    expect(() => asFloat32(tensor)).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
  });
});

describe("readSafetensors of broken files", () => {
  const one = entry("F32", [1], 0, 4);
  it.each([
    ["no length field", new Uint8Array(7), /shorter than its length field/],
    ["a header beyond the file", fileOf({}, 0, 3n), /header is longer than the file.*3 of 2/],
    ["a header length of 2^64 − 1", fileOf({}, 0, 2n ** 64n - 1n), /header is longer/],
    ["no JSON", fileOf("{", 0), /not JSON/],
    ["bytes that are no UTF-8", fileOf("{}", 0).map((byte, at) => (at === 8 ? 0xff : byte)), /not JSON/],
    ["a list as header", fileOf([], 0), /not a JSON object/],
    ["an entry that is no object", fileOf({ w: 3 }, 0), /"w" is not an object/],
    ["an unknown type", fileOf({ w: entry("F5", [1], 0, 1) }, 1), /unknown element type.*F5/],
    [
      "a type from Object's prototype",
      fileOf({ w: entry("toString", [1], 0, 1) }, 1),
      /unknown element type/,
    ],
    ["a negative size", fileOf({ w: entry("U8", [-1], 0, 1) }, 1), /not a list of sizes/],
    ["a fractional size", fileOf({ w: entry("U8", [1.5], 0, 1) }, 1), /not a list of sizes/],
    ["one offset", fileOf({ w: { dtype: "U8", shape: [], data_offsets: [0] } }, 1), /not two integers/],
    ["offsets in reverse", fileOf({ w: entry("U8", [0], 1, 0) }, 1), /outside the file/],
    ["an end beyond the file", fileOf({ w: entry("F32", [2], 0, 8) }, 7), /outside the file.*0 to 8 of 7/],
    [
      "a length unlike the shape",
      fileOf({ w: entry("F32", [2], 0, 4) }, 4),
      /not that of its shape.*4 for 8/,
    ],
    [
      "an odd number of half bytes",
      fileOf({ w: entry("F4", [3], 0, 2) }, 2),
      /not that of its shape.*2 for 1\.5/,
    ],
    ["a shape beyond 2^53", fileOf({ w: entry("U8", [2 ** 40, 2 ** 40], 0, 4) }, 4), /not that of its shape/],
    ["overlapping tensors", fileOf({ v: one, w: one }, 4), /does not begin where.*0, not 4/],
    ["a hole", fileOf({ w: entry("F32", [1], 4, 8) }, 8), /does not begin where/],
    ["bytes behind the last tensor", fileOf({ w: one }, 5), /do not fill the file.*4 of 5/],
    ["metadata that is not text", fileOf({ __metadata__: { a: 1 } }, 0), /metadata is not/],
  ])("refuses %s", (_, file, message) => {
    expect(() => readSafetensors(file)).toThrow(
      expect.objectContaining({ code: "DATA_CORRUPT", message: expect.stringMatching(message) }),
    );
  });

  it("never fails otherwise, whatever byte is altered or cut", () => {
    const good = writeSafetensors(new Map([["w", float32Tensor(Float32Array.of(1, 2), [2])]]), { a: "b" });
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, value, length) => {
        const file = good.slice(0, length);
        if (at < length) file[at] = value;
        try {
          readSafetensors(file);
        } catch (error) {
          expect(error).toMatchObject({ code: "DATA_CORRUPT" });
        }
      }),
      { numRuns: 2000 },
    );
  });
});
