/** The batches of a run as its steps take them: asked for while a step is under way, and looked at when a loss is not a number. */
import { RoundoffError } from "../base/errors.ts";
import type { Batch, BatchBuffers } from "../data/loader.ts";

/** The next batch, none at the end of the pass, or why it cannot be had: that is for after the step under way. */
export async function nextBatch(
  batches: AsyncGenerator<Batch, void, void>,
): Promise<{ readonly batch?: Batch; readonly failure?: unknown }> {
  try {
    const next = await batches.next();
    return next.done === true ? {} : { batch: next.value };
  } catch (failure) {
    return { failure };
  }
}

/** A NaN in the data is a mistake of the input, not a result: the run ends before it is written down anywhere. */
export function requireFiniteBatch({ images, labels }: BatchBuffers, step: number, dataName: string): void {
  const at = images.findIndex((value) => value - value !== 0);
  if (at < 0) return;
  const example = Math.floor(at / (images.length / labels.length));
  throw new RoundoffError("DATA_CORRUPT", {
    what: `the data of step ${step} are not all finite: example ${example} of its batch`,
    expected: "finite numbers",
    received: String(images[at]),
    hint: `Mend the data set "${dataName}"; the run can then go on with --resume.`,
  });
}
