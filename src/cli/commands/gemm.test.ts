import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FORMATS } from "../../formats/catalog.ts";
import { accumulatorProfile } from "../../kernels/accumulators.ts";
import { loadAddon } from "../../kernels/native-load.ts";
import { accumulate } from "../../kernels/reference/accumulate.ts";
import { randomStream } from "../../random/streams.ts";
import { runCaptured, runJson } from "../captured-context.fixture.ts";
import { float32Bytes, readFloat32File } from "../float-file.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "roundoff-gemm-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = (name: string) => join(folder, name);
const write = (name: string, values: ArrayLike<number>) => writeFileSync(path(name), float32Bytes(values));

/** m, n, k: multiples of nothing. */
const [M, N, K] = [5, 7, 75];
const SIZES = ["--m", "5", "--n", "7", "--k", "75"];
const files = () => ["--a", path("a.f32"), "--b", path("b.f32"), "--out", path("c.f32")];

function writeOperands(): void {
  const random = randomStream({ seed: 5, stream: "init" });
  const normals = (count: number) => Float32Array.from({ length: count }, () => random.normal());
  write("a.f32", normals(M * K));
  write("b.f32", normals(K * N));
}

async function product(...options: string[]): Promise<{ c: Float32Array; result: Record<string, unknown> }> {
  const result = await runJson<Record<string, unknown>>(["gemm", ...SIZES, ...files(), ...options]);
  return { c: await readFloat32File(path("c.f32"), "--out"), result };
}

/** A and B as `convert` rounds them; blocks along k. */
async function converted(format: string, ...options: string[]): Promise<[Float32Array, Float32Array]> {
  const convert = async (name: string, shape: string, axis: string, tensor: string) => {
    const inOut = ["--in", path(name), "--out", path("rounded.f32"), "--shape", shape, "--tensor", tensor];
    const blocks = /^mx|^nv/.test(format) ? ["--block-axis", axis] : [];
    await runJson(["convert", "--format", format, ...inOut, ...blocks, ...options]);
    return readFloat32File(path("rounded.f32"), "--out");
  };
  return [await convert("a.f32", `${M}x${K}`, "1", "3"), await convert("b.f32", `${K}x${N}`, "0", "4")];
}

/** The products of all rows and columns, each sum by `accumulator`. */
function reference([a, b]: readonly [Float32Array, Float32Array], accumulator: string): Float32Array {
  const how = accumulatorProfile(accumulator).accumulator;
  if (how === undefined) throw new Error(`${accumulator} has no definition of its own`);
  return Float32Array.from({ length: M * N }, (_, at) => {
    const [i, j] = [Math.floor(at / N), at % N];
    const row = Float64Array.from({ length: K }, (_, k) => a[i * K + k]);
    const column = Float64Array.from({ length: K }, (_, k) => b[k * N + j]);
    return accumulate(row, column, how);
  });
}

describe("gemm", () => {
  it("multiplies row-major matrices", async () => {
    write("a.f32", [1, 2, 3, 4, 5, 6]);
    write("b.f32", [7, 8, 9, 10, 11, 12]);
    const result = await runJson([
      "gemm",
      "--m",
      "2",
      "--n",
      "2",
      "--k",
      "3",
      "--format",
      "fp32",
      ...files(),
    ]);
    expect([...(await readFloat32File(path("c.f32"), "--out"))]).toEqual([58, 64, 139, 154]);
    expect(Object.keys(result as object)).toEqual(["profile", "kernel", "gflops"]);
    expect(result).toMatchObject({ profile: "fp32" });
  });

  it.each([
    ["bf16", "fp64"],
    ["bf16", "amxBf16"],
    ["e5m2", "vdpbf16"],
    ["e4m3", "fp16c16"],
    ["mxfp8e4m3", "fp64"],
    ["nvfp4", "e6m9"],
    ["posit16", "fp64"],
    ["int16", "fp64"],
  ])("of %s, added up in %s, is the definition of both", async (format, accumulator) => {
    writeOperands();
    const rounding = ["--rounding", "stochastic", "--seed", "9", "--step", "2"];
    const { c, result } = await product(
      "--format",
      format,
      "--accumulator",
      accumulator,
      "--tensor",
      "3",
      ...rounding,
    );
    expect([...c]).toEqual([...reference(await converted(format, ...rounding), accumulator)]);
    expect(result.profile).toBe(accumulator);
  });

  it("takes one format for each matrix", async () => {
    writeOperands();
    const { c } = await product("--format", "e4m3,bf16", "--accumulator", "fp64", "--tensor", "3");
    const [a] = await converted("e4m3");
    const [, b] = await converted("bf16");
    expect([...c]).toEqual([...reference([a, b], "fp64")]);
  });

  it("adds integers exactly in INT32", async () => {
    writeOperands();
    const exact = async (format: string) => [...reference(await converted(format), "fp64")];
    const { c, result } = await product("--format", "int8");
    expect([result.profile, ...c]).toEqual(["int32", ...(await exact("int8"))]);
    const wide = await product("--format", "int16", "--kernels", "reference");
    expect([wide.result.profile, ...wide.c]).toEqual(["int32Spill", ...(await exact("int16"))]);
  });

  it("of an integer matrix with NaN is NaN everywhere", async () => {
    writeOperands();
    write("b.f32", new Float32Array(K * N).fill(Number.NaN));
    const { c } = await product("--format", "int16");
    expect([...c]).toEqual(new Array(M * N).fill(Number.NaN));
  });

  it("lays tiles with their columns along k in both matrices", async () => {
    writeOperands();
    const { c } = await product("--format", "bfp8t2x24", "--accumulator", "fp64");
    const a = await readFloat32File(path("a.f32"), "--a");
    const b = await readFloat32File(path("b.f32"), "--b");
    // C transposed is B transposed times A transposed: the same tiles seen from the other side.
    const turned = (values: Float32Array, rows: number, columns: number) =>
      Float32Array.from(
        { length: values.length },
        (_, at) => values[(at % rows) * columns + Math.floor(at / rows)],
      );
    write("a.f32", turned(b, K, N));
    write("b.f32", turned(a, M, K));
    const swapped = ["gemm", "--m", `${N}`, "--n", `${M}`, "--k", `${K}`, ...files()];
    await runJson([...swapped, "--format", "bfp8t2x24", "--accumulator", "fp64"]);
    expect([...turned(await readFloat32File(path("c.f32"), "--out"), N, M)]).toEqual([...c]);
  });
});

describe("gemm by either set of kernels", () => {
  const loaded = loadAddon();
  it.skipIf("reason" in loaded).each(FORMATS.map(({ name }) => name).filter((name) => name !== "fp64"))(
    "%s: the same bytes",
    async (format) => {
      writeOperands();
      const results: unknown[] = [];
      for (const kernels of ["native", "reference"]) {
        const options = ["--rounding", "stochastic", "--accumulator", "e6m9c32", "--kernels", kernels];
        await product("--format", format, ...options);
        results.push(readFileSync(path("c.f32")).toString("hex"));
      }
      expect(results[0]).toBe(results[1]);
    },
  );
});

describe("gemm leaves nothing behind after a mistake", () => {
  it.each([
    ["an A of another size", "SHAPE_MISMATCH", ["--format", "bf16", "--m", "6"]],
    ["a B of another size", "SHAPE_MISMATCH", ["--format", "bf16", "--n", "6"]],
    ["an unknown format", "UNKNOWN_NAME", ["--format", "bf17"]],
    ["three formats", "INVALID_ARGUMENT", ["--format", "bf16,bf16,bf16"]],
    ["an unknown accumulator", "UNKNOWN_NAME", ["--format", "bf16", "--accumulator", "fp23"]],
    ["an accumulator that no float is", "UNSUPPORTED", ["--format", "bf16", "--accumulator", "int9"]],
    ["an accumulator wider than FP32", "UNSUPPORTED", ["--format", "bf16", "--accumulator", "fp64c8"]],
    ["floats in an integer sum", "UNSUPPORTED", ["--format", "bf16", "--accumulator", "int32Spill"]],
    ["integers too wide for the sum", "UNSUPPORTED", ["--format", "int16", "--accumulator", "int32"]],
    ["values that BF16 does not hold", "UNSUPPORTED", ["--format", "fp16", "--accumulator", "amxBf16"]],
    ["no rows", "INVALID_ARGUMENT", ["--format", "bf16", "--m", "0"]],
    ["a file that is not there", "FILE_UNREADABLE", ["--format", "bf16", "--a", "/nonexistent/a"]],
  ])("%s", async (_name, code, options) => {
    writeOperands();
    const { exitCode, stdout, stderr } = await runCaptured([
      "gemm",
      ...SIZES,
      ...files(),
      ...options,
      "--json",
    ]);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(`error[${code}]`);
    expect(readdirSync(folder).sort()).toEqual(["a.f32", "b.f32"]);
  });

  it("a sum of integers that INT32 could not hold", async () => {
    const sizes = ["--m", "1", "--n", "1", "--k", "65537"];
    write("a.f32", new Float32Array(65537));
    write("b.f32", new Float32Array(65537));
    const options = ["--format", "int8", "--accumulator", "int32"];
    const { exitCode, stderr } = await runCaptured(["gemm", ...sizes, ...files(), ...options]);
    expect([exitCode, stderr.includes("65536")]).toEqual([2, true]);
  });
});
