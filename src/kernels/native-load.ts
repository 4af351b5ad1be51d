/**
 * Finds and opens the compiled addon, or says why there is none. The interface of the addon in TypeScript is here: the
 * only file that knows it besides native/binding/. Truth: native/binding/addon.cpp, tools/build-native.mjs.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { ExternalArray } from "./contract.ts";

/** Numbers of a store rounding, in this order; booleans as 0 or 1, names as their index in ROUNDINGS and OVERFLOWS. */
export const STORE_ORDER = [
  "precision",
  "emin",
  "maxFinite",
  "hasInfinity",
  "hasNaN",
  "hasNegativeZero",
  "hasSubnormals",
  "rounding",
  "overflow",
  "tensorId",
] as const;

/** Numbers of the format of codes in memory, in this order; `infinity` and `nan` are codes, −1 for none. */
export const CODE_ORDER = ["bits", "precision", "emin", "maxFinite", "infinity", "nan"] as const;

export interface AddonBuffer {
  readonly external: boolean;
  readonly offset: number;
  /** Index in DTYPES. */
  readonly dtype: number;
  readonly elements: number;
  /** In CODE_ORDER; of code8 and code16. */
  readonly codes?: readonly number[];
}

export interface AddonOperand {
  readonly buffer: number;
  readonly dtype: number;
  readonly shape: readonly number[];
  /** In STORE_ORDER. */
  readonly store?: readonly number[];
}

export interface AddonCommand {
  readonly op: string;
  readonly inputs: readonly AddonOperand[];
  readonly outputs: readonly AddonOperand[];
  readonly attrs: readonly number[];
  readonly epilogue?: readonly AddonEpilogueStep[];
  readonly amax?: AddonOperand;
  readonly signs?: AddonOperand;
}

export interface AddonEpilogueStep {
  /** Index in EPILOGUE_STEP_OPS. */
  readonly op: number;
  readonly attrs: readonly number[];
  /** In STORE_ORDER. */
  readonly round?: readonly number[];
  readonly operand?: AddonOperand;
  readonly resultFirst: number;
}

export interface AddonPlan {
  readonly buffers: readonly AddonBuffer[];
  readonly arenaBytes: number;
  readonly commands: readonly AddonCommand[];
  readonly clockBuffer: number;
}

/** Numbers of a format of elements and how to round into it, in this order. `kind`: 0 float, 1 posit, 2 integer. */
export const ELEMENT_ORDER = [
  "kind",
  "bits",
  "bias",
  "hasSign",
  "hasZero",
  "precision",
  "emin",
  "maxFinite",
  "hasInfinity",
  "hasNaN",
  "hasNegativeZero",
  "hasSubnormals",
  "rounding",
  "overflow",
  "randomBits",
  "tensorId",
] as const;

/** Kinds of scale, same order as ScaleKind in native/include/bulk.h. */
export const SCALE_KINDS = ["e8m0", "sharedExponent", "twoLevel", "symmetric", "affine"] as const;

/** Numbers of a scale and of the layout of its groups, in this order; the last three are of the lower of two levels. */
export const SCALE_ORDER = [
  "kind",
  "rule",
  "outer",
  "rows",
  "columns",
  "inner",
  "blockRows",
  "blockColumns",
  "slices",
  "scalePrecision",
  "scaleEmin",
  "scaleMax",
] as const;

/** Numbers of a call of bulkRound beside its format; `elements`: give elements under a step of 1 instead of values. */
export const CALL_ORDER = ["seedLow", "seedHigh", "step", "statistics", "elements"] as const;

/** What bulkRound measures. */
export const TALLY_ORDER = [
  "saturated",
  "underflowed",
  "flushed",
  "subnormal",
  "nonFinite",
  "maxAbsError",
  "signal",
  "noise",
  "tensorScale",
] as const;

/** The numbers that groups of elements share: of a rounding filled in, of a decoding read. */
export interface KeptNumbers {
  readonly scales: Float32Array;
  /** Affine integers only. */
  readonly zeroPoints?: Int32Array;
}

export interface AddonScales extends KeptNumbers {
  /** In SCALE_ORDER. */
  readonly scale: Float64Array;
}

/** Without `scale` the format has none. */
export interface AddonDecoding extends Partial<AddonScales> {
  /** In ELEMENT_ORDER. */
  readonly element: Float64Array;
  readonly tensorScale: number;
}

/** The instruction-set tiers, slowest first. `portable` runs everywhere. */
export const TIERS = ["portable", "avx2", "avx512"] as const;
export type Tier = (typeof TIERS)[number];

/** Threads, scratch memory and the kernels of one tier. Plans of one engine run one after the other. */
export interface NativeEngine {
  /** `externals`: the arrays of the external buffers, in order. Throws TypeError if the plan is not sound. */
  prepare(
    plan: AddonPlan,
    externals: readonly ExternalArray[],
  ): {
    /** With `timed`, the seconds that each command took. */
    run(first?: number, timed?: boolean): Promise<Float64Array | undefined>;
    /** Frees the memory now. */
    release(): void;
  };
  /**
   * y = x in a format, on all threads, before the call returns; y may be x. `numbers`: in ELEMENT_ORDER, CALL_ORDER and,
   * if the format has scales, SCALE_ORDER. Fills `tally`, in TALLY_ORDER, and `kept` if it is there.
   */
  bulkRound(
    x: Float32Array,
    y: Float32Array,
    numbers: Float64Array,
    tally: Float64Array,
    kept: KeptNumbers | undefined,
  ): void;
  /** Elements under a step of 1 (affine: codes) → packed codes; `element`: in ELEMENT_ORDER. Returns how many have no code. */
  bulkEncode(elements: Float32Array, codes: Uint8Array, element: Float64Array): number;
  /** Packed codes → values. Returns the index of the first code that stands for nothing, or −1. */
  bulkDecode(codes: Uint8Array, y: Float32Array, request: AddonDecoding): number;
  /** y = x, cut among the threads as bulkRound cuts it; `stream`: stored past the caches. */
  bulkCopy(x: Float32Array, y: Float32Array, stream: boolean): void;
  /** Multiply-adds of a carrier (its index) in registers, `steps` steps on every thread; returns how many operations. */
  peakOperations(carrier: number, steps: number): number;
}

/** What the addon finds on this machine. Tiers are in the order of TIERS. */
export interface NativeInfo {
  /** What the CPU offers, the operating system grants and passed its self-test. */
  readonly features: readonly string[];
  /** Why the kernels leave alone something that the CPU offers, one sentence each. */
  readonly problems: readonly string[];
  /** The tiers that run here. */
  readonly tiers: readonly Tier[];
  /** The tiers that the CPU would run, but that this build left out. */
  readonly notBuilt: readonly Tier[];
}

export interface NativeAddon {
  info(): NativeInfo;
  createEngine(options: { readonly threads: number; readonly tier: Tier }): NativeEngine;
}

/** The addon, or the reason why there is none. */
export type LoadedAddon = { readonly addon: NativeAddon } | { readonly reason: string };

/** The same from src/kernels and from dist/kernels: two levels below the package. */
const BUILD = new URL("../../build/", import.meta.url);

/** The command that builds the kernels, to be run from the working directory. */
export function buildCommand(...options: string[]): string {
  const tool = relative(process.cwd(), fileURLToPath(new URL("../tools/build-native.mjs", BUILD)));
  return ["node", tool, ...options].join(" ");
}

/** Opens build/roundoff.node. Never throws: a broken addon is a reason like a missing one. */
export function loadAddon(build: URL = BUILD): LoadedAddon {
  const path = fileURLToPath(new URL("roundoff.node", build));
  if (!existsSync(path)) return { reason: buildRecord(build) };
  try {
    const loaded: unknown = createRequire(import.meta.url)(path);
    if (isAddon(loaded)) return { addon: loaded };
    return { reason: "build/roundoff.node is not this project's addon" };
  } catch (error) {
    return {
      reason: `build/roundoff.node does not load: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

/** What the last build wrote about its failure. */
function buildRecord(build: URL): string {
  try {
    const record: unknown = JSON.parse(readFileSync(new URL("native.json", build), "utf8"));
    if (typeof record === "object" && record !== null && "reason" in record) {
      return `not built: ${String(record.reason)}`;
    }
  } catch {
    // No record: nothing was ever built here.
  }
  return `not built: run \`${buildCommand()}\``;
}

function isAddon(value: unknown): value is NativeAddon {
  return (
    typeof value === "object" &&
    value !== null &&
    "info" in value &&
    typeof value.info === "function" &&
    "createEngine" in value &&
    typeof value.createEngine === "function"
  );
}
