/**
 * What a checkpoint says beside its arrays, as JSON that is checked when it is read. A function of the configuration and
 * the kernel set alone: equal runs have equal manifests, whenever and on however many threads they ran.
 */
import { createHash } from "node:crypto";
import { RoundoffError } from "../base/errors.ts";
import { FORMATS } from "../formats/catalog.ts";
import type { ImageTask } from "../models/model.ts";
import type { Recipe } from "../precision/recipe.ts";
import { type Check, count, fields, number, oneOf, optional, recordOf, text } from "../runlog/check.ts";
import { encodeJson } from "../runlog/numbers.ts";
import { NON_FINITE } from "../runlog/parse.ts";
import { END_STATUSES, type EndStatus, type NonFiniteTensor } from "../runlog/schema.ts";
import type { TrainConfig } from "./config.ts";

export const MANIFEST_VERSION = 2;

/** Where a run stands: all that is not in its arrays. */
export interface RunPosition {
  /** Steps that are done. The loader and all random streams follow from it and the seed. */
  readonly step: number;
  /** Epochs that are done, and batches of the one under way. */
  readonly epoch: number;
  readonly batch: number;
  /** Sums over the steps of the epoch that is under way. */
  readonly epochLoss: number;
  readonly epochCorrect: number;
  readonly epochExamples: number;
  /** Steps in a row, up to now, whose loss was not finite, and that were skipped at one loss scale. */
  readonly nonFiniteSteps: number;
  readonly stuckSteps: number;
  /** Metrics of the last epoch that is done. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Set when the run has come to its end. */
  readonly status?: EndStatus;
  readonly firstNonFinite?: NonFiniteTensor;
}

/** What must agree for a checkpoint to be of this run. */
export interface RunIdentity {
  readonly config: TrainConfig;
  readonly dataSha256: string;
  /** Of everything a recipe says of numbers: policy with its formats, loss scaling. */
  readonly recipeSha256: string;
  /** Of the weights that the run began with, if they were not random. */
  readonly initialWeightsSha256?: string;
}

export interface Manifest extends RunIdentity {
  readonly version: typeof MANIFEST_VERSION;
  readonly roundoffVersion: string;
  /** Of the catalogue of number formats. */
  readonly catalogueSha256: string;
  /** The kernel set that made the last steps. */
  readonly kernels: string;
  /** Every random number is Philox of (seed, stream, step, …): these counters are the whole state. */
  /** What the model was built for. */
  readonly task: ImageTask;
  readonly random: { readonly generator: string; readonly seed: number; readonly step: number };
  readonly position: RunPosition;
  /** How each array is stored, and the name of the number format that its recipe keeps it in. */
  readonly tensors: Readonly<Record<string, { readonly dtype: string; readonly format: string }>>;
}

export const RANDOM_GENERATOR = "philox4x32-10";

/** The hash of what a recipe makes of numbers. Names and sentences about papers are left out. */
export function recipeSha256({ policy, lossScaling }: Recipe): string {
  return sha256(encodeJson({ policy, lossScaling }));
}

export function catalogueSha256(): string {
  return sha256(encodeJson(FORMATS));
}

export function sha256(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex");
}

export function writeManifest(manifest: Manifest): string {
  return `${JSON.stringify(JSON.parse(encodeJson(manifest)), null, 2)}\n`;
}

const POSITION: Check<RunPosition> = fields<RunPosition>({
  step: count,
  epoch: count,
  batch: count,
  epochLoss: number,
  epochCorrect: count,
  epochExamples: count,
  nonFiniteSteps: count,
  stuckSteps: count,
  metrics: recordOf(number),
  status: optional(oneOf(...END_STATUSES)),
  firstNonFinite: optional(NON_FINITE),
});

/** The configuration is compared as a whole with that of the run, never used by itself: only its kind is checked. */
const CONFIG: Check<TrainConfig> = (value, path) =>
  recordOf((item) => item)(value, path) as unknown as TrainConfig;

const MANIFEST: Check<Manifest> = fields<Manifest>({
  version: oneOf(MANIFEST_VERSION),
  roundoffVersion: text,
  catalogueSha256: text,
  config: CONFIG,
  dataSha256: text,
  recipeSha256: text,
  initialWeightsSha256: optional(text),
  kernels: text,
  task: fields({ channels: count, size: count, classes: count }),
  random: fields({ generator: oneOf(RANDOM_GENERATOR), seed: count, step: count }),
  position: POSITION,
  tensors: recordOf(fields<{ dtype: string; format: string }>({ dtype: text, format: text })),
});

/** Throws DATA_CORRUPT with the path of what is wrong. */
export function parseManifest(content: string, name: string): Manifest {
  try {
    return MANIFEST(JSON.parse(content), "");
  } catch (cause) {
    const what =
      cause instanceof RoundoffError ? cause.message : `it is not JSON (${(cause as Error).message})`;
    throw new RoundoffError("DATA_CORRUPT", { what: `manifest "${name}" cannot be used: ${what}`, cause });
  }
}

/** All settings must agree, the number of epochs too: the learning-rate schedule depends on it. */
export function requireSameRun(path: string, manifest: RunIdentity, expected: RunIdentity): void {
  const [saved, wanted] = [flat(manifest), flat(expected)];
  for (const key of new Set([...Object.keys(saved), ...Object.keys(wanted)])) {
    const [before, now] = [JSON.stringify(saved[key]), JSON.stringify(wanted[key])];
    if (before === now) continue;
    throw new RoundoffError("INVALID_ARGUMENT", {
      what: `checkpoint "${path}" is of a run with another ${key}`,
      expected: before ?? "none",
      received: now ?? "none",
      hint:
        key === "recipeSha256"
          ? "This version of Roundoff gives the recipe other numbers. Resume with the version that began the run, or choose another --out."
          : "Resume with the same settings, or choose another --out.",
    });
  }
}

function flat(identity: RunIdentity): Record<string, unknown> {
  const { config, dataSha256, recipeSha256, initialWeightsSha256 } = identity;
  return { ...config, dataSha256, recipeSha256, initialWeightsSha256 };
}
