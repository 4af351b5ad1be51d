import { describe, expect, it } from "vitest";
import { readEnvironment } from "./environment.ts";

describe("the environment", () => {
  it("gives threads, tier and cache directory", () => {
    expect(readEnvironment({ ROUNDOFF_THREADS: "2", ROUNDOFF_TIER: "avx2", XDG_CACHE_HOME: "/c" })).toEqual({
      threads: 2,
      tier: "avx2",
      cacheDirectory: "/c/roundoff",
    });
  });

  it("takes empty variables for unset ones", () => {
    const { threads, tier, cacheDirectory } = readEnvironment({
      ROUNDOFF_THREADS: "",
      ROUNDOFF_TIER: "",
      HOME: "/h",
    });
    expect([threads, tier, cacheDirectory]).toEqual([undefined, undefined, "/h/.cache/roundoff"]);
  });

  it.each(["0", "two", "1.5", "-1"])("refuses %j threads", (threads) => {
    expect(() => readEnvironment({ ROUNDOFF_THREADS: threads })).toThrow(/ROUNDOFF_THREADS/);
  });

  it("refuses a tier that is none", () => {
    expect(() => readEnvironment({ ROUNDOFF_TIER: "avx1024" })).toThrow(
      /ROUNDOFF_TIER.*portable, avx2, avx512/,
    );
  });
});
