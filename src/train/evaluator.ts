/** Evaluation of a whole split: loss and accuracy over every example, in batches of one compiled plan. */
import type { ImageSet } from "../data/image-set.ts";
import { createEvalLoader } from "../data/loader.ts";
import type { Classifier } from "../models/classifier.ts";
import { IMAGE_SIZE } from "./config.ts";
import { compileEvaluation, type StepOptions } from "./train-step.ts";

const BATCH = 250;

export interface Evaluator {
  /** Examples that one evaluation sees. */
  readonly examples: number;
  /** Mean loss and share of right predictions. */
  run(): Promise<{ loss: number; accuracy: number }>;
}

export function compileEvaluator(
  model: Classifier,
  set: ImageSet,
  limit: number | undefined,
  options: Omit<StepOptions, "batchShape">,
): Evaluator {
  const batchSize = Math.min(BATCH, limit ?? set.labels.length, set.labels.length);
  const loader = createEvalLoader(set, { batchSize, padTo: IMAGE_SIZE, limit });
  const step = compileEvaluation(model, { ...options, batchShape: [batchSize, ...loader.imageShape] });
  return {
    examples: loader.examples,
    async run() {
      let lossSum = 0;
      let correct = 0;
      for (const batch of loader.batches({ into: step })) {
        const result = await step.run();
        lossSum += result.loss * batch.examples;
        correct += result.correct;
      }
      return { loss: lossSum / loader.examples, accuracy: correct / loader.examples };
    },
  };
}
