/** Exponents taken from the bits, against powers of two made by exact doubling and halving. */
import { describe, expect, it } from "vitest";
import { exponentOf, powerOfTwo } from "./exponents.ts";

/** Every power of two of a double, by repeated exact halving and doubling. */
function powersOfTwo(): Map<number, number> {
  const powers = new Map<number, number>();
  for (let value = 1, exponent = 0; value !== Infinity; value *= 2, exponent++) powers.set(exponent, value);
  for (let value = 1, exponent = 0; value !== 0; value /= 2, exponent--) powers.set(exponent, value);
  return powers;
}

describe("exponents from the bits", () => {
  it("are right at and just below every power of two", () => {
    const wrong: number[] = [];
    for (const [exponent, value] of powersOfTwo()) {
      if (exponentOf(value) !== exponent || exponentOf(-value) !== exponent) wrong.push(exponent);
      const below = value * (1 - 2 ** -53);
      if (below < value && below > 0 && exponentOf(below) !== exponent - 1) wrong.push(exponent);
    }
    expect(wrong).toEqual([]);
  });

  it("do not fall for log2 just below a power of two", () => {
    const x = 1024 * (1 - 2 ** -53);
    expect(exponentOf(x)).toBe(9);
  });

  it("give back every power of two", () => {
    const powers = powersOfTwo();
    expect(powers.size).toBe(1024 + 1074);
    expect([...powers].filter(([exponent, value]) => powerOfTwo(exponent) !== value)).toEqual([]);
    expect(powerOfTwo(1024)).toBe(Infinity);
    expect(powerOfTwo(-1075)).toBe(0);
  });
});
