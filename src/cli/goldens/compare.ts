/** Compares computed values with golden ones. A golden value that is not finite must be met exactly. */

export interface Comparison {
  readonly maxAbsError: number;
  /** Largest |x − golden| / |golden| over the golden values that are not 0. */
  readonly maxRelError: number;
  /** Element with the largest violation; undefined when all are within the tolerance. */
  readonly worst?: { readonly index: number; readonly value: number; readonly golden: number };
}

export interface Tolerance {
  readonly atol: number;
  readonly rtol: number;
}

/** Both arrays have the same length. */
export function compareValues(
  values: ArrayLike<number>,
  goldens: ArrayLike<number>,
  { atol, rtol }: Tolerance,
): Comparison {
  let [maxAbsError, maxRelError, worstExcess] = [0, 0, 0];
  let worst: Comparison["worst"];
  for (let index = 0; index < goldens.length; index++) {
    const [value, golden] = [values[index], goldens[index]];
    if (Object.is(value, golden) || value === golden) continue;
    const error = Math.abs(value - golden);
    // NaN where only one of them is NaN: worse than any number.
    const distance = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
    maxAbsError = Math.max(maxAbsError, distance);
    if (golden !== 0) maxRelError = Math.max(maxRelError, distance / Math.abs(golden));
    const excess = distance - (atol + rtol * Math.abs(golden));
    if (!(excess <= worstExcess)) {
      worstExcess = Number.isNaN(excess) ? Number.POSITIVE_INFINITY : excess;
      worst = { index, value, golden };
    }
  }
  return { maxAbsError, maxRelError, worst };
}
