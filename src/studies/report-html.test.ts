/** Checks that the page is whole: self-contained, escaped, repeatable, and naming everything a reader must know. */
import { describe, expect, it } from "vitest";
import { syntheticResults, syntheticRun, syntheticSpec } from "../../test/synthetic-study.ts";
import { htmlReport } from "./report-html.ts";
import type { ReportInput } from "./report-model.ts";
import { RULES } from "./verdict.ts";

const recipes: ReportInput["recipes"] = [
  { recipe: "fp32", paper: "the baseline", settings: { weights: "fp32" } },
  {
    recipe: "bf16",
    paper: "Kalamkar et al. 2019",
    settings: { weights: "bf16", rounding: "nearestEven" },
    choices: [{ what: "weights", setting: "bf16", basis: "ours", from: "because" }],
  },
  { recipe: "fp16-unscaled", paper: "Micikevicius et al. 2018", settings: { weights: "fp32" } },
];

function input(changes: Partial<ReportInput> = {}): ReportInput {
  return {
    spec: syntheticSpec(),
    results: syntheticResults(),
    recipes,
    machine: { Memory: "8 GB" },
    command: "roundoff study synthetic --out runs/synthetic",
    ...changes,
  };
}

describe("htmlReport", () => {
  const page = htmlReport(input());

  it("loads nothing and runs nothing", () => {
    expect(page).not.toMatch(/<script|<link|<img|@import|url\((?!#)|https?:\/\//);
    expect(page).toContain("default-src 'none'");
    const links = [...page.matchAll(/href="([^"]*)"/g)].map((match) => match[1]);
    expect(links).toHaveLength(9);
    expect(links.every((link) => link.startsWith("./"))).toBe(true);
  });

  it("names the question, data with hash, machine, kernels, seeds, commands, margin and every rule", () => {
    const facts = syntheticResults()[0].facts;
    for (const part of [
      "Is the report readable?",
      facts.data.sha256,
      facts.kernels.cpu,
      "native (avx512)",
      "8 GB",
      "0, 1, 2",
      "Roundoff 0.1.0, Node 20.20.2",
      "roundoff study synthetic --out runs/synthetic",
      ...syntheticResults().map((run) => run.facts.command),
      "±1 percentage point,",
      ...Object.values(RULES).map((rule) => rule.text),
      "Kalamkar et al. 2019",
      "(ours: because)",
    ])
      expect(page).toContain(part);
  });

  it("shows the verdicts and the three pictures", () => {
    expect(page).toContain(
      '<span class="chip worse">worse</span></td><td class="why">diverged: 2 of 3 seeds diverged',
    );
    expect(page.match(/<svg /g)).toHaveLength(3);
    expect(page).toContain('id="loss-main-clip"');
    expect(page).not.toMatch(/undefined|NaN|\[object/);
  });

  it("shows recipes beside each other, what equals the baseline in grey", () => {
    expect(page).toContain('<td class="own">fp32</td><td class="own">bf16</td><td class="same">fp32</td>');
    expect(page).toContain('<td class="own">–</td><td class="own">nearestEven</td><td class="same">–</td>');
  });

  it("escapes whatever comes from files", () => {
    const evil = `<script>alert("1")</script>`;
    const results = syntheticResults().map((run) => ({
      ...run,
      recordPath: `javascript:alert("1")`,
      facts: { ...run.facts, command: evil },
    }));
    const attacked = htmlReport(input({ spec: syntheticSpec({ title: evil }), results, command: evil }));
    expect(attacked).not.toContain("<script");
    expect(attacked).not.toContain('href="javascript');
    expect(attacked).toContain("&lt;script&gt;");
  });

  it("gives the same bytes for the same input", () => {
    expect(htmlReport(input())).toBe(page);
  });

  it("puts the answers side by side when there are several settings", () => {
    const settings = [
      { id: "main", title: "First" },
      { id: "control", title: "Second" },
    ];
    const two = htmlReport(input({ spec: syntheticSpec({ settings }) }));
    expect(page).not.toContain("At a glance");
    expect(two).toContain("At a glance");
    expect(two).toContain("No finished fp32 run, so there is nothing to compare with.");
  });

  it("draws distances of zero at the foot of the log axis, where all are zero too", () => {
    const spec = syntheticSpec({
      recipes: ["fp32", "reordered", "bf16"],
      variants: { reordered: { recipe: "fp32", batchOrder: "reversed" } },
      trajectory: { control: "reordered", factor: 1.5 },
    });
    const withDistance = (distance: (step: number) => number) =>
      [0, 1].flatMap((seed) =>
        spec.settings[0].recipes.map((recipe) => {
          const run = syntheticRun({ setting: "main", recipe, seed, accuracy: 0.9 });
          const base = syntheticRun({ setting: "main", recipe: "fp32", seed, accuracy: 0.9 });
          const added = recipe === "fp32" ? () => 0 : distance;
          return { ...run, steps: base.steps.map(({ step, loss }) => ({ step, loss: loss + added(step) })) };
        }),
      );
    for (const distance of [(step: number) => (step < 20 ? 0 : 0.01), () => 0]) {
      const drawn = htmlReport(input({ spec, results: withDistance(distance) }));
      const chart = /<h3>Distance from fp32<\/h3>.*?<\/figure>/s.exec(drawn)?.[0] ?? "";
      expect(chart.match(/<path /g)?.length).toBeGreaterThanOrEqual(2);
      expect(drawn).not.toMatch(/NaN|Infinity|undefined/);
    }
  });

  it("is a page even without any run", () => {
    const empty = htmlReport(input({ results: [] }));
    expect(empty).toContain("9 runs of this setting are missing");
    expect(empty).not.toMatch(/<svg|undefined|NaN/);
  });
});
