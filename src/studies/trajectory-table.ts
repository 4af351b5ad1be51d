/** The table of trajectories, the same in HTML and Markdown: what each column says and how its numbers are written. */
import type { TrajectoryRow } from "./trajectories.ts";

export interface TrajectoryColumn {
  readonly title: string;
  readonly align: "left" | "right";
  readonly cell: (row: TrajectoryRow) => string;
}

export const TRAJECTORY_COLUMNS: readonly TrajectoryColumn[] = [
  { title: "recipe", align: "left", cell: (row) => row.recipe },
  { title: "after step 1", align: "right", cell: (row) => row.first.toExponential(1).replace("-", "−") },
  { title: "above 0.01 from step", align: "right", cell: (row) => String(row.visibleFrom ?? "never") },
  { title: "second half", align: "right", cell: (row) => row.distance.toFixed(3) },
  { title: "ratio to the control", align: "right", cell: (row) => row.ratio.toFixed(2) },
  { title: "90 % interval", align: "right", cell: intervalCell },
  { title: "verdict", align: "left", cell: (row) => WORDS[row.verdict] },
];

/** A verdict on distances in words of its own. */
const WORDS: Readonly<Record<TrajectoryRow["verdict"], string>> = {
  equivalent: "as the control",
  worse: "farther",
  better: "nearer",
  "not shown": "not shown",
};

function intervalCell({ interval }: TrajectoryRow): string {
  return interval === null ? "–" : `[${interval[0].toFixed(2)}, ${interval[1].toFixed(2)}]`;
}

/** What the table shows, in a sentence. */
export function trajectoryCaption(
  baseline: string,
  { control, factor }: { control: string; factor: number },
): string {
  return `Distance of the training loss from that of ${baseline} with the same seed, mean over seeds. The ratio is to ${control} over the second half of the steps; “as the control” means that its whole 90 % interval lies between 1/${factor} and ${factor}, stated before the run.`;
}
