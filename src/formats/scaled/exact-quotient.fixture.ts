/**
 * Exact rationals for the tests of scaled formats: FP64 numbers as BigInt fractions, so that "the exact quotient, rounded
 * once" can be computed as it is written. Shares nothing with the code under test.
 */

/** numerator / denominator, denominator > 0. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

const TWO_1074 = 1n << 1074n;

/** A finite double, exactly: every double is a multiple of 2^−1074. */
export function rational(x: number): Rational {
  let [scaled, halvings] = [x, 0n];
  // Doubling is exact until the number is an integer.
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    halvings++;
  }
  if (halvings > 1074n) throw new Error("not a double");
  return { numerator: BigInt(scaled) * (TWO_1074 >> halvings), denominator: TWO_1074 };
}

export function quotient(a: Rational, b: Rational): Rational {
  const sign = b.numerator < 0n ? -1n : 1n;
  return {
    numerator: a.numerator * b.denominator * sign,
    denominator: a.denominator * b.numerator * sign,
  };
}

export function product(a: Rational, b: Rational): Rational {
  return { numerator: a.numerator * b.numerator, denominator: a.denominator * b.denominator };
}

/** Negative, 0 or positive as a < b, a = b, a > b. */
export function compare(a: Rational, b: Rational): number {
  const difference = a.numerator * b.denominator - b.numerator * a.denominator;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/**
 * The index of the nearest of `values` (ascending, ≥ 0) to |x|, ties to the even index; beyond the last one it is the
 * last.
 */
export function nearestIndex(x: Rational, values: readonly number[]): number {
  const magnitude = { ...x, numerator: x.numerator < 0n ? -x.numerator : x.numerator };
  let index = 0;
  while (index + 1 < values.length) {
    const middle = rational((values[index] + values[index + 1]) / 2);
    const side = compare(magnitude, middle);
    if (side < 0 || (side === 0 && index % 2 === 0)) break;
    index++;
  }
  return index;
}
