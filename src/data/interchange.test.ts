/** The readers of other tools' files: npy, npz, tar, WAV, CIFAR. What damaged files do to them is tested by test/fuzz. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCifar } from "./cifar.ts";
import { readNpy, writeNpy } from "./npy.ts";
import { readNpz, writeNpz } from "./npz.ts";
import type { StoredTensor, TensorDType } from "./safetensors-dtype.ts";
import { float32Tensor, tensorBytes } from "./safetensors-dtype.ts";
import { readTar } from "./tar.ts";
import { readWav } from "./wav.ts";

const NUMPY_TYPES = [
  "F64",
  "F32",
  "F16",
  "I64",
  "I32",
  "I16",
  "I8",
  "U64",
  "U32",
  "U16",
  "U8",
  "C64",
  "BOOL",
] as const;
const anyArray = fc
  .record({
    dtype: fc.constantFrom<TensorDType>(...NUMPY_TYPES),
    shape: fc.array(fc.nat(4), { maxLength: 4 }),
    fill: fc.nat(255),
  })
  .map(({ dtype, shape, fill }): StoredTensor => {
    const bytes = new Uint8Array(tensorBytes(dtype, shape)).map((_, at) => fill + at);
    return { dtype, shape, bytes };
  });

const corrupt = (message: RegExp) =>
  expect.objectContaining({ code: "DATA_CORRUPT", message: expect.stringMatching(message) });

/** A version 1.0 file with a header of one's own. */
function npyWith(header: string, data: readonly number[]): Uint8Array {
  const length = new Uint8Array(2);
  new DataView(length.buffer).setUint16(0, header.length, true);
  return Uint8Array.from([
    ...Buffer.from("\x93NUMPY\x01\x00", "latin1"),
    ...length,
    ...Buffer.from(header),
    ...data,
  ]);
}

describe("npy and npz", () => {
  it("give back every type, shape and byte", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ minLength: 1 }), anyArray)), (list) => {
        const arrays = new Map(list.map(([name, array]) => [name.replaceAll(".npy", ""), array]));
        const read = readNpz(writeNpz(arrays), "test");
        expect([...read.keys()]).toEqual([...arrays.keys()]);
        for (const [name, { dtype, shape, bytes }] of arrays) {
          expect(read.get(name)).toMatchObject({ dtype, shape });
          expect(Buffer.from(read.get(name)!.bytes).equals(bytes)).toBe(true);
        }
      }),
    );
  });

  it("write the header that NumPy writes", () => {
    const file = writeNpy(float32Tensor(Float32Array.of(1, 2, 3), [3]));
    expect(file.length).toBe(128 + 12);
    expect(Buffer.from(file.subarray(0, 128)).toString("latin1")).toBe(
      `\x93NUMPY\x01\x00\x76\x00${"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }".padEnd(117)}\n`,
    );
  });

  it("read column-major arrays in row-major order", () => {
    const header = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 2), }\n";
    // Element (i, j, k) is stored at i + 2j + 6k.
    const { bytes } = readNpy(npyWith(header, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]), "f");
    expect([...bytes]).toEqual([0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]);
  });

  it.each([
    ["another file", Uint8Array.from(Buffer.from("PK\x03\x04 and so on")), /is not a NumPy array/],
    ["a header that is no array's", npyWith("{'descr': __import__('os')}", []), /not that of an array/],
    [
      "a length unlike the shape",
      npyWith("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", [1]),
      /length/,
    ],
    [
      "a shape beyond 2^53",
      npyWith(`{'descr': '<f4', 'fortran_order': False, 'shape': (${"9".repeat(16)},), }`, []),
      /shape/,
    ],
  ])("refuse %s", (_, file, message) => {
    expect(() => readNpy(file, "bad.npy")).toThrow(corrupt(message));
  });

  it("refuse types that the other side does not have", () => {
    const big = npyWith("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", [0, 0, 0, 0]);
    expect(() => readNpy(big, "big.npy")).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
    expect(() => writeNpy({ dtype: "BF16", shape: [1], bytes: new Uint8Array(2) })).toThrow(
      /no element type BF16/,
    );
  });

  it("refuse a member that claims to expand further than deflate can, and a wrong checksum", () => {
    const good = writeNpz(new Map([["a", float32Tensor(Float32Array.of(1), [1])]]));
    const bomb = good.slice();
    const directory = Buffer.from(bomb).indexOf("PK\x01\x02");
    const view = new DataView(bomb.buffer);
    view.setUint16(directory + 10, 8, true);
    view.setUint32(directory + 24, 0x7fffffff, true);
    expect(() => readNpz(bomb, "bomb.npz")).toThrow(corrupt(/expand further/));
    const flipped = good.slice();
    flipped[Buffer.from(good).indexOf("PK\x01\x02") - 1] ^= 1;
    expect(() => readNpz(flipped, "flipped.npz")).toThrow(corrupt(/checksum/));
  });
});

describe("tar", () => {
  it("reads what the tar program writes, in its formats", () => {
    const folder = mkdtempSync(join(tmpdir(), "roundoff-tar-"));
    try {
      const deep = `${"long-folder-name/".repeat(8)}`;
      mkdirSync(join(folder, "in", deep), { recursive: true });
      writeFileSync(join(folder, "in", "a.txt"), "hello");
      writeFileSync(join(folder, "in", deep, "b.bin"), Buffer.alloc(1500, 7));
      for (const format of ["ustar", "gnu", "pax"]) {
        execFileSync("tar", [
          `--format=${format}`,
          "-C",
          join(folder, "in"),
          "-cf",
          join(folder, "x.tar"),
          ".",
        ]);
        const files = readTar(readFileSync(join(folder, "x.tar")), "x.tar");
        const found = new Map(files.map(({ name, bytes }) => [name, Buffer.from(bytes)]));
        expect(found.get("./a.txt")?.toString(), format).toBe("hello");
        expect(found.get(`./${deep}b.bin`)?.equals(Buffer.alloc(1500, 7)), format).toBe(true);
        expect(files).toHaveLength(2);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("refuses a header with a wrong checksum and a file that is cut off", () => {
    expect(() => readTar(new Uint8Array(512).fill(65), "x.tar")).toThrow(corrupt(/checksum/));
    expect(() => readTar(new Uint8Array(100), "x.tar")).toThrow(corrupt(/cut off/));
  });
});

describe("WAV", () => {
  /** [bits, sample as bytes] → value. */
  it.each([
    ["8 bits", 1, 8, [0, 128, 255], [-1, 0, 127 / 128]],
    ["16 bits", 1, 16, [0x00, 0x80, 0xff, 0x7f, 0x01, 0x00], [-1, 32767 / 32768, 1 / 32768]],
    ["24 bits", 1, 24, [0, 0, 0x80, 0xff, 0xff, 0x7f], [-1, 8388607 / 8388608]],
    ["32 bits", 1, 32, [0, 0, 0, 0x80, 0, 0, 0, 0x40], [-1, 0.5]],
    ["floats", 3, 32, [0, 0, 0x80, 0x3f, 0, 0, 0, 0xbf], [1, -0.5]],
  ])("reads %s", (_, kind, bits, data, values) => {
    const { samples, sampleRate, channels } = readWav(wavFile(kind, bits, data), "x.wav");
    expect([...samples]).toEqual(values.map(Math.fround));
    expect({ sampleRate, channels }).toEqual({ sampleRate: 8000, channels: 1 });
  });

  it("refuses what is cut off or packed in another way", () => {
    expect(() => readWav(wavFile(1, 16, [1, 2, 3]), "x.wav")).toThrow(corrupt(/whole frames/));
    expect(() => readWav(wavFile(6, 8, [1]), "x.wav")).toThrow(
      expect.objectContaining({ code: "UNSUPPORTED" }),
    );
    expect(() => readWav(wavFile(1, 8, [1, 2]).subarray(0, 45), "x.wav")).toThrow(
      corrupt(/longer than the file/),
    );
    expect(() => readWav(wavFile(1, 8, []).subarray(0, 36), "x.wav")).toThrow(corrupt(/no samples/));
  });
});

function wavFile(kind: number, bits: number, data: readonly number[]): Uint8Array {
  const file = Buffer.alloc(44 + data.length);
  file.write("RIFF\0\0\0\0WAVEfmt ", "latin1");
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(kind, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(8000, 24);
  file.writeUInt16LE(bits / 8, 32);
  file.writeUInt16LE(bits, 34);
  file.write("data", 36);
  file.writeUInt32LE(data.length, 40);
  file.set(data, 44);
  return new Uint8Array(file);
}

describe("CIFAR", () => {
  it("weaves the planes of both versions together", () => {
    const record = (labels: readonly number[]) => [
      ...labels,
      ...Array.from({ length: 3072 }, (_, i) => i >> 4),
    ];
    const ten = readCifar(Uint8Array.from([...record([3]), ...record([9])]), { classes: 10, name: "x" });
    expect([...ten.labels]).toEqual([3, 9]);
    expect([...ten.images.subarray(16 * 3, 17 * 3)]).toEqual([1, 65, 129]);
    expect([...readCifar(Uint8Array.from(record([1, 99])), { classes: 100, name: "x" }).labels]).toEqual([
      99,
    ]);
    expect(() => readCifar(Uint8Array.from(record([10])), { classes: 10, name: "x" })).toThrow(
      corrupt(/label 0/),
    );
    expect(() => readCifar(new Uint8Array(3072), { classes: 10, name: "x" })).toThrow(
      corrupt(/multiple of 3073/),
    );
  });
});
