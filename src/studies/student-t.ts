/**
 * Student's t distribution for whole degrees of freedom. Knows nothing of studies.
 * Source: the finite sums of Abramowitz & Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4
 * (exact for whole degrees of freedom, so no incomplete beta function has to be approximated).
 */
import { require } from "../base/errors.ts";

/** P(T ≤ t) for `freedom` degrees of freedom (a whole number ≥ 1). ±Infinity give 1 and 0. */
export function studentCdf(t: number, freedom: number): number {
  requireFreedom(freedom);
  if (t === Number.POSITIVE_INFINITY) return 1;
  if (t === Number.NEGATIVE_INFINITY) return 0;
  return 0.5 + Math.sign(t) * 0.5 * centralProbability(Math.abs(t), freedom);
}

/** The t with P(T ≤ t) = `probability`, 0 < probability < 1; accurate to about 1e-12 of its size. */
export function studentQuantile(probability: number, freedom: number): number {
  requireFreedom(freedom);
  require(probability > 0 && probability < 1, "INVALID_ARGUMENT", () => ({
    what: "the probability of a Student t quantile is out of range",
    expected: "a number between 0 and 1, both excluded",
    received: String(probability),
  }));
  if (probability < 0.5) return -studentQuantile(1 - probability, freedom);
  let high = 1;
  while (studentCdf(high, freedom) < probability && high < 1e300) high *= 2;
  let low = 0;
  for (let i = 0; i < 200 && high - low > Number.EPSILON * high; i++) {
    const middle = (low + high) / 2;
    if (studentCdf(middle, freedom) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(|T| ≤ t), t ≥ 0: A(t|ν) of the source, with θ = arctan(t / √ν). */
function centralProbability(t: number, freedom: number): number {
  const theta = Math.atan(t / Math.sqrt(freedom));
  const sine = Math.sin(theta);
  const cosine = Math.cos(theta);
  const even = freedom % 2 === 0;
  if (!even && freedom === 1) return (2 * theta) / Math.PI;
  // The terms run over powers of the cosine: 1, cos², cos⁴ … (even) or cos, cos³ … (odd), up to cos^(ν−2).
  let term = even ? 1 : cosine;
  let sum = term;
  for (let power = even ? 2 : 3; power <= freedom - 2; power += 2) {
    term *= (cosine * cosine * (power - 1)) / power;
    sum += term;
  }
  return even ? sine * sum : (2 / Math.PI) * (theta + sine * sum);
}

function requireFreedom(freedom: number): void {
  require(Number.isInteger(freedom) && freedom >= 1, "INVALID_ARGUMENT", () => ({
    what: "the degrees of freedom of a Student t distribution are not usable",
    expected: "a whole number of at least 1",
    received: String(freedom),
  }));
}
