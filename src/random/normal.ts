/**
 * Normal deviates that are the same on every engine. ECMAScript leaves Math.log and Math.cos approximate, so this file
 * uses only + − × ÷, √ (correctly rounded by every engine, being one machine instruction) and its own logarithm.
 * Knows nothing of streams. Source: Marsaglia's polar method (Marsaglia & Bray 1964; Knuth, TAOCP 2, 3.4.1 C).
 */

/** A source of standard normal deviates drawn from `uint32`. Two words per try; 21 % of tries are rejected. */
export function polarNormal(uint32: () => number): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const second = spare;
      spare = undefined;
      return second;
    }
    for (;;) {
      const u = symmetricUniform(uint32());
      const v = symmetricUniform(uint32());
      const s = u * u + v * v;
      if (s >= 1) continue;
      const stretch = Math.sqrt((-2 * logarithm(s)) / s);
      spare = v * stretch;
      return u * stretch;
    }
  };
}

/** The midpoint of cell `word` of 2^32 equal cells of (−1, 1): symmetric, and never 0. */
function symmetricUniform(word: number): number {
  return (word + 0.5) * 2 ** -31 - 1;
}

const view = new DataView(new ArrayBuffer(8));

/**
 * ln x of a positive normal double, within 2 ulp of the larger of |ln x| and 0.35: x = 2^e · m with m in [√½, √2), ln m =
 * 2 artanh z, z = (m − 1)/(m + 1), |z| < 0.172, by its power series.
 */
export function logarithm(x: number): number {
  view.setFloat64(0, x);
  const high = view.getUint32(0);
  let exponent = (high >>> 20) - 1023;
  view.setUint32(0, (high & 0xfffff) | (1023 << 20));
  let significand = view.getFloat64(0);
  if (significand >= Math.SQRT2) {
    significand /= 2;
    exponent++;
  }
  const z = (significand - 1) / (significand + 1);
  const square = z * z;
  // Horner over z^(2k)/(2k + 1), k = 10 … 0: the first term left out is below 2^−62 of the sum.
  let sum = 0;
  for (let odd = 21; odd >= 1; odd -= 2) sum = sum * square + 1 / odd;
  return exponent * Math.LN2 + 2 * z * sum;
}
