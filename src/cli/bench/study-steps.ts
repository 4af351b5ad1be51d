/**
 * A training step of every setting of a study under each of its recipes: what the study's report tells as speed and memory. The
 * recipes of a setting are timed in turn; settings come one after another.
 */
import type { KernelSet } from "../../kernels/contract.ts";
import { isControl, type StudySpec, variantOf } from "../../studies/spec.ts";
import type { MeasureOptions } from "./measure.ts";
import { benchStep, type StepRow } from "./training-step.ts";

export interface StudyBenchOptions extends Pick<MeasureOptions, "rounds" | "signal"> {
  readonly spec: StudySpec;
  readonly kernels: KernelSet;
  readonly onSetting?: (done: number, settings: number) => void;
}

/** Rows and columns of pictures as the data sets in memory give them to a network. */
const IMAGE = 32;
/** Colour pictures have three channels, grey ones, as of all studies that come with the package, one. */
const CHANNELS: Readonly<Record<string, number>> = { cifar10: 3 };

/** Rows named by setting and by the study's own names of recipes; controls, whose recipe is the baseline's, are left out. */
export async function benchStudy(options: StudyBenchOptions): Promise<StepRow[]> {
  const { spec, kernels, rounds, signal, onSetting } = options;
  const rows: StepRow[] = [];
  for (const [done, setting] of spec.settings.entries()) {
    const names = setting.recipes.filter((name) => !isControl(spec, name));
    // The baseline first: ratios are to it.
    const ordered = [spec.baseline, ...names.filter((name) => name !== spec.baseline)];
    const measured = await benchStep({
      name: setting.id,
      model: setting.model,
      modelOptions: setting.modelOptions,
      recipes: ordered.map((name) => variantOf(spec, name).recipe),
      batch: setting.batchSize,
      image: IMAGE,
      channels: CHANNELS[setting.data] ?? 1,
      unfused: false,
      kernels,
      rounds,
      signal,
    });
    rows.push(...measured.map((row, i) => ({ ...row, recipe: ordered[i] })));
    onSetting?.(done + 1, spec.settings.length);
  }
  return rows;
}
