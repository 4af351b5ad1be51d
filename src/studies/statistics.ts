/**
 * The statistics of a study: means, sample standard deviations, intervals and the equivalence test for paired gaps.
 * Knows nothing of formats or runs. Sources: Student's t interval; two one-sided tests (TOST), Schuirmann 1987.
 */
import { require } from "../base/errors.ts";
import { studentCdf, studentQuantile } from "./student-t.ts";

/** The arithmetic mean of at least one finite number. */
export function mean(values: readonly number[]): number {
  require(values.length > 0, "INVALID_ARGUMENT", () => ({
    what: "the mean of no values was asked for",
    expected: "at least one value",
  }));
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The sample standard deviation (n − 1 below the line); null for fewer than two values, where it is unknown. */
export function sampleDeviation(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  // All values equal gives exactly 0: the mean of equal values can be off by an ulp, which would fake a spread.
  if (values.every((value) => value === values[0])) return 0;
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/**
 * The two-sided confidence interval of the mean by Student's t, e.g. `level` 0.9; null for fewer than two values.
 * For paired seeds give the differences recipe − baseline.
 */
export function confidenceInterval(
  values: readonly number[],
  level: number,
): readonly [low: number, high: number] | null {
  const deviation = sampleDeviation(values);
  if (deviation === null) return null;
  const reach = studentQuantile((1 + level) / 2, values.length - 1) * (deviation / Math.sqrt(values.length));
  const centre = mean(values);
  return [centre - reach, centre + reach];
}

/**
 * TOST: the p-value against "the true mean difference is −margin or lower, or +margin or higher". Below 0.05 it says
 * the same as "the 90 % interval lies inside ±margin". null for fewer than two differences.
 */
export function equivalenceP(differences: readonly number[], margin: number): number | null {
  require(margin > 0, "INVALID_ARGUMENT", () => ({
    what: "the equivalence margin is not usable",
    expected: "a positive number",
    received: String(margin),
  }));
  const deviation = sampleDeviation(differences);
  if (deviation === null) return null;
  const error = deviation / Math.sqrt(differences.length);
  const freedom = differences.length - 1;
  const centre = mean(differences);
  return Math.max(
    studentCdf(-ratio(centre + margin, error), freedom),
    studentCdf(-ratio(margin - centre, error), freedom),
  );
}

/** distance / error, where no spread at all makes any distance infinitely many errors wide. */
function ratio(distance: number, error: number): number {
  if (error > 0) return distance / error;
  return distance === 0 ? 0 : Math.sign(distance) * Number.POSITIVE_INFINITY;
}
