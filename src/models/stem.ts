/** The first convolution of a network comes in a size for large pictures and one for small ones; other sizes are refused. */
import { RoundoffError } from "../base/errors.ts";

/** @throws RoundoffError INVALID_ARGUMENT unless `stemKernel` is one of `known`. */
export function requireStem(network: string, stemKernel: number, known: readonly number[]): void {
  if (known.includes(stemKernel)) return;
  throw new RoundoffError("INVALID_ARGUMENT", {
    what: `there is no such stem of ${network}`,
    expected: `stemKernel one of ${known.join(", ")}`,
    received: String(stemKernel),
  });
}
