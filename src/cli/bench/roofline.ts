/**
 * What this machine can do at best, measured beside the products: multiply-adds of each carrier in registers, and a copy of
 * arrays that no cache holds. Knows nothing of products.
 */
import type { Carrier } from "../../kernels/contract.ts";
import type { SelectedKernels } from "../../kernels/select.ts";
import type { Candidate, Timing } from "./measure.ts";

const CARRIERS = ["f32", "bf16", "i16"] as const satisfies readonly Carrier[];
const PROBE_MS = 8;
const COPY_ELEMENTS = 16 * 2 ** 20;

export interface Roofline {
  /** GFLOP/s (GOP/s) of each carrier in registers. */
  readonly gflops: Readonly<Record<Carrier, number>>;
  /** Read and written bytes of a copy from memory. */
  readonly copyGbPerSecond: number;
}

export interface RooflineProbe {
  readonly candidates: readonly Candidate[];
  /** The roofline of these candidates' timings, by medians. */
  read(timings: readonly Timing[]): Roofline;
}

/** Undefined where the kernels are not native: the reference has no peak to speak of. */
export function rooflineProbe({ peakOperations, copyArray }: SelectedKernels): RooflineProbe | undefined {
  if (peakOperations === undefined) return undefined;
  const source = new Float32Array(COPY_ELEMENTS).fill(1);
  const target = new Float32Array(COPY_ELEMENTS);
  const probes = CARRIERS.map((carrier) => {
    const steps = stepsFor(carrier, peakOperations);
    const operations = peakOperations(carrier, 1) * steps;
    return { operations, candidate: { name: carrier, run: async () => void peakOperations(carrier, steps) } };
  });
  const copy: Candidate = { name: "copy", run: async () => copyArray(source, target, { stream: false }) };
  return {
    candidates: [...probes.map(({ candidate }) => candidate), copy],
    read(timings) {
      const [f32, bf16, i16] = probes.map(({ operations }, i) => operations / (timings[i].medianMs * 1e6));
      const copyGbPerSecond = (8 * COPY_ELEMENTS) / (timings[probes.length].medianMs * 1e6);
      return { gflops: { f32, bf16, i16 }, copyGbPerSecond };
    },
  };
}

/** Steps that take about PROBE_MS. */
function stepsFor(carrier: Carrier, peakOperations: (carrier: Carrier, steps: number) => number): number {
  let steps = 1000;
  for (;;) {
    const start = process.hrtime.bigint();
    peakOperations(carrier, steps);
    const milliseconds = Number(process.hrtime.bigint() - start) / 1e6;
    if (milliseconds > PROBE_MS / 4) return Math.max(1, Math.round((steps * PROBE_MS) / milliseconds));
    steps *= 4;
  }
}

/** The most that work of so many operations and bytes can reach, GFLOP/s, and what bounds it. */
export function roofOf(
  { gflops, copyGbPerSecond }: Roofline,
  carrier: Carrier,
  { operations, bytes }: { readonly operations: number; readonly bytes: number },
): { readonly gflops: number; readonly bound: "compute" | "memory" } {
  const memory = (operations / bytes) * copyGbPerSecond;
  return memory < gflops[carrier]
    ? { gflops: memory, bound: "memory" }
    : { gflops: gflops[carrier], bound: "compute" };
}
