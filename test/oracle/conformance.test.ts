/**
 * Every float format of at most 16 bits, in every mode under every overflow rule, against the oracle: the reference and
 * the native kernels of each tier, around every boundary and strided over the whole of FP32. `npm run test:exhaustive`
 * does the same for all 2^32 patterns.
 */
import { describe, expect, it } from "vitest";
import { FORMATS } from "../../src/formats/catalog.ts";
import type { FloatFormat } from "../../src/formats/format.ts";
import { OVERFLOWS, ROUNDINGS } from "../../src/formats/format.ts";
import { loadAddon } from "../../src/kernels/native-load.ts";
import { compareResults, showMismatch } from "./compare.ts";
import { patternOfValue } from "./exact.ts";
import { createWindow, judgeSamples, judgeWindow } from "./judge.ts";
import { assemble, boundariesOfBothSigns, runsOf } from "./runs.ts";
import { samplePatterns } from "./samples.ts";
import type { RoundingRequest, Subject } from "./subjects.ts";
import { nativeSubjects, referenceSubject } from "./subjects.ts";

const loaded = loadAddon();
const subjects: readonly Subject[] = [referenceSubject, ...nativeSubjects(loaded)];
const without = "reason" in loaded ? ` (reference only: ${loaded.reason})` : "";
const smallFloats = FORMATS.filter(
  (entry): entry is FloatFormat => entry.kind === "float" && entry.bits <= 16,
);
const modes = ROUNDINGS.filter((mode) => mode !== "stochastic");

describe(`rounding agrees with the oracle${without}`, () => {
  it.each(smallFloats.map((format) => [format.name, format] as const))("%s", (_, format) => {
    // A 16-bit format has 2^16 boundaries: every 16th, and all at the ends.
    const thin = format.bits > 8 ? 16 : 1;
    const wrong: string[] = [];
    for (const mode of modes) {
      const boundaries = boundariesOfBothSigns(format, { mode });
      for (const overflow of OVERFLOWS) {
        const runs = assemble(format, overflow, boundaries);
        const patterns = samplePatterns(runs, { margin: 3, stride: 1_048_573, thin });
        for (const subject of subjects) {
          const { first } = judgeSamples(subject, { format, mode, overflow }, runs, patterns);
          wrong.push(
            ...first.map((mismatch) => `${subject.name} ${mode} ${overflow}: ${showMismatch(mismatch)}`),
          );
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe("the judges", () => {
  const format = FORMATS.find((entry): entry is FloatFormat => entry.name === "e4m3")!;
  const request: RoundingRequest = { format, mode: "nearestEven", overflow: "saturate" };
  const runs = runsOf({ format, rule: { mode: request.mode }, overflow: request.overflow });
  /** Right but for one input, whose result is one FP32 step off; NaN comes out as some other NaN. */
  const faulty: Subject = {
    name: "faulty",
    round(source, target, ask) {
      referenceSubject.round(source, target, ask);
      const words = new Uint32Array(target.buffer, target.byteOffset, target.length);
      source.forEach((x, i) => {
        if (x === 17) words[i] ^= 1;
        if (Number.isNaN(x)) words[i] = 0xffbadbad;
      });
    },
  };
  const tie = patternOfValue(17);

  it("see one wrong bit among samples", () => {
    const patterns = samplePatterns(runs, { margin: 1, stride: 2 ** 31 - 1 });
    const { mismatches, first } = judgeSamples(faulty, request, runs, patterns);
    // The tie is the last pattern of one run and lies once within each boundary's margin.
    expect(mismatches).toBe(patterns.filter((pattern) => pattern === tie).length);
    expect(first.map(showMismatch)[0]).toBe("0x41880000 → 0x41800001, not 0x41800000");
  });

  it("see it in a window, and let NaN be any NaN", () => {
    const window = createWindow(16);
    window.inputs.forEach((_, i) => {
      window.inputs[i] = tie - 8 + i;
    });
    expect(judgeWindow(faulty, request, runs, window).mismatches).toBe(1);
    expect(judgeWindow(referenceSubject, request, runs, window).mismatches).toBe(0);
    window.inputs.forEach((_, i) => {
      window.inputs[i] = 0x7f800000 - 8 + i;
    });
    expect(judgeWindow(faulty, request, runs, window).mismatches).toBe(0);
  });

  it("tell the zeros apart", () => {
    const plus = Uint32Array.of(0);
    expect(compareResults(plus, Uint32Array.of(0x80000000), () => 0).mismatches).toBe(1);
  });

  it("sample all that thinning must spare", () => {
    const all = new Set(samplePatterns(runs, { margin: 3, stride: 65_537 }));
    const thinned = new Set(samplePatterns(runs, { margin: 3, stride: 65_537, thin: 16 }));
    expect(thinned.size).toBeLessThan(all.size);
    for (const pattern of [0, 0xffffffff, 0x80000000, 0x7fffffff, 0x7f800000, patternOfValue(464)]) {
      expect(thinned.has(pattern)).toBe(true);
    }
  });
});
