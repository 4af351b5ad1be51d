/**
 * The implementations that the oracle judges, behind one call: round an array of FP32 values to a format.
 * What the product computes is its own business; nothing here rounds.
 */
import type { FloatFormat, Overflow, Rounding } from "../../src/formats/format.ts";
import { roundToFormat } from "../../src/formats/round.ts";
import { createNativeKernels } from "../../src/kernels/native.ts";
import type { LoadedAddon, Tier } from "../../src/kernels/native-load.ts";

export interface RoundingRequest {
  readonly format: FloatFormat;
  /** Any mode but stochastic, which has no fixed result for an input. */
  readonly mode: Exclude<Rounding, "stochastic">;
  readonly overflow: Overflow;
}

export interface Subject {
  readonly name: string;
  /** target[i] = source[i] rounded; the arrays have one length. */
  round(source: Float32Array, target: Float32Array, request: RoundingRequest): void;
}

/** The readable truth, element by element. */
export const referenceSubject: Subject = {
  name: "reference",
  round(source, target, { format, mode, overflow }) {
    for (let i = 0; i < source.length; i++) target[i] = roundToFormat(source[i], format, mode, overflow);
  },
};

/** The native kernels of each tier that runs here (or of those named), on all threads. */
export function nativeSubjects(loaded: LoadedAddon, tiers?: readonly Tier[]): Subject[] {
  if ("reason" in loaded) return [];
  const available = loaded.addon.info().tiers;
  return available.filter((tier) => tiers?.includes(tier) ?? true).map((tier) => nativeSubject(loaded, tier));
}

function nativeSubject(loaded: LoadedAddon, tier: Tier): Subject {
  if ("reason" in loaded) throw new Error(loaded.reason);
  const kernels = createNativeKernels(loaded.addon, { tier });
  return {
    name: `native ${tier}`,
    round(source, target, { format, mode, overflow }) {
      kernels.bulk.round(source, target, { format, rounding: mode, overflow, statistics: false });
    },
  };
}
