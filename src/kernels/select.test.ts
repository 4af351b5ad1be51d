/** The choice of a kernel set is explained, and a wish that cannot be met is an error. */
import { describe, expect, it } from "vitest";
import { RoundoffError } from "../base/errors.ts";
import { loadAddon } from "./native-load.ts";
import { backendInfo, selectKernels } from "./select.ts";

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
});

describe("backendInfo", () => {
  it("is what selectKernels reports", () => {
    expect(backendInfo({ threads: 2 })).toEqual(selectKernels({ threads: 2 }).info);
    expect(backendInfo({ prefer: "reference" })).toEqual(selectKernels({ prefer: "reference" }).info);
  });
});
