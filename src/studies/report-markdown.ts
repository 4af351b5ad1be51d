/** A study as Markdown: findings, verdict tables, rules and facts, for a README, an issue or a terminal. */
import { findings } from "./findings.ts";
import type { ReportInput } from "./report-model.ts";
import { collectFacts, describeSetting, explainRules, recipeTable } from "./report-model.ts";
import { flushedTable, overflowSentences } from "./report-rounding.ts";
import type { RunResult } from "./run-result.ts";
import type { StudySetting, StudySpec } from "./spec.ts";
import { stepCostCaption, stepCostTable } from "./step-costs.ts";
import { summarise } from "./summary.ts";
import { trajectoryRows } from "./trajectories.ts";
import { TRAJECTORY_COLUMNS, trajectoryCaption } from "./trajectory-table.ts";
import { VERDICT_COLUMNS } from "./verdict-table.ts";

/** The report without curves; ends with a newline. */
export function markdownReport(input: ReportInput): string {
  const { spec, recipes } = input;
  const summary = summarise(spec, input.results);
  const rules = explainRules(spec);
  const settings = findings(spec, summary).flatMap(({ setting, sentences }) => [
    `## ${inline(setting.title)}`,
    sentences.map(inline).join(" "),
    table(
      VERDICT_COLUMNS.map((column) => column.title),
      summary.rows
        .filter((row) => row.setting === setting.id)
        .map((row) => VERDICT_COLUMNS.map((c) => c.cell(row))),
      VERDICT_COLUMNS.map((column) => column.align),
    ),
    ...trajectoryBlocks(spec, setting, input.results),
    ...roundingBlocks(setting, input.results),
    describeSetting(setting)
      .map((fact) => `${fact.title}: ${inline(fact.values.join(", "))}`)
      .join("; "),
  ]);
  const blocks = [
    `# ${inline(spec.title)}`,
    inline(spec.question),
    ...settings,
    ...costBlocks(input),
    "## Recipes",
    table(
      ["", ...recipes.map((recipe) => recipe.recipe)],
      [
        ["paper", ...recipes.map((recipe) => recipe.paper)],
        ...recipeTable(recipes).map((row) => [row.title, ...row.values]),
      ],
    ),
    "## How the verdicts were reached",
    rules.definitions.map((sentence) => `- ${sentence}`).join("\n"),
    table(
      ["rule", "verdict", "applies when (the first that does)"],
      rules.rules.map(({ rule, verdict, text }) => [rule, verdict, text]),
    ),
    "## Made with",
    table(
      ["", ""],
      collectFacts(input).map((fact) => [fact.title, fact.values.join("; ")]),
    ),
    `\`\`\`sh\n${input.command.replaceAll("```", "")}\n\`\`\``,
  ];
  return `${blocks.join("\n\n")}\n`;
}

function costBlocks({ costs }: ReportInput): string[] {
  if (costs === undefined) return [];
  const { head, rows } = stepCostTable(costs);
  const align = head.map((_, i) => (i < 2 ? "left" : "right"));
  return ["## What a step costs", table(head, rows, align), inline(stepCostCaption(costs))];
}

/** How far losses strayed, where the study asks for it. */
function trajectoryBlocks(spec: StudySpec, setting: StudySetting, results: readonly RunResult[]): string[] {
  const runs = results.filter((run) => run.setting === setting.id);
  const rows = trajectoryRows(spec, setting.recipes, runs);
  if (spec.trajectory === undefined || rows.length === 0) return [];
  return [
    trajectoryCaption(spec.baseline, spec.trajectory),
    table(
      TRAJECTORY_COLUMNS.map(({ title }) => title),
      rows.map((row) => TRAJECTORY_COLUMNS.map(({ cell }) => cell(row))),
      TRAJECTORY_COLUMNS.map(({ align }) => align),
    ),
  ];
}

/** What roundings lost, where the records say so. */
function roundingBlocks(setting: StudySetting, results: readonly RunResult[]): string[] {
  const flushed = flushedTable(setting, results);
  const own = results.filter((run) => run.setting === setting.id);
  return [
    ...(flushed === undefined || flushed.rows.length === 0
      ? []
      : [
          "Layers in which rounding made errors zero, per cent of the elements, mean over steps and seeds:",
          table(
            flushed.head,
            flushed.rows,
            flushed.head.map((_, i) => (i === 0 ? "left" : "right")),
          ),
        ]),
    ...overflowSentences(setting, own).map(inline),
  ];
}

function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  align: readonly ("left" | "right")[] = [],
): string {
  const line = (cells: readonly string[]) => `| ${cells.map(inline).join(" | ")} |`;
  const rule = `| ${head.map((_, i) => (align[i] === "right" ? "---:" : "---")).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** One line of text in which nothing is read as Markdown or HTML. */
function inline(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replace(/[\\`*_[\]<>|#]/g, (character) => `\\${character}`)
    .trim();
}
