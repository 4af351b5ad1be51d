/** A run record for other tools: a table of its steps and epochs as CSV, and the same as TensorBoard summaries. */
import type { RunRecord } from "../runlog/parse.ts";
import type { Summary } from "./tensorboard.ts";

const COLUMNS = [
  "step",
  "epoch",
  "loss",
  "learningRate",
  "lossScale",
  "skippedSteps",
  "correct",
  "examples",
] as const;
const EPOCH_COLUMNS = ["trainLoss", "trainAccuracy", "testLoss", "testAccuracy"] as const;

/**
 * One line per step, the epoch's figures in the line of its last step (RFC 4180, but lines end in \n). NaN and infinities as
 * `NaN`, `Infinity`, `-Infinity`; what was not recorded is empty.
 */
export function recordCsv({ steps, epochs }: RunRecord): string {
  const epochAt = new Map(epochs.map((epoch) => [epoch.step, epoch]));
  const lines = steps.map((step) => {
    const epoch = epochAt.get(step.step);
    const cells = [...COLUMNS.map((name) => step[name]), ...EPOCH_COLUMNS.map((name) => epoch?.[name])];
    return cells.map((cell) => (cell === undefined ? "" : String(cell))).join(",");
  });
  return `${[[...COLUMNS, ...EPOCH_COLUMNS].join(","), ...lines].join("\n")}\n`;
}

/** Curves of steps and epochs, and the settings of the run as text. */
export function recordSummaries({ header, steps, epochs }: RunRecord): Summary[] {
  const text = `\`\`\`\n${JSON.stringify(header, null, 2)}\n\`\`\``;
  const scalar = (tag: string, step: number, value: number): Summary => ({
    kind: "scalar",
    tag,
    step,
    value,
  });
  return [
    { kind: "text", tag: "recipe", step: 0, text },
    ...steps.flatMap(({ step, loss, learningRate, lossScale, correct, examples }) => [
      scalar("train/loss", step, loss),
      scalar("train/accuracy", step, correct / examples),
      scalar("learningRate", step, learningRate),
      ...(lossScale === undefined ? [] : [scalar("lossScale", step, lossScale)]),
    ]),
    ...epochs.flatMap((epoch) =>
      EPOCH_COLUMNS.map((name) => scalar(`epoch/${name}`, epoch.step, epoch[name])),
    ),
  ];
}
