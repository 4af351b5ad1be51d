import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FORMATS, format } from "../../formats/catalog.ts";
import { isScaled } from "../../formats/format.ts";
import { loadAddon } from "../../kernels/native-load.ts";
import { randomStream } from "../../random/streams.ts";
import { runCaptured, runJson } from "../captured-context.fixture.ts";
import { float32Bytes, readFloat32File } from "../float-file.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "roundoff-convert-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = (name: string) => join(folder, name);
const arguments_ = (...more: string[]) => ["convert", "--in", path("x.f32"), "--out", path("y.f32"), ...more];

function writeInput(values: readonly number[]): void {
  writeFileSync(path("x.f32"), float32Bytes(values));
}

async function convert(values: readonly number[], ...options: string[]): Promise<number[]> {
  writeInput(values);
  await runJson(arguments_(...options));
  return [...(await readFloat32File(path("y.f32"), "--out"))];
}

describe("convert", () => {
  it("rounds to nearest even and saturates by default", async () => {
    expect(await convert([1 + 2 ** -8, 1 + 3 * 2 ** -8, -0, 3e38], "--format", "bf16")).toEqual([
      1,
      1 + 2 ** -6,
      -0,
      226 * 2 ** 120,
    ]);
    expect(await convert([464, 465, 1e9, Number.POSITIVE_INFINITY], "--format", "e4m3")).toEqual([
      448, 448, 448, 448,
    ]);
  });

  it("takes the rounding mode and the overflow rule", async () => {
    const options = ["--format", "e4m3", "--rounding", "towardZero", "--overflow", "nan"];
    expect(await convert([1.24, -1.24, 479], ...options)).toEqual([1.125, -1.125, 448]);
    expect(await convert([1e6], "--format", "e5m2", "--overflow", "infinity")).toEqual([
      Number.POSITIVE_INFINITY,
    ]);
  });

  it("says what the rounding did", async () => {
    writeInput([1, 1e9, 2 ** -7 * 1.01, 1e-12, 0]);
    const report = await runJson(arguments_("--format", "e4m3"));
    expect(report).toMatchObject({
      elements: 5,
      saturated: 1,
      underflowed: 2,
      flushed: 1,
      maxAbsError: 1e9 - 448,
    });
    expect(Object.keys(report as object)).toEqual(expect.arrayContaining(["sqnrDb", "nsPerElement"]));
  });

  it("gives a noise ratio that JSON has no number for as text", async () => {
    writeInput([1, 2]);
    expect(await runJson(arguments_("--format", "bf16"))).toMatchObject({ sqnrDb: "Infinity" });
  });

  it("writes codes of 1, 2 or 4 bytes", async () => {
    writeInput([1, -2]);
    for (const [format, bytes] of [
      ["e4m3", [0x38, 0xc0]],
      ["bf16", [0x80, 0x3f, 0x00, 0xc0]],
      ["fp32", [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]],
      ["int16", [0x00, 0x20, 0x00, 0xc0]],
    ] as const) {
      await runJson(arguments_("--format", format, "--codes"));
      expect([...readFileSync(path("y.f32"))]).toEqual([...bytes]);
    }
  });

  it("writes the shared exponent of dynamic fixed point", async () => {
    expect(await convert([3, -1.5, 1e-9], "--format", "int16", "--scales", path("e.f32"))).toEqual([
      3, -1.5, 0,
    ]);
    expect([...(await readFloat32File(path("e.f32"), "--scales"))]).toEqual([-13]);
  });

  it("draws the random bits of stochastic rounding from the key alone", async () => {
    const values = Array.from({ length: 200 }, () => 1 + 2 ** -9);
    const stochastic = (...key: string[]) =>
      convert(values, "--format", "bf16", "--rounding", "stochastic", "--kernels", "reference", ...key);
    const first = await stochastic("--seed", "1");
    expect(await stochastic("--seed", "1")).toEqual(first);
    expect(new Set(first)).toEqual(new Set([1, 1 + 2 ** -7]));
    for (const key of [
      ["--seed", "2"],
      ["--seed", "1", "--step", "1"],
      ["--seed", "1", "--tensor", "1"],
    ]) {
      expect(await stochastic(...key)).not.toEqual(first);
    }
    // One random bit can only say 0 or ½: a quarter of a spacing is then never enough to round up.
    expect(new Set(await stochastic("--random-bits", "1"))).toEqual(new Set([1]));
  });

  it("accepts an empty file", async () => {
    expect(await convert([], "--format", "bf16")).toEqual([]);
  });
});

describe("convert to formats with scales", () => {
  it("writes values and one scale for each block, row by row", async () => {
    const values = [7, 1, 0.25, 16, 3, 2];
    const options = ["--format", "mxfp4", "--shape", "2x3", "--block-axis", "0", "--scales", path("e.f32")];
    expect(await convert(values, ...options)).toEqual([8, 1, 0.25, 16, 3, 2]);
    expect([...(await readFloat32File(path("e.f32"), "--scales"))]).toEqual([4, 0.5, 0.5]);
  });

  it("takes the rule of the scale", async () => {
    const options = ["--format", "mxfp4", "--scales", path("e.f32"), "--scale-rule"];
    const scaleBy = async (rule: string) => {
      const [value] = await convert([7], ...options, rule);
      return [value, ...(await readFloat32File(path("e.f32"), "--scales"))];
    };
    expect(await scaleBy("floor")).toEqual([6, 1]);
    expect(await scaleBy("roundUp")).toEqual([8, 2]);
  });

  it("writes element codes, one byte each", async () => {
    for (const [format, values, bytes] of [
      ["mxfp4", [6, -0.5], [0x7, 0x9]],
      ["mxint8", [1, -1], [0x40, 0xc0]],
      ["bfp4b2", [7, -7], [0x07, 0xf9]],
      ["nvfp4", [2688, -448], [0x7, 0xa]],
      ["int12", [1024, -1], [0x00, 0x04, 0xff, 0xff]],
      ["posit8", [1, -1], [0x40, 0xc0]],
      ["e8m0", [1, 4], [127, 129]],
    ] as const) {
      writeInput(values);
      await runJson(arguments_("--format", format, "--codes"));
      expect([format, ...readFileSync(path("y.f32"))]).toEqual([format, ...bytes]);
    }
  });

  it("reports the tensor scale of NVFP4", async () => {
    writeInput([2688, 1]);
    expect(await runJson(arguments_("--format", "nvfp4"))).toMatchObject({ tensorScale: 1, elements: 2 });
  });

  it("writes scales and zero points of affine integers", async () => {
    const files = ["--scales", path("e.f32"), "--zero-points", path("z.f32")];
    const options = [
      "--format",
      "int8",
      "--scaling",
      "affine",
      "--shape",
      "2x2",
      "--scale-axis",
      "0",
      ...files,
    ];
    expect(await convert([-51, 204, 0, 510], ...options)).toEqual([-51, 204, 0, 510]);
    expect([...(await readFloat32File(path("e.f32"), "--scales"))]).toEqual([1, 2]);
    expect([...(await readFloat32File(path("z.f32"), "--zero-points"))]).toEqual([51, 0]);
  });

  it("uses the first random bits of the word", async () => {
    const values = Array.from({ length: 400 }, () => 1 + 2 ** -8);
    const options = ["--format", "bf16", "--rounding", "stochastic", "--random-bits", "1"];
    const ups = (await convert(values, ...options)).filter((x) => x > 1).length;
    // Half of a spacing is a probability of one half, also with one bit: within 4 sigma of 200.
    expect(Math.abs(ups - 200)).toBeLessThan(40);
  });
});

describe("convert by either set of kernels", () => {
  const loaded = loadAddon();
  const asked = ["--rounding", "stochastic", "--seed", "7", "--random-bits", "6"];

  it.skipIf("reason" in loaded).each(FORMATS.map(({ name }) => name))("%s: the same bytes", async (name) => {
    const random = randomStream({ seed: 3, stream: "init" });
    writeInput(Array.from({ length: 1000 }, () => random.normal() * 2 ** (random.below(8) - 4)));
    const scaled = isScaled(format(name));
    const options = [...asked, ...(scaled ? ["--scales", path("s.f32"), "--shape", "20x50"] : [])];
    const results: unknown[] = [];
    for (const kernels of ["native", "reference"]) {
      const report = await runJson(arguments_("--format", name, "--kernels", kernels, ...options));
      const { nsPerElement, sqnrDb, ...counts } = report as Record<string, unknown>;
      expect(nsPerElement).toBeGreaterThan(0);
      const ratio = typeof sqnrDb === "number" ? Math.round(sqnrDb * 1e6) : sqnrDb;
      const files = [path("y.f32"), ...(scaled ? [path("s.f32")] : [])].map((file) =>
        readFileSync(file).toString("hex"),
      );
      results.push({ ...counts, ratio, files });
    }
    expect(results[0]).toEqual(results[1]);
  });
});

describe("convert leaves nothing behind after a mistake", () => {
  it.each([
    ["a length that is no multiple of four", "DATA_CORRUPT", ["--format", "bf16"]],
    ["an unknown format", "UNKNOWN_NAME", ["--format", "bf17"]],
    ["scales of a format without", "INVALID_ARGUMENT", ["--format", "bf16", "--scales", "z"]],
    ["a negative seed", "INVALID_ARGUMENT", ["--format", "bf16", "--seed", "-1"]],
    ["a shape that is none", "INVALID_ARGUMENT", ["--format", "mxfp4", "--shape", "2by3"]],
    ["a rule that is none", "UNKNOWN_NAME", ["--format", "mxfp4", "--scale-rule", "up"]],
    ["an axis of scales without scaling", "INVALID_ARGUMENT", ["--format", "int8", "--scale-axis", "0"]],
    ["too many random bits", "INVALID_ARGUMENT", ["--format", "bf16", "--random-bits", "33"]],
  ])("%s", async (_name, code, options) => {
    writeFileSync(path("x.f32"), new Uint8Array(5));
    const { exitCode, stdout, stderr } = await runCaptured(arguments_(...options, "--json"));
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(`error[${code}]`);
    expect(readdirSync(folder)).toEqual(["x.f32"]);
  });

  it.each([
    ["a shape of another size", "SHAPE_MISMATCH", ["--format", "mxfp4", "--shape", "2x3"]],
    [
      "an axis that is not there",
      "INVALID_ARGUMENT",
      ["--format", "mxfp4", "--shape", "2x2", "--block-axis", "2"],
    ],
    ["a tile without rows", "INVALID_ARGUMENT", ["--format", "bfp8"]],
    ["a rule of another format", "INVALID_ARGUMENT", ["--format", "bfp8b4", "--scale-rule", "even"]],
    ["a block axis of a float", "INVALID_ARGUMENT", ["--format", "e4m3", "--block-axis", "0"]],
    ["a value without code", "INVALID_ARGUMENT", ["--format", "e2m1", "--codes"]],
    ["codes of 64 bits", "UNSUPPORTED", ["--format", "fp64", "--codes"]],
    [
      "native kernels for what they lack",
      "UNSUPPORTED",
      ["--format", "fp64", "--kernels", "native", "--codes"],
    ],
  ])("%s, found when the values are there", async (_name, code, options) => {
    writeInput([1, 2, 3, Number.NaN]);
    const before = readdirSync(folder);
    const { exitCode, stdout, stderr } = await runCaptured(arguments_(...options, "--json"));
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(`error[${code}]`);
    expect(readdirSync(folder)).toEqual(before);
  });

  it("an output that cannot be written, found before the input is read", async () => {
    const argv = ["convert", "--format", "bf16", "--in", path("none"), "--out", join(folder, "no", "y")];
    const { exitCode, stderr } = await runCaptured(argv);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("error[OUTPUT_UNWRITABLE]");
    expect(existsSync(join(folder, "no"))).toBe(false);
  });
});
