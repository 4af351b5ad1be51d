/** The exhaustive command's own parts: its options, and that its sweep sees what is wrong. */
import { describe, expect, it } from "vitest";
import { floatFormat } from "../../src/formats/catalog.ts";
import { runsOf } from "../oracle/runs.ts";
import type { RoundingRequest, Subject } from "../oracle/subjects.ts";
import { instructionFor } from "./hardware.ts";
import { parseOptions } from "./options.ts";
import { sweep, WINDOW } from "./sweep.ts";

describe("options", () => {
  it("combine formats, modes and overflow rules", () => {
    const { requests, step, tiers } = parseOptions(
      "--formats e4m3,bf16 --modes toOdd --overflows all --step 3".split(" "),
    );
    expect(requests.map(({ format, mode, overflow }) => [format.name, mode, overflow].join(" "))).toEqual([
      "e4m3 toOdd saturate",
      "e4m3 toOdd infinity",
      "e4m3 toOdd nan",
      "bf16 toOdd saturate",
      "bf16 toOdd infinity",
      "bf16 toOdd nan",
    ]);
    expect([step, tiers]).toEqual([3, undefined]);
  });

  it("leave out what has no fixed result, and refuse what they do not know", () => {
    const modes = new Set(parseOptions(["--modes", "all"]).requests.map(({ mode }) => mode));
    expect(modes.size).toBe(6);
    expect(() => parseOptions(["--modes", "stochastic"])).toThrow(
      /--modes: expected nearestEven.*stochastic/,
    );
    expect(() => parseOptions(["--step", "0"])).toThrow(/--step must be a positive integer, not 0/);
    expect(() => parseOptions(["--formats", "e9m9x"])).toThrow(/number format/);
    const all = parseOptions(["--formats", "all"]).requests.map(({ format }) => format);
    expect(all.every(({ bits }) => bits <= 16)).toBe(true);
  });

  it("know what the instructions do", () => {
    const request: RoundingRequest = {
      format: floatFormat("bf16"),
      mode: "nearestEven",
      overflow: "infinity",
    };
    expect(instructionFor(request)).toBe("vcvtneps2bf16");
    expect(instructionFor({ ...request, overflow: "saturate" })).toBeUndefined();
    expect(instructionFor({ ...request, format: floatFormat("e4m3") })).toBeUndefined();
  });
});

describe("the sweep", () => {
  it("visits every step-th window of the domain and counts each wrong bit", () => {
    const seen: number[] = [];
    const subject: Subject = {
      name: "constant",
      round(source, target) {
        seen.push(new Uint32Array(source.buffer)[0]);
        target.fill(0);
      },
    };
    const request: RoundingRequest = {
      format: floatFormat("e4m3"),
      mode: "towardZero",
      overflow: "saturate",
    };
    const runs = runsOf({ ...request, rule: { mode: request.mode } });
    const [result] = sweep([{ subject, request, runs }], 1024, () => {});
    expect(seen).toEqual([0, 0x40000000, 0x80000000, 0xc0000000]);
    expect(result.inputs).toBe(4 * WINDOW);
    // The constant +0 is right in the first window only: tiny positive numbers.
    expect(result.comparison.mismatches).toBe(3 * WINDOW);
    expect(result.comparison.first[0]).toEqual({ input: 0x40000000, expected: 0x40000000, actual: 0 });
  });
});
