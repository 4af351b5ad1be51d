/** The kernel sets that conformance is tested on, and why one is left out on this machine. */
import type { KernelSet } from "../contract.ts";
import { createReferenceKernels } from "../reference/kernel-set.ts";

export interface Implementation {
  readonly name: string;
  readonly kernels: KernelSet;
  /** The reason why these kernels cannot run here. */
  readonly unavailable?: string;
  /** The same kernels on a number of threads, for sets that have threads. */
  readonly withThreads?: (threads: number) => KernelSet;
}

export function implementations(): Implementation[] {
  return [{ name: "reference", kernels: createReferenceKernels() }];
}
