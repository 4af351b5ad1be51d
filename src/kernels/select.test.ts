/** The choice of a kernel set is explained, and a wish that cannot be met is an error. */
import { describe, expect, it } from "vitest";
import { RoundoffError } from "../base/errors.ts";
import { loadAddon, type NativeInfo, TIERS } from "./native-load.ts";
import { backendInfo, describeKernels, selectKernels } from "./select.ts";

const loaded = loadAddon();
const available = "addon" in loaded;

describe("selectKernels", () => {
  it("gives the reference kernels when asked", () => {
    const { kernels, info } = selectKernels({ prefer: "reference" });
    expect(kernels.name).toBe("reference");
    expect(info.selected).toBe("reference");
    expect(info.threads).toBe(1);
  });

  it("without a wish takes native if it is there, and says why", () => {
    const { kernels, info } = selectKernels();
    expect(kernels.name).toBe(available ? "native" : "reference");
    expect(info.selected).toBe(kernels.name);
    const native = info.kernelSets.find(({ name }) => name === "native");
    expect(native?.available).toBe(available);
    expect(native?.reason).toContain("reason" in loaded ? loaded.reason : "portable");
  });

  it.skipIf(available)("refuses a wish for native that cannot be met", () => {
    expect(() => selectKernels({ prefer: "native" })).toThrowError(
      expect.objectContaining({ code: "KERNELS_UNAVAILABLE" }),
    );
  });

  it.skipIf(!available)("gives the tier and the threads asked for", () => {
    const { info } = selectKernels({ prefer: "native", tier: "portable", threads: 3 });
    expect(info).toMatchObject({ selected: "native", tier: "portable", threads: 3 });
    expect(info.cpu.features).toEqual(expect.any(Array));
  });

  it.skipIf(!available)("refuses tiers and threads that do not exist", () => {
    expect(() => selectKernels({ tier: "avx1024" })).toThrowError(/unknown instruction-set tier "avx1024"/);
    expect(() => selectKernels({ threads: 0 })).toThrowError(RoundoffError);
    expect(() => selectKernels({ threads: 1.5 })).toThrowError(/integer/);
  });

  const missing = TIERS.filter((tier) => available && !loaded.addon.info().tiers.includes(tier));
  it.skipIf(missing.length === 0)(
    "refuses tiers that this build or this CPU lacks, and says which it is",
    () => {
      for (const tier of missing) {
        const why =
          available && loaded.addon.info().notBuilt.includes(tier) ? /--all-tiers/ : /CPU does not run/;
        expect(() => selectKernels({ tier })).toThrowError(why);
        expect(() => backendInfo({ tier })).toThrowError(why);
      }
    },
  );
});

describe("backendInfo", () => {
  it("is what selectKernels reports", () => {
    expect(backendInfo({ threads: 2 })).toEqual(selectKernels({ threads: 2 }).info);
    expect(backendInfo({ prefer: "reference" })).toEqual(selectKernels({ prefer: "reference" }).info);
  });
});

describe("the report on a machine", () => {
  /** What would be reported of an addon that finds this; no engine is made of it. */
  function report(found: NativeInfo) {
    const createEngine = () => {
      throw new Error("a report needs no engine");
    };
    const { cpu, kernelSets } = describeKernels(
      { addon: { info: () => found, createEngine } },
      "native",
      2,
      "avx512",
    );
    return { features: cpu.features, reason: kernelSets.find(({ name }) => name === "native")?.reason };
  }
  const found: NativeInfo = {
    features: ["avx512"],
    problems: [],
    tiers: ["portable", "avx512"],
    notBuilt: [],
  };

  it("names the tiers that run", () => {
    expect(report(found).reason).toBe("tiers that run here: portable, avx512");
  });

  it("names tiers that were left out of the build", () => {
    expect(report({ ...found, notBuilt: ["avx2"] }).reason).toBe(
      "tiers that run here: portable, avx512; not built: avx2",
    );
  });

  it("shows amxBf16 where it is used, and the verdict of its self-test where it is not", () => {
    expect(report({ ...found, features: ["avx512", "amxBf16"] }).features).toContain("amxBf16");
    const problem = "AMX BF16 results differ from the model of TDPBF16PS; AMX is not used";
    const { features, reason } = report({ ...found, problems: [problem] });
    expect(features).not.toContain("amxBf16");
    expect(reason).toContain(problem);
  });
});
