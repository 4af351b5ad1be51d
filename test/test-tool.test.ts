/** The plain last line of the test run: it may never say success when something went wrong. */
import { describe, expect, it } from "vitest";

interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}
interface TestTool {
  readonly summarise: (report: unknown, exitCode: number) => Summary;
  readonly summaryLine: (summary: Summary) => string;
}

const toolUrl = new URL("../tools/test.mjs", import.meta.url).href;
const { summarise, summaryLine } = (await import(toolUrl)) as TestTool;

function report(
  counts: { passed: number; failed: number; pending?: number },
  files: unknown[] = [],
): unknown {
  return {
    numPassedTests: counts.passed,
    numFailedTests: counts.failed,
    numPendingTests: counts.pending ?? 0,
    numTodoTests: 0,
    testResults: files,
  };
}

describe("the summary of a test run", () => {
  it("counts passed, failed and skipped tests", () => {
    const summary = summarise(report({ passed: 7, failed: 2, pending: 1 }), 1);
    expect(summaryLine(summary)).toBe("7 passed, 2 failed, 1 skipped");
  });

  it("leaves out the skipped part when nothing was skipped", () => {
    expect(summaryLine(summarise(report({ passed: 7, failed: 0 }), 0))).toBe("7 passed, 0 failed");
  });

  it("counts a file that could not be loaded as a failure", () => {
    const broken = { status: "failed", assertionResults: [] };
    expect(summarise(report({ passed: 3, failed: 0 }, [broken]), 1).failed).toBe(1);
  });

  it("does not count a failing file twice", () => {
    const failing = { status: "failed", assertionResults: [{ status: "failed" }, { status: "passed" }] };
    expect(summarise(report({ passed: 1, failed: 1 }, [failing]), 1).failed).toBe(1);
  });

  it("counts a run without tests as a failure", () => {
    expect(summarise(report({ passed: 0, failed: 0 }), 0).failed).toBe(1);
  });

  it("counts an exit code that no test explains as a failure", () => {
    expect(summarise(report({ passed: 5, failed: 0 }), 1).failed).toBe(1);
  });
});
