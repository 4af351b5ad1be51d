/**
 * The native kernel set: C++ kernels behind the contract. Binds the externals and hands a plan to the addon; what the
 * kernels compute is in contract.ts, how fast is native/'s business.
 */

import { availableParallelism } from "node:os";
import { boundArray } from "./bound-array.ts";
import type { BulkKernels } from "./bulk.ts";
import type { Carrier, ExternalArray, KernelSet, Plan } from "./contract.ts";
import { createNativeBulkKernels } from "./native-bulk.ts";
import { CARRIERS, encodePlan } from "./native-encode.ts";
import { addonError, translateErrors } from "./native-errors.ts";
import type { NativeAddon, Tier } from "./native-load.ts";

export interface NativeOptions {
  /** Default: the CPUs that this process may use. Results do not depend on it. */
  readonly threads?: number;
  /** Default: the fastest that runs here. Results may differ between tiers within the contract's bounds. */
  readonly tier?: Tier;
}

export interface NativeKernels extends KernelSet {
  readonly name: "native";
  readonly threads: number;
  readonly tier: Tier;
  /** Whole arrays to and from formats, on all threads, before the call returns. */
  readonly bulk: BulkKernels;
  /**
   * target = source, cut among the threads as `bulk` cuts its work: what a conversion is measured against. `stream`:
   * stored past the caches. The arrays have one length and do not overlap.
   */
  readonly copyArray: (
    source: Float32Array,
    target: Float32Array,
    options: { readonly stream: boolean },
  ) => void;
  /**
   * Does what a carrier's products cost at least: its multiply-adds in registers, without a load, on all threads. Returns
   * how many operations that was, a multiply-add being two.
   */
  readonly peakOperations: (carrier: Carrier, steps: number) => number;
}

/** @throws RoundoffError INVALID_ARGUMENT for a thread count or tier that this machine cannot give. */
export function createNativeKernels(addon: NativeAddon, options: NativeOptions = {}): NativeKernels {
  const { threads = availableParallelism(), tier = fastestTier(addon) } = options;
  const engine = translateErrors("the native kernels cannot be created", () =>
    addon.createEngine({ threads, tier }),
  );
  const bulk = createNativeBulkKernels(engine);
  return {
    name: "native",
    threads,
    tier,
    prepare(plan, externals) {
      const arrays = bindExternals(plan, externals);
      const encoded = encodePlan(plan);
      const program = translateErrors("the plan cannot run", () => engine.prepare(encoded, arrays));
      return {
        async run(first) {
          await started(() => program.run(first));
        },
        async profile() {
          return (await started(() => program.run(0, true)))!;
        },
        dispose() {
          translateErrors("the plan cannot be disposed of", () => program.release());
        },
      };
    },
    bulk,
    copyArray(source, target, { stream }) {
      translateErrors("the array cannot be copied", () => engine.bulkCopy(source, target, stream));
    },
    peakOperations(carrier, steps) {
      return translateErrors("the rate cannot be measured", () =>
        engine.peakOperations(CARRIERS.indexOf(carrier), steps),
      );
    },
  };
}

/** The call itself throws if the plan is running already; the promise rejects if memory runs out. */
function started<T>(run: () => Promise<T>): Promise<T> {
  return translateErrors("the plan cannot run", run).catch((cause: unknown) => {
    throw addonError("the plan cannot run", cause);
  });
}

function fastestTier(addon: NativeAddon): Tier {
  return addon.info().tiers.at(-1) ?? "portable";
}

/** The arrays of the external buffers, in order. */
function bindExternals(plan: Plan, externals: ReadonlyMap<string, ExternalArray>): ExternalArray[] {
  return plan.buffers
    .filter(({ place }) => place === "external")
    .map((buffer) => boundArray(buffer, externals, buffer.dtype === "i32" ? Int32Array : Float32Array));
}
