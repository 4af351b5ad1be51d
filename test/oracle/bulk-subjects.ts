/** Every implementation of the bulk kernels that runs here. The oracle's tests judge all of them alike. */
import type { BulkKernels } from "../../src/kernels/bulk.ts";
import { createNativeKernels } from "../../src/kernels/native.ts";
import { loadAddon } from "../../src/kernels/native-load.ts";
import { createReferenceBulkKernels } from "../../src/kernels/reference/bulk.ts";

export interface BulkSubject {
  readonly name: string;
  readonly kernels: BulkKernels;
}

/**
 * The reference, and the native kernels of each tier, if they are built. One thread: thousands of small calls would spend
 * their time waking the others; that the number of threads changes no bit is tested on large arrays.
 */
export function bulkSubjects(): BulkSubject[] {
  const reference = { name: "reference", kernels: createReferenceBulkKernels() };
  const loaded = loadAddon();
  if ("reason" in loaded) return [reference];
  const { addon } = loaded;
  const native = addon.info().tiers.map((tier) => ({
    name: `native ${tier}`,
    kernels: createNativeKernels(addon, { tier, threads: 1 }).bulk,
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

/** What the oracle says, worked out once for all subjects: it takes longer than what it judges. */
export function remembered<T>(): (name: string, workOut: () => T) => T {
  const known = new Map<string, T>();
  return (name, workOut) => {
    const found = known.get(name) ?? workOut();
    known.set(name, found);
    return found;
  };
}
