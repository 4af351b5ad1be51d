/** What roundings lost in one setting, in the report: heat maps over layers and steps, tensors that overflowed, a table. */
import { heatMap } from "./heat-map-svg.ts";
import type { Markup } from "./markup.ts";
import { markup } from "./markup.ts";
import { count, enumeration } from "./metric-text.ts";
import {
  type LossKind,
  layerMeans,
  overflows,
  type RoundingShares,
  roundingShares,
} from "./rounding-shares.ts";
import type { RunResult } from "./run-result.ts";
import type { StudySetting } from "./spec.ts";

const PICTURES: readonly { readonly role: string; readonly kind: LossKind; readonly title: string }[] = [
  { role: "error", kind: "flushed", title: "Errors that became zero in rounding" },
  { role: "gradWeight", kind: "flushed", title: "Weight gradients that became zero in rounding" },
  { role: "error", kind: "beyond", title: "Errors beyond the largest finite value" },
  { role: "gradWeight", kind: "beyond", title: "Weight gradients beyond the largest finite value" },
  { role: "sum.output", kind: "beyond", title: "Outputs changed by an overflow of INT32" },
  { role: "sum.gradInput", kind: "beyond", title: "Errors changed by an overflow of INT32" },
  { role: "sum.gradWeight", kind: "beyond", title: "Weight gradients changed by an overflow of INT32" },
];

/** A share below this everywhere is nothing to draw: a sentence says so. */
const VISIBLE = 0.001;

/** The shares of every recipe of a setting that has some. */
function sharesOf(setting: StudySetting, runs: readonly RunResult[], role: string, kind: LossKind) {
  return setting.recipes.flatMap((recipe) => roundingShares(runs, { recipe, role, kind }) ?? []);
}

const visible = (maps: readonly RoundingShares[]) =>
  maps.some(({ shares }) => shares.some((row) => row.some((share) => (share ?? 0) >= VISIBLE)));

/** Heat maps and overflows of a setting; nothing where no record was asked for it. */
export function roundingFigures(setting: StudySetting, results: readonly RunResult[]): Markup | null {
  const runs = results.filter((run) => run.setting === setting.id);
  const pictures = PICTURES.map((picture) => ({
    ...picture,
    maps: sharesOf(setting, runs, picture.role, picture.kind),
  })).filter(({ maps }) => maps.length > 0);
  if (pictures.length === 0) return null;
  const [shown, quiet] = [
    pictures.filter(({ maps }) => visible(maps)),
    pictures.filter(({ maps }) => !visible(maps)),
  ];
  return markup`${shown.map(
    ({ title, maps }) =>
      markup`<figure class="heat"><h3>${title}</h3>${heatMap({ description: `${title}: layers by steps, for each recipe of ${setting.title}`, maps })}<figcaption>Rows: layers from input to output. Columns: the steps that were looked at. Shade: share of the tensor's elements, mean over seeds.</figcaption></figure>`,
  )}
${quiet.length > 0 && markup`<p class="note">Below 0.1 % in every layer and step, and so not drawn: ${enumeration(quiet.map(({ title }) => title.toLowerCase()))}.</p>`}
${overflowSentences(setting, runs).map((sentence) => markup`<p class="note">${sentence}</p>`)}`;
}

/** `fp16: 3 steps were skipped; first not finite: conv1 gradWeight (conv2dGradWeight), 3 times.` */
export function overflowSentences(setting: StudySetting, runs: readonly RunResult[]): readonly string[] {
  return setting.recipes.flatMap((recipe) => {
    const found = overflows(runs, recipe);
    if (found.length === 0) return [];
    const steps = found.reduce((sum, tensor) => sum + tensor.steps, 0);
    const named = found
      .slice(0, 4)
      .map(
        ({ tensor, role, operation, steps }) =>
          `${tensor === "" ? "loss" : tensor} ${role} (${operation}), ${count(steps, "time")}`,
      );
    const more = found.length > 4 ? ` and ${found.length - 4} more` : "";
    return [
      `${recipe}: ${count(steps, "step")} skipped over all seeds; first not finite: ${named.join("; ")}${more}.`,
    ];
  });
}

/** A table for Markdown: layers by recipes, per cent of errors flushed to zero, mean over steps and seeds. */
export function flushedTable(
  setting: StudySetting,
  results: readonly RunResult[],
): { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] } | undefined {
  const runs = results.filter((run) => run.setting === setting.id);
  const maps = sharesOf(setting, runs, "error", "flushed");
  if (maps.length === 0) return undefined;
  const means = maps.map((map) => new Map(map.layers.map((layer, i) => [layer, layerMeans(map)[i]])));
  const layers = [...new Set(maps.flatMap(({ layers }) => layers))].filter((layer) =>
    means.some((ofRecipe) => (ofRecipe.get(layer) ?? 0) >= VISIBLE),
  );
  const text = (share: number | undefined) => (share === undefined ? "–" : (share * 100).toFixed(1));
  return {
    head: ["errors flushed, %", ...maps.map(({ recipe }) => recipe)],
    rows: layers.map((layer) => [
      layer === "" ? "loss" : layer,
      ...means.map((ofRecipe) => text(ofRecipe.get(layer))),
    ]),
  };
}
