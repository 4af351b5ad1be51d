/** What the native build compiles: every source once, for the tiers that a processor needs. */
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

interface Unit {
  readonly name: string;
  readonly sources: readonly string[];
  readonly flags: readonly string[];
}

interface NativeObjects {
  readonly TIERS_HERE: readonly string[];
  readonly tiersFor: (macros: string) => string[];
  readonly planUnits: (nativeDir: string, napiFolders: readonly string[], tiers: readonly string[]) => Unit[];
}

const toolUrl = new URL("../tools/native-objects.mjs", import.meta.url).href;
const { TIERS_HERE, tiersFor, planUnits }: NativeObjects = await import(toolUrl);
const native = fileURLToPath(new URL("../native", import.meta.url));

const macros = (names: readonly string[]) => names.map((name) => `#define __${name}__ 1`).join("\n");
const AVX2 = ["AVX2", "FMA", "F16C"];
const AVX512 = [...AVX2, "AVX512F", "AVX512BW", "AVX512DQ", "AVX512VL"];

describe("tiersFor", () => {
  it("is portable alone where the compiler names nothing more", () => {
    expect(tiersFor(macros(["SSE2"]))).toEqual(["portable"]);
  });

  it.skipIf(process.arch !== "x64")("adds the widest tier whose instruction sets are all there", () => {
    expect(tiersFor(macros(AVX2))).toEqual(["portable", "avx2"]);
    expect(tiersFor(macros(AVX512))).toEqual(["portable", "avx512"]);
    expect(tiersFor(macros(AVX512.filter((name) => name !== "AVX512VL")))).toEqual(["portable", "avx2"]);
  });
});

describe("planUnits", () => {
  const sourcesOf = (units: readonly Unit[]) =>
    units.flatMap(({ sources }) => sources.map((path) => basename(path)));
  const kernels = readdirSync(join(native, "kernels")).filter((name) => name.endsWith(".cpp"));

  it.each(TIERS_HERE)("compiles every kernel once for %s, under names of its own", (tier) => {
    const units = planUnits(native, [], TIERS_HERE);
    const ofTier = units.filter(({ flags }) => flags.includes(`-DROUNDOFF_TIER=${tier}`));
    expect(sourcesOf(ofTier).sort()).toEqual(kernels.sort());
    expect(new Set(units.map(({ name }) => name)).size).toBe(units.length);
  });

  it("never compiles a file with the flags that another one asks for", () => {
    const units = planUnits(native, [], ["portable"]).filter(({ flags }) =>
      flags.includes("-ffp-contract=fast"),
    );
    expect(sourcesOf(units).sort()).toEqual([
      "conv_depthwise.cpp",
      "conv_depthwise_weight.cpp",
      "gemm_outer.cpp",
      "gemm_tile.cpp",
      "peak_rates.cpp",
    ]);
  });

  it("tells the runtime which tiers were left out", () => {
    const [runtime] = planUnits(native, [], ["portable"]);
    const without = TIERS_HERE.slice(1).map((tier) => `-DROUNDOFF_WITHOUT_${tier.toUpperCase()}`);
    expect(runtime.flags.filter((flag) => flag.includes("WITHOUT"))).toEqual(without);
  });
});
