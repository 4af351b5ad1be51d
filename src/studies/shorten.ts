/** The short form of a study: the same question on fewer examples, for a first look and for machines in a hurry. */
import type { StudySpec } from "./spec.ts";

const LIMITS = { trainLimit: 6000, testLimit: 2000, epochs: 2, seeds: 3 } as const;

/** Every setting with at most 6,000 training and 2,000 test examples, two epochs and three seeds; the title says so. */
export function shorten(spec: StudySpec): StudySpec {
  const atMost = (value: number | undefined, limit: number) => Math.min(value ?? limit, limit);
  return {
    ...spec,
    title: `${spec.title} (short form)`,
    seeds: spec.seeds.slice(0, LIMITS.seeds),
    settings: spec.settings.map((setting) => ({
      ...setting,
      trainLimit: atMost(setting.trainLimit, LIMITS.trainLimit),
      testLimit: atMost(setting.testLimit, LIMITS.testLimit),
      epochs: atMost(setting.epochs, LIMITS.epochs),
    })),
  };
}
