/**
 * The native kernel set: C++ kernels behind the contract. Binds the externals and hands a plan to the addon; what the
 * kernels compute is in contract.ts, how fast is native/'s business.
 */

import { availableParallelism } from "node:os";
import { RoundoffError } from "../base/errors.ts";
import { boundArray } from "./bound-array.ts";
import type { ExternalArray, KernelSet, Plan, StoreRounding } from "./contract.ts";
import { encodePlan, encodeStore } from "./native-encode.ts";
import type { NativeAddon, Tier } from "./native-load.ts";

export interface NativeOptions {
  /** Default: the CPUs that this process may use. Results do not depend on it. */
  readonly threads?: number;
  /** Default: the fastest that runs here. Results may differ between tiers within the contract's bounds. */
  readonly tier?: Tier;
}

/** The key of stochastic rounding outside a plan: all uint32. */
export interface RoundingClock {
  readonly seedLow: number;
  readonly seedHigh: number;
  readonly step: number;
}

export interface NativeKernels extends KernelSet {
  readonly name: "native";
  readonly threads: number;
  readonly tier: Tier;
  /**
   * target[i] = source[i] rounded once from FP32, on all threads, before the call returns. The arrays have one length
   * and may be the same. For conversions and benchmarks; plans round on store.
   */
  roundArray(source: Float32Array, target: Float32Array, store: StoreRounding, clock?: RoundingClock): void;
}

const CLOCK_ZERO: RoundingClock = { seedLow: 0, seedHigh: 0, step: 0 };

/** @throws RoundoffError INVALID_ARGUMENT for a thread count or tier that this machine cannot give. */
export function createNativeKernels(addon: NativeAddon, options: NativeOptions = {}): NativeKernels {
  const { threads = availableParallelism(), tier = fastestTier(addon) } = options;
  const engine = translateErrors("the native kernels cannot be created", () =>
    addon.createEngine({ threads, tier }),
  );
  return {
    name: "native",
    threads,
    tier,
    prepare(plan, externals) {
      const arrays = bindExternals(plan, externals);
      const encoded = encodePlan(plan);
      const program = translateErrors("the plan cannot run", () => engine.prepare(encoded, arrays));
      return {
        async run() {
          // The call itself throws if the plan is running already; the promise rejects if memory runs out.
          await translateErrors("the plan cannot run", () => program.run()).catch((cause: unknown) => {
            throw addonError("the plan cannot run", cause);
          });
        },
      };
    },
    roundArray(source, target, store, { seedLow, seedHigh, step } = CLOCK_ZERO) {
      translateErrors("the array cannot be rounded", () =>
        engine.roundArray(source, target, encodeStore(store), [seedLow, seedHigh, step]),
      );
    },
  };
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

/** The addon throws plain TypeErrors that say what is wrong; users see RoundoffErrors only. */
function translateErrors<T>(what: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    throw addonError(what, cause);
  }
}

function addonError(what: string, cause: unknown): RoundoffError {
  const received = cause instanceof Error ? cause.message : String(cause);
  return new RoundoffError("INVALID_ARGUMENT", { what, received, cause });
}
