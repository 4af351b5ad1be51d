/** A study as Markdown: findings, verdict tables, rules and facts, for a README, an issue or a terminal. */
import { findings } from "./findings.ts";
import type { ReportInput } from "./report-model.ts";
import { collectFacts, describeSetting, explainRules, recipeTable } from "./report-model.ts";
import { summarise } from "./summary.ts";
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
    describeSetting(setting)
      .map((fact) => `${fact.title}: ${inline(fact.values.join(", "))}`)
      .join("; "),
  ]);
  const blocks = [
    `# ${inline(spec.title)}`,
    inline(spec.question),
    ...settings,
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
