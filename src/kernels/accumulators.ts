/**
 * Accumulator profiles by name: what the sum of products of a GEMM computes, and which operands it can take. Data; the
 * definitions to the bit are in contract/accumulators.ts and docs/numerics.md. Knows nothing of recipes or commands.
 */
import { RoundoffError, require, unknownName } from "../base/errors.ts";
import { format as findFormat } from "../formats/catalog.ts";
import { emin, type FloatFormat } from "../formats/format.ts";
import type { Accumulator, Carrier } from "./contract.ts";

/** A named way to add products, and the carrier whose products it adds. */
export interface AccumulatorProfile {
  readonly name: string;
  readonly carrier: Carrier;
  /** Absent: the carrier's own fast path. */
  readonly accumulator?: Accumulator;
  /** Values that operands may have. `bits`: integers of dynamic fixed point, at most this wide. */
  readonly operands: "any" | "bf16" | { readonly bits: number };
  /** One sentence for people. */
  readonly computes: string;
}

export const ACCUMULATOR_PROFILES: readonly AccumulatorProfile[] = [
  {
    name: "fp32",
    carrier: "f32",
    operands: "any",
    computes:
      "native: one chain of FP32 FMAs in the order of k (tier portable: product and sum rounded); reference: FP64, rounded once",
  },
  {
    name: "fp64",
    carrier: "f32",
    accumulator: { kind: "fp64" },
    operands: "any",
    computes: "exact products, sums in FP64 in the order of k, rounded once to FP32",
  },
  {
    name: "amxBf16",
    carrier: "bf16",
    accumulator: { kind: "amxBf16" },
    operands: "bf16",
    computes:
      "TDPBF16PS: FP32 FMA chains over even and over odd k of 32, then c + (even + odd); subnormals flushed",
  },
  {
    name: "vdpbf16",
    carrier: "bf16",
    accumulator: { kind: "vdpbf16" },
    operands: "bf16",
    computes: "VDPBF16PS: FP32 FMAs in pairs of k, the odd one first; subnormals flushed",
  },
  {
    name: "int32Spill",
    carrier: "i16",
    operands: { bits: 16 },
    computes:
      "exact products, INT32 chains as long as the operands prove safe, each added to an FP32 sum; reference: exact, rounded once",
  },
  {
    name: "int32",
    carrier: "i16",
    operands: { bits: 8 },
    computes: "exact products and one INT32 sum that cannot overflow, rounded once to FP32",
  },
];

/** What a name that is not in the table looks like. */
const ROUNDED_PATTERNS = ["fp16", "fp16c64", "bf16c32", "e6m9c64", "int32c128"];

/**
 * The profile of a name: of the table above, or a float format to which every sum is rounded, `c` and a number behind it
 * for chunks of so many products: `fp16`, `e6m9c64` (Wang et al. 2018). FP32 in strict order of k is `e8m23`.
 * @throws RoundoffError UNKNOWN_NAME; UNSUPPORTED for a format that FP32 does not hold or that has no sign or zero.
 */
export function accumulatorProfile(name: string): AccumulatorProfile {
  const named = ACCUMULATOR_PROFILES.find((profile) => profile.name.toLowerCase() === name.toLowerCase());
  if (named !== undefined) return named;
  const chain = /^int32c(\d+)$/i.exec(name)?.[1];
  if (chain !== undefined) return int32ChainProfile(Number(chain));
  const [, formatName, chunk] = name.match(/^(.+?)(?:c(\d+))?$/i) ?? [];
  const accumulator = roundedAccumulator(accumulatorFormat(name, formatName ?? ""), Number(chunk ?? 0));
  return {
    name: accumulatorName(accumulator),
    carrier: "f32",
    accumulator,
    operands: "any",
    computes: describeRounded(accumulator),
  };
}

/** INT32 chains of exactly so many products, whether they are safe or not. @throws RoundoffError INVALID_ARGUMENT. */
export function int32ChainProfile(chunk: number): AccumulatorProfile {
  require(Number.isSafeInteger(chunk) && chunk >= 1, "INVALID_ARGUMENT", () => ({
    what: "the chain of an accumulator is not a number of products",
    expected: "a whole number of at least 1",
    received: String(chunk),
  }));
  return {
    name: `int32c${chunk}`,
    carrier: "i16",
    accumulator: { kind: "int32Chain", chunk },
    operands: { bits: 16 },
    computes: `exact products, INT32 chains of ${chunk} that wrap where they overflow, each added to an FP32 sum`,
  };
}

type Rounded = Extract<Accumulator, { readonly kind: "rounded" }>;

function accumulatorFormat(name: string, formatName: string): FloatFormat {
  const found = formatOrUndefined(formatName);
  if (found === undefined) {
    throw unknownName("accumulator", name, [
      ...ACCUMULATOR_PROFILES.map((profile) => profile.name),
      ...ROUNDED_PATTERNS,
    ]);
  }
  require(found.kind === "float", "UNSUPPORTED", () => ({
    what: `sums cannot be rounded to ${found.name}`,
    expected: "a floating-point format, such as fp16 or e6m9",
    received: `a ${found.kind} format`,
  }));
  return found;
}

function formatOrUndefined(name: string) {
  try {
    return findFormat(name);
  } catch (error) {
    if (error instanceof RoundoffError && error.code === "UNKNOWN_NAME") return undefined;
    throw error;
  }
}

/** Sums rounded to `format`, in chunks of `chunk` products; 0: one chunk. @throws RoundoffError as accumulatorProfile. */
export function roundedAccumulator(format: FloatFormat, chunk = 0): Rounded {
  const insideFp32 = format.precision <= 24 && emin(format) >= -126 && format.maxFinite < 2 ** 128;
  require(format.hasSign && format.hasZero && insideFp32, "UNSUPPORTED", () => ({
    what: `sums cannot be rounded to ${format.name}`,
    expected: "a format with sign and zero whose values are FP32 values",
    received: format.name,
  }));
  require(Number.isSafeInteger(chunk) && chunk >= 0, "INVALID_ARGUMENT", () => ({
    what: "the chunk of an accumulator is not a number of products",
    expected: "a whole number; 0 for no chunks",
    received: String(chunk),
  }));
  return { kind: "rounded", format, chunk };
}

/** `fp16c64`; the name that `accumulatorProfile` takes. Rounded to FP32 without chunks is `e8m23`: `fp32` is the fast path. */
export function accumulatorName(accumulator: Accumulator): string {
  if (accumulator.kind === "int32Chain") return `int32c${accumulator.chunk}`;
  if (accumulator.kind !== "rounded") return accumulator.kind;
  const { format, chunk } = accumulator;
  if (chunk > 0) return `${format.name}c${chunk}`;
  return format.name === "fp32" ? "e8m23" : format.name;
}

function describeRounded({ format, chunk }: Rounded): string {
  const chunks = chunk === 0 ? "" : `, in chunks of ${chunk} whose sums are added in the same way`;
  return `exact products, every sum rounded once to ${format.name} in the order of k${chunks}`;
}

/** Which kernels run: facts of `roundoff info`. */
export interface KernelFacts {
  readonly selected: "native" | "reference";
  readonly tier?: string;
  readonly cpu: { readonly features: readonly string[] };
}

/** The profile that a matrix product of a carrier computes when no accumulator is named; docs/numerics.md has the table. */
export function carrierProfile(carrier: Carrier, { selected, tier, cpu }: KernelFacts): string {
  if (selected === "reference") return "fp64";
  if (carrier === "i16") return "int32Spill";
  if (carrier === "f32" || tier !== "avx512") return "fp32";
  if (cpu.features.includes("amxBf16")) return "amxBf16";
  return cpu.features.includes("fastDpbf16") ? "vdpbf16" : "fp32";
}
