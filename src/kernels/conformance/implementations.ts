/** The kernel sets that conformance is tested on, one per instruction-set tier, and which are left out here, and why. */
import type { KernelSet } from "../contract.ts";
import { buildCommand, loadAddon, type Tier } from "../native-load.ts";
import { createReferenceKernels } from "../reference/kernel-set.ts";
import { selectKernels } from "../select.ts";

export interface Implementation {
  /** For test reports. */
  readonly name: string;
  readonly kernels: KernelSet;
  /** The same kernels on a number of threads, for sets that have threads. */
  readonly withThreads?: (threads: number) => KernelSet;
}

/** The FP32 reference and the native kernels of every tier that runs here. */
export function implementations(): Implementation[] {
  const loaded = loadAddon();
  const tiers = "addon" in loaded ? loaded.addon.info().tiers : [];
  return [{ name: "reference kernels", kernels: createReferenceKernels() }, ...tiers.map(nativeKernels)];
}

/** What implementations() leaves out although this machine could run it, and why: the names of skipped tests. */
export function leftOut(): string[] {
  const loaded = loadAddon();
  if ("reason" in loaded) return [`native kernels (skipped: ${loaded.reason})`];
  return loaded.addon
    .info()
    .notBuilt.map(
      (tier) => `native ${tier} kernels (skipped: not built, ${buildCommand("--all-tiers")} builds them)`,
    );
}

function nativeKernels(tier: Tier): Implementation {
  const withThreads = (threads: number): KernelSet =>
    selectKernels({ prefer: "native", tier, threads }).kernels;
  return { name: `native ${tier} kernels`, kernels: withThreads(2), withThreads };
}
