/**
 * The environment variables of Roundoff, read here and nowhere else: ROUNDOFF_THREADS and ROUNDOFF_TIER for the
 * native kernels, XDG_CACHE_HOME for data. Everything below src/cli gets them as parameters.
 */
import { defaultCacheDirectory } from "../data/cache.ts";
import { TIERS, type Tier } from "../kernels/native-load.ts";
import { choiceOption, parseInteger } from "./option-values.ts";

export interface Environment {
  /** Threads of the native kernels; absent: all cores. */
  readonly threads?: number;
  /** Instruction-set tier of the native kernels; absent: the best one of this machine. */
  readonly tier?: Tier;
  /** Absolute path under which data sets are kept. */
  readonly cacheDirectory: string;
}

/** Throws INVALID_ARGUMENT for a thread count that is none, UNKNOWN_NAME for a tier that is none. Empty variables count as not set. */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): Environment {
  const threads = variables.ROUNDOFF_THREADS || undefined;
  const tier = variables.ROUNDOFF_TIER || undefined;
  return {
    threads:
      threads === undefined ? undefined : parseInteger("ROUNDOFF_THREADS", threads, { min: 1, max: 1024 }),
    tier: tier === undefined ? undefined : choiceOption("ROUNDOFF_TIER", TIERS)(tier),
    cacheDirectory: defaultCacheDirectory(variables),
  };
}
