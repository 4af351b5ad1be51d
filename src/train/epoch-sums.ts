/**
 * What the steps of the epoch under way add up to: loss, right answers, examples. Sums go into a checkpoint, so that a run that goes on in the
 * middle of an epoch ends it with the same means. Knows neither batches nor the record.
 */
import type { RunPosition } from "./manifest.ts";

type SummedPosition = Pick<RunPosition, "epochLoss" | "epochCorrect" | "epochExamples">;

/** Begins at zero. Means over no examples are NaN. */
export class EpochSums {
  private lossSum = 0;
  private correct = 0;
  private seen = 0;

  /** The sums that a checkpoint holds. */
  static at({ epochLoss, epochCorrect, epochExamples }: SummedPosition): EpochSums {
    const sums = new EpochSums();
    sums.lossSum = epochLoss;
    sums.correct = epochCorrect;
    sums.seen = epochExamples;
    return sums;
  }

  /** A step: `loss` is the mean of its examples. */
  add({ loss, correct, examples }: { loss: number; correct: number; examples: number }): void {
    this.lossSum += loss * examples;
    this.correct += correct;
    this.seen += examples;
  }

  get examples(): number {
    return this.seen;
  }

  /** Mean loss of an example. */
  get loss(): number {
    return this.lossSum / this.seen;
  }

  /** Share of right answers. */
  get accuracy(): number {
    return this.correct / this.seen;
  }

  /** What a checkpoint must hold of them. */
  position(): SummedPosition {
    return { epochLoss: this.lossSum, epochCorrect: this.correct, epochExamples: this.seen };
  }
}
