/** The promises that every command keeps: exit codes, one JSON document, errors that say what to do. */
import { describe, expect, it } from "vitest";
import { packageVersion } from "../train/header.ts";
import { runCaptured, runJson } from "./captured-context.fixture.ts";

describe("a user's mistake", () => {
  it.each([
    [["bogus"], "UNKNOWN_NAME", "bogus"],
    [["format", "shw"], "UNKNOWN_NAME", "Did you mean show"],
    [["info", "--jsn"], "UNKNOWN_NAME", "Did you mean --json"],
    [["format", "show", "bfloat"], "UNKNOWN_NAME", '"bfloat"'],
    [["format", "show"], "INVALID_ARGUMENT", "name"],
    [["info", "extra"], "INVALID_ARGUMENT", "too many arguments"],
    [["format"], "INVALID_ARGUMENT", "needs a command"],
    [[], "INVALID_ARGUMENT", "needs a command"],
    [["convert"], "INVALID_ARGUMENT", "--format"],
    [["convert", "--format"], "INVALID_ARGUMENT", "argument missing"],
    [["info", "--kernels", "cuda"], "UNKNOWN_NAME", "native, reference"],
    [["bench", "step", "--model", "lenet", "--rounds", "0"], "INVALID_ARGUMENT", "--rounds"],
    [["bench", "step", "--model", "lenet5"], "UNKNOWN_NAME", "lenet"],
    [["bench", "step", "--model", "lenet", "--recipes", "bf61"], "UNKNOWN_NAME", 'Did you mean "bf16"'],
    [["data", "fetch", "mnist-fashion"], "UNKNOWN_NAME", "fashion-mnist"],
    [["goldens", "/nonexistent"], "FILE_UNREADABLE", "/nonexistent"],
  ])("exits 2 and says so: %j", async (argv, code, detail) => {
    const { exitCode, stdout, stderr } = await runCaptured(argv);
    expect(exitCode).toBe(2);
    expect(stdout).toBe("");
    const lines = stderr.trimEnd().split("\n");
    expect(lines.at(-1)).toMatch(new RegExp(`^error\\[${code}\\]: `));
    expect(lines.at(-1)).toContain(detail);
  });
});

describe("help and version", () => {
  it("are answers, not errors", async () => {
    expect(await runCaptured(["--version"])).toEqual({
      exitCode: 0,
      stdout: `${packageVersion()}\n`,
      stderr: "",
    });
    const help = await runCaptured(["convert", "--help"]);
    expect(help.exitCode).toBe(0);
    expect(help.stdout).toContain("--random-bits");
  });
});

interface Info {
  readonly version: string;
  readonly node: string;
  readonly cpu: { readonly features: readonly string[] };
  readonly threads: number;
  readonly kernelSets: readonly {
    readonly name: string;
    readonly available: boolean;
    readonly reason: string;
  }[];
  readonly selected: string;
}

describe("info", () => {
  it("says which kernels there are and which are used", async () => {
    const info = await runJson<Info>(["info", "--kernels", "reference"]);
    expect(info.version).toBe(packageVersion());
    expect(info.node).toBe(process.versions.node);
    expect(info.threads).toBeGreaterThan(0);
    expect(info.kernelSets.map(({ name }) => name).sort()).toEqual(["native", "reference"]);
    expect(info.kernelSets.find(({ name }) => name === "reference")?.available).toBe(true);
    expect(info.selected).toBe("reference");
  });
});

interface Shown {
  readonly name: string;
  readonly bits: number;
  readonly values?: readonly { readonly code: number; readonly value: number | string }[];
}

describe("format", () => {
  it("lists the catalogue", async () => {
    const rows = await runJson<Shown[]>(["format", "list"]);
    expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(["fp32", "bf16", "e4m3", "int16"]));
  });

  it("shows all values of a small format, those that JSON has no number for as text", async () => {
    const { values = [] } = await runJson<Shown>(["format", "show", "float8_e4m3fn"]);
    expect(values).toHaveLength(256);
    expect(values[0x7e]).toEqual({ code: 0x7e, value: 448 });
    expect(values[0x7f]).toEqual({ code: 0x7f, value: "NaN" });
    expect(values[0x80]).toEqual({ code: 0x80, value: "-0" });
    const e5m2 = await runJson<Shown>(["format", "show", "e5m2"]);
    expect(e5m2.values?.[0x7c].value).toBe("Infinity");
    expect(e5m2.values?.[0xfc].value).toBe("-Infinity");
  });

  it("lists no values where there are too many", async () => {
    expect((await runJson<Shown>(["format", "show", "fp32"])).values).toBeUndefined();
  });
});

describe("bench step", () => {
  it("compares recipes with the first one", async () => {
    const argv = [
      "bench",
      "step",
      "--model",
      "mlp",
      "--batch",
      "2",
      "--recipes",
      "fp32,bf16",
      "--rounds",
      "1",
    ];
    const { rows, machine } = await runJson<{
      rows: Record<string, unknown>[];
      machine: { kernels: string };
    }>([...argv, "--kernels", "reference"]);
    expect(rows.map(({ recipe }) => recipe)).toEqual(["fp32", "bf16"]);
    expect(rows[0].ratioToFirst).toBe(1);
    expect(Object.keys(rows[0])).toEqual(
      expect.arrayContaining(["name", "medianMs", "bestMs", "samplesPerSecond", "arenaBytes"]),
    );
    expect(machine.kernels).toBe("reference");
  });
});
