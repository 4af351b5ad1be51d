/**
 * Made-up runs for tests of summaries and reports: curves by formula, with noise by formula, so that tests need no
 * training and always see the same numbers. Only tests may import it; nothing here is ever shown as a result.
 */
import type { EndStatus } from "../src/runlog/schema.ts";
import type { EpochPoint, RunResult, StepPoint } from "../src/studies/run-result.ts";
import type { StudySpec } from "../src/studies/spec.ts";
import { parseStudySpec } from "../src/studies/spec.ts";

/** What a made-up run should look like. */
export interface SyntheticRun {
  readonly setting: string;
  readonly recipe: string;
  readonly seed: number;
  /** Test accuracy after the last epoch. */
  readonly accuracy: number;
  /** Step from which the loss is NaN. */
  readonly divergesAt?: number;
  readonly status?: EndStatus;
}

const STEPS_PER_EPOCH = 50;

/** A study of one setting `main` and, unless `changes` says otherwise, three recipes and three seeds. */
export function syntheticSpec(changes: Readonly<Record<string, unknown>> = {}): StudySpec {
  const study = {
    name: "synthetic",
    title: "Made-up numbers",
    question: "Is the report readable?",
    seeds: [0, 1, 2],
    margin: 0.01,
    chance: 0.1,
    model: "lenet",
    data: "fashion-mnist",
    epochs: 4,
    batchSize: 128,
    optimizer: { learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4, schedule: { kind: "cosine" } },
    recipes: ["fp32", "bf16", "fp16-unscaled"],
    ...changes,
  };
  return parseStudySpec(study, "synthetic");
}

/** The result of one made-up run of `epochs` epochs of 50 steps. */
export function syntheticRun(run: SyntheticRun, epochs = 4): RunResult {
  const { setting, recipe, seed, accuracy, divergesAt } = run;
  const noise = (i: number) =>
    fractional(Math.sin(i * 12.9898 + seed * 78.233 + recipe.length * 37.719) * 43758.5453);
  const steps: StepPoint[] = [];
  for (let step = 1; step <= epochs * STEPS_PER_EPOCH; step++) {
    const clean = (1 - accuracy) * 2.6 + 2.1 * Math.exp(-step / 40);
    steps.push({ step, loss: step >= (divergesAt ?? Infinity) ? NaN : clean * (1 + 0.25 * noise(step)) });
  }
  const done = divergesAt === undefined ? epochs : Math.floor((divergesAt - 1) / STEPS_PER_EPOCH);
  const points = Array.from({ length: done }, (_, i): EpochPoint => {
    const reached = accuracy - (accuracy - 0.1) * 0.5 * Math.exp(-i * 1.2) * (i === epochs - 1 ? 0 : 1);
    return { testAccuracy: reached };
  });
  const status = run.status ?? (divergesAt === undefined ? "finished" : "diverged");
  return {
    setting,
    recipe,
    seed,
    status,
    finalMetrics: status === "finished" ? { testAccuracy: accuracy } : {},
    steps,
    epochs: points,
    facts: syntheticFacts(recipe, seed),
    samplesPerSecond: 4000 + 100 * seed,
    recordPath: `${setting}/${recipe}/seed-${seed}/record.jsonl`,
  };
}

function syntheticFacts(recipe: string, seed: number): RunResult["facts"] {
  return {
    model: "lenet",
    data: {
      name: "fashion-mnist",
      sha256: "5e2fb3c9a1d04776b8e0f1c2d3a4b5968778695a4b3c2d1e0f00112233445566",
      source: "cache",
      trainRows: 60000,
      testRows: 10000,
    },
    kernels: { name: "native", tier: "avx512", threads: 2, cpu: "Example CPU 9000" },
    command: `roundoff train --model lenet --data fashion-mnist --recipe ${recipe} --epochs 4 --seed ${seed} --out runs/x`,
    roundoffVersion: "0.1.0",
    nodeVersion: "20.20.2",
  };
}

/** Three seeds each of a baseline, a recipe that holds and one that diverges in two seeds. */
export function syntheticResults(): readonly RunResult[] {
  const runs = [0, 1, 2].flatMap((seed): SyntheticRun[] => [
    { setting: "main", recipe: "fp32", seed, accuracy: 0.905 + 0.002 * seed },
    { setting: "main", recipe: "bf16", seed, accuracy: 0.904 + 0.0025 * seed },
    {
      setting: "main",
      recipe: "fp16-unscaled",
      seed,
      accuracy: 0.71,
      divergesAt: [130, undefined, 77][seed],
    },
  ]);
  return runs.map((run) => syntheticRun(run));
}

/** The part after the point, moved to −0.5..0.5. */
function fractional(value: number): number {
  return value - Math.floor(value) - 0.5;
}
