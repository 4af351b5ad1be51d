import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Lifetime, planMemory } from "./plan-memory.ts";

const lifetime = fc
  .record({ bytes: fc.integer({ min: 1, max: 5000 }), first: fc.nat(30), length: fc.nat(10) })
  .map(({ bytes, first, length }): Lifetime => ({ bytes, first, last: first + length }));

const overlaps = (a: Lifetime, b: Lifetime) => a.first <= b.last && b.first <= a.last;

describe("planMemory", () => {
  it("never lets two tensors that live at once share a byte, and aligns all", () => {
    fc.assert(
      fc.property(fc.array(lifetime, { maxLength: 40 }), (lifetimes) => {
        const { offsets, arenaBytes } = planMemory(lifetimes);
        lifetimes.forEach((a, i) => {
          expect(offsets[i] % 64).toBe(0);
          expect(offsets[i] + a.bytes).toBeLessThanOrEqual(arenaBytes);
          lifetimes.slice(0, i).forEach((b, j) => {
            const apart = offsets[i] >= offsets[j] + b.bytes || offsets[j] >= offsets[i] + a.bytes;
            expect(apart || !overlaps(a, b)).toBe(true);
          });
        });
      }),
    );
  });

  it("uses memory again: a chain of equal tensors needs two", () => {
    const chain = Array.from({ length: 10 }, (_, i) => ({ bytes: 640, first: i, last: i + 1 }));
    expect(planMemory(chain).arenaBytes).toBe(1280);
  });

  it("plans nothing for nothing", () => {
    expect(planMemory([])).toEqual({ offsets: [], arenaBytes: 0 });
  });
});
