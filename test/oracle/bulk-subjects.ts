/** Every implementation of the bulk kernels that runs here. The oracle's tests judge all of them alike. */
import type { BulkKernels } from "../../src/kernels/bulk.ts";
import { createNativeKernels } from "../../src/kernels/native.ts";
import { loadAddon } from "../../src/kernels/native-load.ts";
import { createReferenceBulkKernels } from "../../src/kernels/reference/bulk.ts";

export interface BulkSubject {
  readonly name: string;
  readonly kernels: BulkKernels;
}

/** The reference, and the native kernels of each tier, if they are built. */
export function bulkSubjects(): BulkSubject[] {
  const reference = { name: "reference", kernels: createReferenceBulkKernels() };
  const loaded = loadAddon();
  if ("reason" in loaded) return [reference];
  const { addon } = loaded;
  const native = addon.info().tiers.map((tier) => ({
    name: `native ${tier}`,
    kernels: createNativeKernels(addon, { tier }).bulk,
  }));
  return [reference, ...native];
}

export interface Patterned {
  readonly patterns: Uint32Array;
  readonly values: Float32Array;
}

/** One array of FP32 numbers, seen as patterns and as values. */
export function patterned(patterns: ArrayLike<number>): Patterned {
  const words = Uint32Array.from(patterns);
  return { patterns: words, values: new Float32Array(words.buffer) };
}
