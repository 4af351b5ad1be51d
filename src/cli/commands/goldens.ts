/** `roundoff goldens DIR`: operations, gradients and optimizer steps against values that another framework computed. */
import type { Command } from "commander";
import { type CliContext, printResult } from "../context.ts";
import { NegativeResult } from "../failure.ts";
import { readGoldens } from "../goldens/manifest.ts";
import { type GoldenReport, runGoldens } from "../goldens/report.ts";
import { formatNumber } from "../progress.ts";
import { textTable } from "../text-table.ts";
import { declareCommand, declareKernels, type JsonOption, type KernelOption, kernelsFor } from "./declare.ts";

export function registerGoldens(program: Command, context: CliContext): void {
  const description = "compare operations, gradients and optimizer steps with those of another framework";
  declareKernels(declareCommand(program, "goldens <dir>", description)).action(
    async (directory: string, options: JsonOption & KernelOption) => {
      const goldens = await readGoldens(directory);
      const { kernels } = kernelsFor(context, options);
      const report = await runGoldens(goldens, { kernels, signal: context.takeSignal() });
      printResult(context, options.json ?? false, report, () => reportText(report));
      if (report.failed > 0)
        throw new NegativeResult(`${report.failed} of ${report.cases.length} golden cases failed`);
    },
  );
}

function reportText({ passed, failed, unsupported, cases }: GoldenReport): string {
  const rows = cases.map(({ name, op, ok, maxAbsError, maxRelError, reason }) => [
    name,
    op,
    ok ? "ok" : maxAbsError === null ? "—" : "FAILED",
    maxAbsError === null ? "" : formatNumber(maxAbsError),
    maxRelError === null ? "" : formatNumber(maxRelError),
    reason ?? "",
  ]);
  const table = textTable(["case", "operation", "result", "max abs error", "max rel error", "reason"], rows);
  return `${table}\n${passed} passed, ${failed} failed, ${unsupported} unsupported`;
}
