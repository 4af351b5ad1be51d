/** Runs a folder of golden cases and says which agree. One bad case never hides another. */
import { RoundoffError } from "../../base/errors.ts";
import type { KernelSet } from "../../kernels/contract.ts";
import { type Comparison, compareValues } from "./compare.ts";
import type { GoldenCase, GoldenSet } from "./manifest.ts";
import { isOptimizerCase, runOptimizerCase } from "./optimizers.ts";
import { runCase } from "./run-case.ts";

export interface CaseReport {
  readonly name: string;
  readonly op: string;
  readonly ok: boolean;
  /** Null when nothing was computed. */
  readonly maxAbsError: number | null;
  readonly maxRelError: number | null;
  /** Why the case did not pass; null when it did. */
  readonly reason: string | null;
}

export interface GoldenReport {
  readonly passed: number;
  readonly failed: number;
  /** Cases of operations that Roundoff does not have; neither passed nor failed. */
  readonly unsupported: number;
  readonly cases: readonly CaseReport[];
}

export interface GoldenRunOptions {
  readonly kernels: KernelSet;
  readonly signal?: AbortSignal;
}

export async function runGoldens(
  goldens: GoldenSet,
  { kernels, signal }: GoldenRunOptions,
): Promise<GoldenReport> {
  const counts = { passed: 0, failed: 0, unsupported: 0 };
  const cases: CaseReport[] = [];
  for (const golden of goldens.cases) {
    if (signal?.aborted)
      throw new RoundoffError("INTERRUPTED", { what: "running the golden cases was interrupted" });
    const { outcome, report } = await reportCase(goldens, golden, kernels);
    counts[outcome]++;
    cases.push(report);
  }
  return { ...counts, cases };
}

interface CaseOutcome {
  readonly outcome: "passed" | "failed" | "unsupported";
  readonly report: CaseReport;
}

async function reportCase(goldens: GoldenSet, golden: GoldenCase, kernels: KernelSet): Promise<CaseOutcome> {
  const { name, op } = golden;
  try {
    const run = isOptimizerCase(golden) ? runOptimizerCase : runCase;
    const compared = (await run(goldens, golden, kernels)).map(
      ({ label, values, golden: { values: expected } }) => ({
        label,
        ...compareValues(values, expected, golden),
      }),
    );
    const maxAbsError = Math.max(...compared.map((result) => result.maxAbsError));
    const maxRelError = Math.max(...compared.map((result) => result.maxRelError));
    const reason = describeDifferences(compared);
    const ok = reason === null;
    return { outcome: ok ? "passed" : "failed", report: { name, op, ok, maxAbsError, maxRelError, reason } };
  } catch (error) {
    // A broken file is the user's to mend and stops everything; anything else is about this case only.
    if (!(error instanceof RoundoffError) || error.code === "DATA_CORRUPT") throw error;
    const outcome = error.code === "UNSUPPORTED" ? "unsupported" : "failed";
    return {
      outcome,
      report: { name, op, ok: false, maxAbsError: null, maxRelError: null, reason: error.message },
    };
  }
}

/** Names every array that differs, since which of them do is the best hint at why; null when none does. */
function describeDifferences(compared: readonly (Comparison & { readonly label: string })[]): string | null {
  const differing = compared.filter(({ worst }) => worst !== undefined);
  const [first] = differing;
  if (first?.worst === undefined) return null;
  const { index, value, golden } = first.worst;
  const labels = differing.map(({ label }) => label).join(", ");
  return `${differing.length} of ${compared.length} arrays differ (${labels}); ${first.label}: element ${index} is ${value}, golden ${golden}`;
}
