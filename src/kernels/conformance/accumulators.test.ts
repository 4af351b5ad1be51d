/**
 * Accumulator profiles, bit for bit: the native kernels of every tier against the reference, one and two threads, and the
 * carriers' own fast paths against the profile that each is said to be.
 */
import { describe, expect, it } from "vitest";
import { floatFormat } from "../../formats/catalog.ts";
import type { Accumulator, Carrier, KernelSet } from "../contract.ts";
import { createNativeKernels } from "../native.ts";
import { loadAddon, type Tier } from "../native-load.ts";
import { createReferenceKernels } from "../reference/kernel-set.ts";
import {
  accumulatedConvolutionCases,
  accumulatedMatmulCases,
  int32ChainCases,
  manyMagnitudes,
} from "./accumulator-cases.ts";
import { differences } from "./differences.ts";
import { leftOut } from "./implementations.ts";
import { type AnyOpRun, runOp } from "./run-op.ts";

const loaded = loadAddon();
const info = "addon" in loaded ? loaded.addon.info() : undefined;
const reference = createReferenceKernels();

function kernelsOf(tier: Tier, threads = 2): KernelSet {
  if ("reason" in loaded) throw new Error(loaded.reason);
  return createNativeKernels(loaded.addon, { tier, threads });
}

/** The reference is slow: each case once. */
const known = new Map<AnyOpRun, Promise<Float64Array>>();
function expected(run: AnyOpRun): Promise<Float64Array> {
  const found = known.get(run) ?? runOp(reference, run).then(([c]) => c);
  known.set(run, found);
  return found;
}

function nameOf({ op, attrs, inputs }: AnyOpRun): string {
  const accumulator = (attrs as { readonly accumulator?: Accumulator }).accumulator;
  const how =
    accumulator?.kind === "rounded" ? `${accumulator.format.name} c${accumulator.chunk}` : accumulator?.kind;
  return `${op} ${inputs.map(({ shape }) => `[${shape.join(", ")}]`).join(" ")} ${how}`;
}

const CASES = [...accumulatedMatmulCases(), ...accumulatedConvolutionCases(), ...int32ChainCases()];

it.skip.each(leftOut())("%s", () => undefined);

describe.each(info?.tiers ?? [])("native %s accumulators", (tier) => {
  const kernels = kernelsOf(tier);

  it("give the bits of the reference", async () => {
    for (const run of CASES) {
      const [actual] = await runOp(kernels, run);
      expect(differences(actual, await expected(run)), nameOf(run)).toEqual([]);
    }
  });

  it("give the same bits on one thread", async () => {
    const alone = kernelsOf(tier, 1);
    for (const run of CASES) {
      const [[actual], [together]] = [await runOp(alone, run), await runOp(kernels, run)];
      expect(differences(actual, together), nameOf(run)).toEqual([]);
    }
  });
});

/** [17, 301] · [301, 37] on a carrier: as an accumulator profile adds, or without one as the carrier does. */
function product(carrier: Carrier, precision: number, middle: number, accumulator?: Accumulator): AnyOpRun {
  return {
    op: "matmul",
    attrs: { transA: false, transB: false, carrier, accumulator },
    inputs: [
      { shape: [17, 301], values: manyMagnitudes(17 * 301, 350, precision, middle) },
      { shape: [301, 37], values: manyMagnitudes(301 * 37, 351, precision, middle) },
    ],
    outputs: [{ shape: [17, 37] }],
  };
}

describe.each((info?.tiers ?? []).filter((tier) => tier !== "portable"))(
  "the carriers of tier %s",
  (tier) => {
    const kernels = kernelsOf(tier);
    const fp32: Accumulator = { kind: "rounded", format: floatFormat("fp32"), chunk: 0 };

    it("f32 is one chain of FP32 FMAs in the order of k", async () => {
      const [actual] = await runOp(kernels, product("f32", 24, 0));
      expect(differences(actual, await expected(product("f32", 24, 0, fp32)))).toEqual([]);
    });

    const features = tier === "avx512" ? (info?.features ?? []) : [];
    const amx = features.includes("amxBf16");
    const pairs = !amx && features.includes("fastDpbf16");
    const profile = amx ? "amxBf16" : pairs ? "vdpbf16" : "fp32";
    const absent = amx ? "" : " (TDPBF16PS itself is not tested: this processor, or this tier, has no AMX)";

    // Chips may differ from the profile in one point that only subnormal products show; `info` says so then.
    const differs =
      info?.problems.some((problem) => problem.includes("unlike accumulator profile amxBf16")) === true;
    it.each(differs ? [0] : [0, -65])(`bf16 is ${profile}, values around 2^%i${absent}`, async (middle) => {
      // Without pairs the operands are widened, and nothing is flushed.
      const accumulator = profile === "fp32" ? fp32 : ({ kind: profile } as const);
      const [actual] = await runOp(kernels, product("bf16", 8, middle));
      const carrier = profile === "fp32" ? "f32" : "bf16";
      expect(differences(actual, await expected(product(carrier, 8, middle, accumulator)))).toEqual([]);
    });
  },
);
