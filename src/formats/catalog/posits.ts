/** The posits of the catalogue. Truth: Standard for Posit Arithmetic (2022), where every posit has 2 exponent bits. */
import type { PositFormat } from "../format.ts";

function posit(bits: number): PositFormat {
  const source = "Standard for Posit Arithmetic 2022";
  return { kind: "posit", name: `posit${bits}`, aliases: [`posit${bits}es2`], bits, exponentBits: 2, source };
}

export const POSIT_FORMATS: readonly PositFormat[] = [posit(16), posit(8)];
