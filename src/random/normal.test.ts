/** Normal deviates: the logarithm against Math.log, the distribution against its moments, and golden values. */
import { describe, expect, it } from "vitest";
import { logarithm, polarNormal } from "./normal.ts";
import { randomStream } from "./streams.ts";

describe("logarithm", () => {
  it("is within 2 ulp of Math.log, taken at 0.35 where the result is smaller", () => {
    let worst = 0;
    const { uint32 } = randomStream({ seed: 1, stream: "init" });
    for (let i = 0; i < 50_000; i++) {
      const x = (1 + uint32() / 2 ** 32) * 2 ** ((i % 140) - 70);
      const ulp = 2 ** (Math.floor(Math.log2(Math.max(Math.abs(Math.log(x)), 0.35))) - 52);
      worst = Math.max(worst, Math.abs(logarithm(x) - Math.log(x)) / ulp);
    }
    expect(worst).toBeLessThanOrEqual(2);
  });

  it("is exactly 0 at 1, and accurate next to it", () => {
    expect(logarithm(1)).toBe(0);
    expect(logarithm(1 - 2 ** -30)).toBeCloseTo(-(2 ** -30) - 2 ** -61, 24);
  });
});

describe("normal", () => {
  it("has the moments and the tails of a standard normal, within 4 sigma", () => {
    const { normal } = randomStream({ seed: 2, stream: "init" });
    const draws = Array.from({ length: 40_000 }, normal);
    const moment = (power: number) => draws.reduce((sum, x) => sum + x ** power, 0) / draws.length;
    const tolerance = (variance: number) => 4 * Math.sqrt(variance / draws.length);
    expect(Math.abs(moment(1))).toBeLessThan(tolerance(1));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(tolerance(2));
    expect(Math.abs(moment(3))).toBeLessThan(tolerance(15));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(tolerance(96));
    const tail = 0.0455;
    const beyond2 = draws.filter((x) => Math.abs(x) > 2).length / draws.length;
    expect(Math.abs(beyond2 - tail)).toBeLessThan(tolerance(tail * (1 - tail)));
  });

  it("gives pairs by the polar method, from the words it was handed", () => {
    // The first try lies in a corner of the square, outside the circle; the second at u = ½, v = −½.
    const words = [0xffffffff, 0xffffffff, 0xc0000000, 0x40000000];
    let next = 0;
    const normal = polarNormal(() => words[next++]);
    const [first, second] = [normal(), normal()];
    expect(next).toBe(4);
    expect(first).toBeCloseTo(0.5 * Math.sqrt(4 * Math.log(2)), 8);
    expect(second).toBeCloseTo(-first, 8);
  });

  it("repeats to the bit: values computed once in another language from the same four operations", () => {
    const { normal } = randomStream({ seed: 0, stream: "init" });
    expect(Array.from({ length: 4 }, normal)).toEqual([
      0.5900787121039857, -0.26304535828793957, -1.6050362177338051, 1.4766374299055407,
    ]);
  });
});
