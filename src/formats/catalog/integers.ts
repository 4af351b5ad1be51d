/** The integer formats of the catalogue. What they are scaled by is chosen when they are used. */
import type { FixedFormat } from "../format.ts";

/** Limits of N in `int{N}`: at 24 bits and below, integer · 2^E is an FP32 value. */
export const INTEGER_BITS = { min: 2, max: 24 } as const;

const ALIASES: Readonly<Record<number, readonly string[]>> = {
  16: ["dfp16", "i16"],
  8: ["dfp8", "i8"],
  4: ["i4"],
};

/** `int{bits}`: signed integers of `bits` bits in two's complement, the most negative one unused. */
export function integerFormat(bits: number): FixedFormat {
  const aliases = ALIASES[bits] ?? [];
  return { kind: "fixed", name: `int${bits}`, aliases, bits, source: "Das et al. 2018" };
}

const CATALOGUED_BITS = Array.from({ length: 15 }, (_, i) => 16 - i);

export const INTEGER_FORMATS: readonly FixedFormat[] = CATALOGUED_BITS.map(integerFormat);
