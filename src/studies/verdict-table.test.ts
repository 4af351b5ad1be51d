/** Checks the text table: alignment, what each verdict says for itself, and the empty table. */
import { describe, expect, it } from "vitest";
import { syntheticResults, syntheticSpec } from "../../test/synthetic-study.ts";
import { summarise } from "./summary.ts";
import { formatVerdictTable, reasonCell, verdictCell } from "./verdict-table.ts";

describe("formatVerdictTable", () => {
  const { rows } = summarise(syntheticSpec(), syntheticResults());

  it("aligns decimals and says the verdict with its rule", () => {
    expect(formatVerdictTable(rows).split("\n")).toEqual([
      "main (lenet)",
      "recipe         accuracy %     gap   90 % interval   TOST p  seed spread  seeds  verdict     why",
      "─────────────  ──────────  ──────  ──────────────  ───────  ───────────  ─────  ──────────  ───────────────────────────────",
      "fp32                90.70       –               –        –         0.20      3  baseline",
      "bf16                90.65   −0.05  [−0.13, +0.03]  < 0.001         0.25      3  equivalent  inside-margin",
      "fp16-unscaled       30.33  −60.37               –        –        35.22      3  worse       diverged: 2 of 3 seeds diverged",
      "",
    ]);
  });

  it("says what is a control, and when the baseline failed", () => {
    const [fp32, bf16] = rows;
    expect(reasonCell({ ...bf16, control: true })).toBe("inside-margin (control)");
    expect(reasonCell({ ...bf16, rule: "too-wide" })).toBe("too-wide");
    expect(verdictCell({ ...fp32, verdict: "not shown" })).toBe("not shown");
  });

  it("has a sentence for no rows", () => {
    expect(formatVerdictTable([])).toBe("no finished runs to compare\n");
  });
});
