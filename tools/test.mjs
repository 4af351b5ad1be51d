/**
 * Runs every test (or those named on the command line) and ends with one plain line, `N passed, N failed`, that
 * scripts can read. The counts come from vitest's JSON report, not from its printed text. A test file that cannot be
 * loaded counts as one failure, and so does a run without a single test.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");

/**
 * What a vitest JSON report amounts to; `exitCode` is that of the vitest process.
 * An exit code that no test explains (an unhandled rejection, a crash while closing) is one failure.
 */
export function summarise(report, exitCode) {
  const unloadable = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  ).length;
  const passed = report.numPassedTests;
  const skipped = report.numPendingTests + report.numTodoTests;
  let failed = report.numFailedTests + unloadable;
  if (failed === 0 && (exitCode !== 0 || passed === 0)) failed = 1;
  return { passed, failed, skipped };
}

export function summaryLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

function runVitest(reportPath, names) {
  const vitest = join(ROOT, "node_modules", "vitest", "vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportPath}`];
  const result = spawnSync(process.execPath, [vitest, "run", ...reporters, ...names], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
  });
  return result.status ?? 1;
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    process.stderr.write(`test: vitest left no readable report: ${error.message}\n`);
    return { testResults: [], numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
  }
}

function main() {
  const folder = mkdtempSync(join(tmpdir(), "roundoff-test-"));
  try {
    const reportPath = join(folder, "report.json");
    const exitCode = runVitest(reportPath, process.argv.slice(2));
    const summary = summarise(readReport(reportPath), exitCode);
    process.stdout.write(`${summaryLine(summary)}\n`);
    process.exitCode = summary.failed > 0 ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main();
