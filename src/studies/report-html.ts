/**
 * The report of a study: one HTML file with everything in it (no scripts, nothing loaded from elsewhere), readable in
 * light and dark. It shows what the runs say and holds no opinion of its own; every text is escaped by markup.ts.
 */
import type { RecipeDescription } from "./describe-recipe.ts";
import type { Findings } from "./findings.ts";
import { failureText, findings } from "./findings.ts";
import type { Markup } from "./markup.ts";
import { markup, markupText, trusted } from "./markup.ts";
import { grouped, percent, points, sizeInPoints } from "./metric-text.ts";
import { settingCharts } from "./report-charts.ts";
import type { Fact, ReportInput } from "./report-model.ts";
import { collectFacts, describeSetting, explainRules, recipeTable } from "./report-model.ts";
import { roundingFigures } from "./report-rounding.ts";
import { REPORT_STYLE } from "./report-style.ts";
import type { RunResult } from "./run-result.ts";
import type { StudySetting } from "./spec.ts";
import { stepCostCaption, stepCostTable } from "./step-costs.ts";
import type { StudySummary, VerdictRow } from "./summary.ts";
import { summarise } from "./summary.ts";
import { trajectoryRows } from "./trajectories.ts";
import { TRAJECTORY_COLUMNS, trajectoryCaption } from "./trajectory-table.ts";
import { VERDICT_COLUMNS, verdictCell } from "./verdict-table.ts";

/** The whole page as text. The same input gives the same bytes. */
export function htmlReport(input: ReportInput): string {
  const { spec } = input;
  const summary = summarise(spec, input.results);
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${spec.title}</title>
<style>${trusted(REPORT_STYLE)}</style>
</head>
<body>
<main>
<header>
<p class="kicker">Roundoff study <b>${spec.name}</b></p>
<h1>${spec.title}</h1>
<p class="question">${spec.question}</p>
</header>
${spec.settings.length > 1 && glanceSection(input, summary)}
${findings(spec, summary).map((finding) => settingSection(input, summary, finding))}
${costSection(input)}
${recipeSection(input)}
${rulesSection(input)}
${factsSection(input)}
${runsSection(input.results, spec.metric)}
</main>
</body>
</html>
`;
  return markupText(page);
}

/** Recipes × settings, one chip each: the answer of a study with several settings on one screen. */
function glanceSection({ spec }: ReportInput, { rows }: StudySummary): Markup {
  const recipes = [...new Set(rows.map((row) => row.recipe))].filter((recipe) => recipe !== spec.baseline);
  const cell = (recipe: string, setting: string) => {
    const row = rows.find((candidate) => candidate.recipe === recipe && candidate.setting === setting);
    return row && markup`${chip(row)} <span class="same">${failureText(row) || points(row.gap)}</span>`;
  };
  return markup`<section>
<h2>At a glance</h2>
<div class="scroll"><table>
<thead><tr><th scope="col">recipe</th>${spec.settings.map(({ id, title }) => markup`<th scope="col" title="${title}">${id}</th>`)}</tr></thead>
<tbody>${recipes.map(
    (recipe) =>
      markup`<tr><th scope="row">${recipe}</th>${spec.settings.map(({ id }) => markup`<td>${cell(recipe, id)}</td>`)}</tr>
`,
  )}</tbody></table></div>
<p class="note">Gaps to ${spec.baseline} in points of test accuracy, mean over seeds. Margin ±${sizeInPoints(spec.margin)}.</p>
</section>`;
}

function chip(row: VerdictRow): Markup {
  const word = verdictCell(row);
  return markup`<span class="chip ${word.replace(" ", "-")}">${word}</span>`;
}

function settingSection(input: ReportInput, summary: StudySummary, { setting, sentences }: Findings): Markup {
  const rows = summary.rows.filter((row) => row.setting === setting.id);
  return markup`<section>
<h2>${setting.title}</h2>
<p>${sentences.join(" ")}</p>
${rows.length > 0 && verdictTable(rows)}
${settingCharts(input.spec, setting, rows, input.results)}
${trajectoryTable(input, setting)}
${roundingFigures(setting, input.results)}
<p class="note">${describeSetting(setting).map((fact, i) => markup`${i > 0 && " · "}${fact.title}: ${fact.values.join(", ")}`)}</p>
</section>`;
}

function trajectoryTable({ spec, results }: ReportInput, setting: StudySetting): Markup | null {
  const runs = results.filter((run) => run.setting === setting.id);
  const rows = trajectoryRows(spec, setting.recipes, runs);
  if (spec.trajectory === undefined || rows.length === 0) return null;
  return markup`<h3>How far from ${spec.baseline}</h3>
<div class="scroll"><table>
<thead><tr>${TRAJECTORY_COLUMNS.map(({ title, align }) => markup`<th scope="col" class="${align}">${title}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row) =>
      markup`<tr>${TRAJECTORY_COLUMNS.map(({ align, cell }) => markup`<td class="${align}">${cell(row)}</td>`)}</tr>
`,
  )}</tbody></table></div>
<p class="note">${trajectoryCaption(spec.baseline, spec.trajectory)}</p>`;
}

function verdictTable(rows: readonly VerdictRow[]): Markup {
  const timed = rows.some((row) => row.samplesPerSecond !== null);
  const speed = (row: VerdictRow) => (row.samplesPerSecond === null ? "–" : grouped(row.samplesPerSecond));
  return markup`<div class="scroll"><table class="wide">
<thead><tr>${VERDICT_COLUMNS.map(({ title, align }) => markup`<th scope="col" class="${align}">${title}</th>`)}${timed && markup`<th scope="col" class="right">examples/s</th>`}</tr></thead>
<tbody>${rows.map(
    (row) =>
      markup`<tr class="${row.rule === "baseline" ? "baseline" : "recipe"}">${VERDICT_COLUMNS.map((column) => verdictTableCell(column, row))}${timed && markup`<td class="right">${speed(row)}</td>`}</tr>
`,
  )}</tbody></table></div>`;
}

function verdictTableCell({ title, align, cell }: (typeof VERDICT_COLUMNS)[number], row: VerdictRow): Markup {
  if (title === "recipe") return markup`<th scope="row">${cell(row)}</th>`;
  if (title !== "verdict") return markup`<td class="${title === "why" ? "why" : align}">${cell(row)}</td>`;
  return markup`<td>${chip(row)}</td>`;
}

function costSection({ costs }: ReportInput): Markup | null {
  if (costs === undefined) return null;
  const { head, rows } = stepCostTable(costs);
  const side = (column: number) => (column < 2 ? "left" : "right");
  return markup`<section>
<h2>What a step costs</h2>
<div class="scroll"><table>
<thead><tr>${head.map((title, i) => markup`<th scope="col" class="${side(i)}">${title}</th>`)}</tr></thead>
<tbody>${rows.map(
    (cells) =>
      markup`<tr>${cells.map((cell, i) => markup`<td class="${side(i)}">${cell}</td>`)}</tr>
`,
  )}</tbody></table></div>
<p class="note">${stepCostCaption(costs)}</p>
</section>`;
}

function recipeSection({ recipes, spec }: ReportInput): Markup {
  const baseline = recipes.findIndex((recipe) => recipe.recipe === spec.baseline);
  const row = (title: string, values: readonly string[]) =>
    markup`<tr><th scope="row">${title}</th>${values.map((value, i) => markup`<td class="${i !== baseline && value === values[baseline] ? "same" : "own"}">${value}</td>`)}</tr>
`;
  return markup`<section>
<h2>Recipes</h2>
<p class="note">Grey: the same as ${spec.baseline}.</p>
<div class="scroll"><table>
<thead><tr><td></td>${recipes.map((recipe) => markup`<th scope="col">${recipe.recipe}</th>`)}</tr></thead>
<tbody>${recipeTable(recipes).map(({ title, values }) => row(title, values))}${row(
    "paper",
    recipes.map((recipe) => recipe.paper),
  )}</tbody></table></div>
${
  recipes.some(({ choices = [] }) => choices.length > 0) &&
  markup`<details><summary>Where each choice comes from</summary>
${recipes.map(choiceList)}
</details>`
}
</section>`;
}

function choiceList({ recipe, choices = [] }: RecipeDescription): Markup | null {
  if (choices.length === 0) return null;
  return markup`<h3>${recipe}</h3>
<ul>${choices.map(({ what, setting, basis, from }) => markup`<li>${what}: ${setting} <span class="same">(${basis}: ${from})</span></li>`)}</ul>
`;
}

function rulesSection({ spec }: ReportInput): Markup {
  const { definitions, rules } = explainRules(spec);
  return markup`<section>
<h2>How the verdicts were reached</h2>
<ul>${definitions.map((sentence) => markup`<li>${sentence}</li>`)}</ul>
<div class="scroll"><table>
<thead><tr><th scope="col">rule</th><th scope="col">verdict</th><th scope="col">applies when (the first that does)</th></tr></thead>
<tbody>${rules.map(
    ({ rule, verdict, text }) =>
      markup`<tr><th scope="row">${rule}</th><td><span class="chip ${verdict.replace(" ", "-")}">${verdict}</span></td><td>${text}</td></tr>
`,
  )}</tbody></table></div>
</section>`;
}

function factsSection(input: ReportInput): Markup {
  return markup`<section>
<h2>Made with</h2>
${factList(collectFacts(input))}
<h3>To run the study again</h3>
<pre>${input.command}</pre>
</section>`;
}

function factList(facts: readonly Fact[]): Markup {
  return markup`<dl>${facts.map((fact) => markup`<dt>${fact.title}</dt><dd>${fact.values.join("; ")}</dd>`)}</dl>`;
}

function runsSection(results: readonly RunResult[], metric: string): Markup {
  const final = (run: RunResult) => {
    const value = run.finalMetrics[metric];
    return run.status !== "finished" || value === undefined ? "–" : percent(value);
  };
  return markup`<section>
<h2>Every run</h2>
<p>Each run can be repeated by itself; its record has every step. Paths are relative to this file.</p>
<details><summary>${results.length} runs</summary>
<div class="scroll"><table>
<thead><tr><th scope="col">setting</th><th scope="col">recipe</th><th scope="col" class="right">seed</th><th scope="col">ended</th><th scope="col" class="right">accuracy %</th><th scope="col">record</th><th scope="col">command</th></tr></thead>
<tbody>${results.map(
    (run) =>
      markup`<tr><td>${run.setting}</td><th scope="row">${run.recipe}</th><td class="right">${run.seed}</td><td>${run.status}</td><td class="right">${final(run)}</td><td><a href="./${encodeURI(run.recordPath)}">record</a></td><td><code>${run.facts.command}</code></td></tr>
`,
  )}</tbody></table></div></details>
</section>`;
}
