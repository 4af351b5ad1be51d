/**
 * What rounding did to an array: how many elements were lost at either end, and how large the error is. Knows nothing of
 * how values were rounded. Source of the terms: docs/numerics.md.
 */

export interface RoundingStatistics {
  readonly elements: number;
  /** Finite or infinite inputs whose result was clamped to the largest magnitude because it overflowed. */
  readonly saturated: number;
  /** Non-zero inputs that changed and were below the smallest normal (under their scale), or became zero. */
  readonly underflowed: number;
  /** Non-zero inputs that became zero. */
  readonly flushed: number;
  /** Non-zero results below the smallest normal. */
  readonly subnormal: number;
  /** Results that are NaN or ±Infinity. */
  readonly nonFinite: number;
  /** Largest |result − input| over the elements that are finite before and after; 0 if there are none. */
  readonly maxAbsError: number;
  /**
   * Signal to quantisation noise, 10·log10(Σ input² / Σ (result − input)²), over the same elements; Infinity if no
   * element changed.
   */
  readonly sqnrDb: number;
}

/** Gathers the statistics of one array, element by element. */
export interface StatisticsGatherer {
  /** `smallestNormal`: the magnitude below which a changed input has underflowed; the spacing, for integers. */
  add(input: number, result: number, smallestNormal: number): void;
  /** `saturated` is counted by whoever rounds: input and result alone do not tell. */
  finish(saturated: number): RoundingStatistics;
}

export function gatherStatistics(): StatisticsGatherer {
  let [elements, underflowed, flushed, subnormal, nonFinite] = [0, 0, 0, 0, 0];
  let [maxAbsError, signal, noise] = [0, 0, 0];
  return {
    add(input, result, smallestNormal) {
      elements++;
      const becameZero = result === 0 && input !== 0;
      const changedBelow = Math.abs(input) < smallestNormal && input !== result && input !== 0;
      if (becameZero) flushed++;
      if (becameZero || changedBelow) underflowed++;
      if (result !== 0 && Math.abs(result) < smallestNormal) subnormal++;
      if (!Number.isFinite(result)) nonFinite++;
      const error = Math.abs(result - input);
      // NaN if either is NaN, Infinity if one is infinite: neither has an error to measure.
      if (!(error < Infinity)) return;
      if (error > maxAbsError) maxAbsError = error;
      signal += input * input;
      noise += error * error;
    },
    finish(saturated) {
      const sqnrDb = noise === 0 ? Infinity : 10 * Math.log10(signal / noise);
      return { elements, saturated, underflowed, flushed, subnormal, nonFinite, maxAbsError, sqnrDb };
    },
  };
}
