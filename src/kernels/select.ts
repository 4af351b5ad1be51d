/**
 * Which kernel set serves this process, and why. The choice is by arguments alone; nothing here reads the environment.
 * The JSON of `backendInfo` is that of `roundoff info`.
 */
import { availableParallelism } from "node:os";
import { RoundoffError, require, unknownName } from "../base/errors.ts";
import type { BulkKernels } from "./bulk.ts";
import type { KernelSet } from "./contract.ts";
import { createNativeKernels, type NativeKernels } from "./native.ts";
import {
  buildCommand,
  type LoadedAddon,
  loadAddon,
  type NativeInfo,
  TIERS,
  type Tier,
} from "./native-load.ts";
import { createReferenceBulkKernels } from "./reference/bulk.ts";
import { createReferenceKernels } from "./reference/kernel-set.ts";

export interface SelectOptions {
  /** Absent: native if it is available, else reference. */
  readonly prefer?: KernelSet["name"];
  /** Threads of the native kernels; default: the CPUs that this process may use. */
  readonly threads?: number;
  /** Instruction-set tier of the native kernels, one of TIERS; default: the fastest that runs here. */
  readonly tier?: string;
}

export interface KernelSetInfo {
  readonly name: KernelSet["name"];
  readonly available: boolean;
  /** Why it is or is not available. */
  readonly reason: string;
}

export interface BackendInfo {
  readonly cpu: { readonly features: readonly string[] };
  readonly threads: number;
  readonly kernelSets: readonly KernelSetInfo[];
  readonly selected: KernelSet["name"];
  /** Tier of the native kernels, when they are selected. */
  readonly tier?: Tier;
}

export interface SelectedKernels {
  readonly kernels: KernelSet;
  /** Whole arrays to and from formats, by the same set. */
  readonly bulk: BulkKernels;
  /** target = source, as `bulk` would go about it; `stream`: stored past the caches, where the set can. */
  readonly copyArray: NativeKernels["copyArray"];
  /** Native kernels only. */
  readonly peakOperations?: NativeKernels["peakOperations"];
  readonly info: BackendInfo;
}

/**
 * The kernels to use.
 * @throws RoundoffError KERNELS_UNAVAILABLE if `prefer` is "native" and they are not there, UNKNOWN_NAME for a tier that
 * does not exist, INVALID_ARGUMENT for one that does not run here.
 */
export function selectKernels(options: SelectOptions = {}): SelectedKernels {
  const loaded = loadAddon();
  if (options.prefer === "reference" || !("addon" in loaded)) return selectReference(loaded, options);
  const kernels = createNativeKernels(loaded.addon, {
    threads: options.threads,
    tier: availableTier(options.tier, loaded.addon.info()),
  });
  const info = describeKernels(loaded, "native", kernels.threads, kernels.tier);
  return {
    kernels,
    bulk: kernels.bulk,
    copyArray: (source, target, options) => kernels.copyArray(source, target, options),
    peakOperations: (carrier, steps) => kernels.peakOperations(carrier, steps),
    info,
  };
}

/**
 * The bulk kernels to use, for whoever needs nothing but formats: native where they are built, else the reference.
 * @throws RoundoffError as `selectKernels`.
 */
export function selectBulkKernels(options: SelectOptions = {}): BulkKernels {
  return selectKernels(options).bulk;
}

/** What `selectKernels` would choose, without starting threads. Throws for a tier as `selectKernels` does. */
export function backendInfo(options: SelectOptions = {}): BackendInfo {
  const loaded = loadAddon();
  if (options.prefer === "reference" || !("addon" in loaded)) return selectReference(loaded, options).info;
  const info = loaded.addon.info();
  const tier = availableTier(options.tier, info) ?? info.tiers.at(-1);
  return describeKernels(loaded, "native", options.threads ?? availableParallelism(), tier);
}

function availableTier(name: string | undefined, info: NativeInfo): Tier | undefined {
  const tier = TIERS.find((known) => known === name);
  if (tier === undefined) {
    if (name !== undefined) throw unknownName("instruction-set tier", name, TIERS);
    return undefined;
  }
  const notBuilt = info.notBuilt.includes(tier);
  require(info.tiers.includes(tier), "INVALID_ARGUMENT", () => ({
    what: `the native kernels cannot run as tier "${tier}" here`,
    expected: `one of ${info.tiers.join(", ")}`,
    received: notBuilt ? "a tier that was not built" : "a tier that this CPU does not run",
    hint: notBuilt ? `Build it with \`${buildCommand("--all-tiers")}\`.` : undefined,
  }));
  return tier;
}

function selectReference(loaded: LoadedAddon, { prefer }: SelectOptions): SelectedKernels {
  if (prefer === "native" && "reason" in loaded) {
    throw new RoundoffError("KERNELS_UNAVAILABLE", {
      what: "the native kernels are not available",
      received: loaded.reason,
      hint: `Build them with \`${buildCommand("--strict")}\`, or use the reference kernels.`,
    });
  }
  // The reference kernels run on the main thread.
  return {
    kernels: createReferenceKernels(),
    bulk: createReferenceBulkKernels(),
    copyArray: (source, target) => target.set(source),
    info: describeKernels(loaded, "reference", 1),
  };
}

/** The report on what was loaded and chosen; `selectKernels` and `backendInfo` give it for this machine. */
export function describeKernels(
  loaded: LoadedAddon,
  selected: KernelSet["name"],
  threads: number,
  tier?: Tier,
): BackendInfo {
  const native = "addon" in loaded ? loaded.addon.info() : undefined;
  return {
    cpu: { features: native?.features ?? [] },
    threads,
    kernelSets: [
      {
        name: "native",
        available: native !== undefined,
        reason: "reason" in loaded ? loaded.reason : nativeFacts(loaded.addon.info()),
      },
      { name: "reference", available: true, reason: "runs everywhere" },
    ],
    selected,
    tier,
  };
}

function nativeFacts({ tiers, notBuilt, problems }: NativeInfo): string {
  const left = notBuilt.length === 0 ? [] : [`not built: ${notBuilt.join(", ")}`];
  return [`tiers that run here: ${tiers.join(", ")}`, ...left, ...problems].join("; ");
}
