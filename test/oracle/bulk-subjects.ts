/** Every implementation of the bulk kernels that runs here. The oracle's tests judge all of them alike. */
import type { BulkKernels } from "../../src/kernels/bulk.ts";
import { createReferenceBulkKernels } from "../../src/kernels/reference/bulk.ts";

export interface BulkSubject {
  readonly name: string;
  readonly kernels: BulkKernels;
}

export function bulkSubjects(): BulkSubject[] {
  return [{ name: "reference", kernels: createReferenceBulkKernels() }];
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
