/** Bit-for-bit comparison of lists of numbers, for the messages of tests. */

/** Where two lists differ, at most ten places: −0 is not 0, NaN is NaN. */
export function differences(actual: ArrayLike<number>, expected: ArrayLike<number>): string[] {
  const found: string[] = [];
  for (let i = 0; i < expected.length; i++) {
    if (!Object.is(actual[i], expected[i])) found.push(`[${i}]: ${actual[i]}, expected ${expected[i]}`);
  }
  return found.slice(0, 10);
}
