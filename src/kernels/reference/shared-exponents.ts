/**
 * The factor that turns a sum of integer products back into real numbers: 2^(Ea + Eb) for the carrier i16, 1 for the
 * others. Source: Das et al. 2018, section 3; the marker is defined with the format.
 */
import { type Carrier, EXPONENT_NOT_A_NUMBER } from "../contract.ts";
import type { RefTensor } from "./tensor.ts";

/** NaN if an operand has no exponent because it held NaN or Inf: then every output is NaN. */
export function productScale(carrier: Carrier, exponents: readonly RefTensor[]): number {
  if (carrier !== "i16") return 1;
  const [ea, eb] = exponents.map((tensor) => tensor.data[0]);
  if (ea === EXPONENT_NOT_A_NUMBER || eb === EXPONENT_NOT_A_NUMBER) return Number.NaN;
  // |Ea + Eb| ≤ 2·163, so the power of two is a normal FP64 number and exact.
  return 2 ** (ea + eb);
}
