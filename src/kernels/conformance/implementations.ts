/** The kernel sets that conformance is tested on, one per instruction-set tier, and why one is left out here. */
import type { KernelSet } from "../contract.ts";
import { loadAddon, type Tier } from "../native-load.ts";
import { createReferenceKernels } from "../reference/kernel-set.ts";
import { selectKernels } from "../select.ts";

export interface Implementation {
  /** For test reports; says so if the kernels cannot run here, and why. */
  readonly name: string;
  /** Absent if the kernels cannot run here. */
  readonly kernels?: KernelSet;
  /** The same kernels on a number of threads, for sets that have threads. */
  readonly withThreads?: (threads: number) => KernelSet;
}

/** The FP32 reference and the native kernels of every tier that this machine runs. */
export function implementations(): Implementation[] {
  return [{ name: "reference kernels", kernels: createReferenceKernels() }, ...nativeImplementations()];
}

function nativeImplementations(): Implementation[] {
  const loaded = loadAddon();
  if ("reason" in loaded) return [{ name: `native kernels (skipped: ${loaded.reason})` }];
  return loaded.addon.info().tiers.map((tier: Tier) => {
    const withThreads = (threads: number): KernelSet =>
      selectKernels({ prefer: "native", tier, threads }).kernels;
    return { name: `native ${tier} kernels`, kernels: withThreads(2), withThreads };
  });
}
