/** Evaluation of a whole split: loss and accuracy over every example, in batches of one compiled plan. */
import type { BatchSource, SkippedInput } from "../data/loader.ts";
import type { Classifier } from "../models/classifier.ts";
import { compileEvaluation, type StepOptions } from "./train-step.ts";

/** Pictures in a batch, and pixels: so many pictures of 32 × 32, and fewer large ones. */
const MAX_BATCH = 250;
const MAX_PIXELS = MAX_BATCH * 32 * 32;

/** At least as many pictures as in a training batch, which fits into memory. */
export function testBatchSize(batchSize: number, size: number): number {
  return Math.min(MAX_BATCH, Math.max(batchSize, Math.floor(MAX_PIXELS / size ** 2)));
}

export interface Evaluation {
  /** Mean loss and share of right predictions, of the examples that could be used. */
  readonly loss: number;
  readonly accuracy: number;
  readonly skipped: readonly SkippedInput[];
}

export interface Evaluator {
  /** Examples that one evaluation sees. */
  readonly examples: number;
  run(): Promise<Evaluation>;
}

export function compileEvaluator(
  model: Classifier,
  batches: BatchSource,
  options: Omit<StepOptions, "batchShape">,
): Evaluator {
  const { batchSize, imageShape, examples } = batches;
  const step = compileEvaluation(model, { ...options, batchShape: [batchSize, ...imageShape] });
  return {
    examples,
    async run() {
      let lossSum = 0;
      let correct = 0;
      let counted = 0;
      const skipped: SkippedInput[] = [];
      for await (const batch of batches.pass(0)) {
        skipped.push(...(batch.skipped ?? []));
        if (batch.examples === 0) continue;
        step.images.set(batch.images);
        step.labels.set(batch.labels);
        const result = await step.run();
        lossSum += result.loss * batch.examples;
        correct += result.correct;
        counted += batch.examples;
      }
      return { loss: lossSum / counted, accuracy: correct / counted, skipped };
    },
  };
}
