/**
 * A checkpoint is one safetensors file: every state array of the run, and a JSON manifest in its metadata that says which
 * run it belongs to and where it stands. Written beside and renamed, so there is always a whole one.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { RoundoffError } from "../base/errors.ts";
import { replaceFile } from "../base/replace-file.ts";
import { readSafetensors, writeSafetensors } from "../data/safetensors.ts";
import { asFloat32, float32Tensor } from "../data/safetensors-dtype.ts";
import type { TrainConfig } from "./config.ts";
import type { ModelState } from "./model-state.ts";

const VERSION = 1;

/** What a checkpoint says beside its arrays. */
export interface Manifest {
  readonly version: number;
  readonly config: TrainConfig;
  readonly dataSha256: string;
  readonly kernels: string;
  /** Steps that are done. The loader and all random streams follow from it. */
  readonly step: number;
  /** Sums over the steps of the epoch that is under way. */
  readonly epochLoss: number;
  readonly epochCorrect: number;
  readonly epochExamples: number;
  /** Metrics of the last epoch that is done. */
  readonly metrics: Readonly<Record<string, number>>;
}

export function checkpointPath(directory: string): string {
  return join(directory, "checkpoint.safetensors");
}

export async function saveCheckpoint(
  directory: string,
  state: ModelState,
  manifest: Omit<Manifest, "version">,
): Promise<void> {
  const tensors = new Map([...state].map(([name, { data, shape }]) => [name, float32Tensor(data, shape)]));
  const metadata = { roundoff: JSON.stringify({ version: VERSION, ...manifest }) };
  await replaceFile(checkpointPath(directory), writeSafetensors(tensors, metadata));
}

/**
 * Reads the checkpoint of `directory` into `state` (whose arrays must be those of the same model) and returns its
 * manifest, or undefined when there is none. Throws DATA_CORRUPT, or INVALID_ARGUMENT when it is of another run.
 */
export async function restoreCheckpoint(
  directory: string,
  state: ModelState,
  expected: Pick<Manifest, "config" | "dataSha256">,
): Promise<Manifest | undefined> {
  const path = checkpointPath(directory);
  if (!existsSync(path)) return undefined;
  const { tensors, metadata } = readSafetensors(await readFile(path));
  const manifest = parseManifest(path, metadata.roundoff);
  requireSameRun(path, manifest, expected);
  for (const [name, { data }] of state) {
    const stored = tensors.get(name);
    const values = stored === undefined ? undefined : asFloat32(stored);
    if (values?.length !== data.length)
      throw damaged(path, `tensor "${name}" is missing or has another size`);
    data.set(values);
  }
  return manifest;
}

function parseManifest(path: string, text: string | undefined): Manifest {
  try {
    const manifest = JSON.parse(text ?? "") as Manifest;
    if (manifest.version === VERSION && Number.isSafeInteger(manifest.step)) return manifest;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw damaged(path, `its manifest is not one of version ${VERSION}`);
}

function damaged(path: string, what: string): RoundoffError {
  return new RoundoffError("DATA_CORRUPT", {
    what: `checkpoint "${path}" cannot be used: ${what}`,
    hint: "Delete the output folder, or choose another --out, to start afresh.",
  });
}

/** All settings must agree, the number of epochs too: the learning-rate schedule depends on it. */
function requireSameRun(
  path: string,
  manifest: Manifest,
  expected: Pick<Manifest, "config" | "dataSha256">,
): void {
  const saved: Record<string, unknown> = { ...manifest.config, dataSha256: manifest.dataSha256 };
  const wanted: Record<string, unknown> = { ...expected.config, dataSha256: expected.dataSha256 };
  for (const key of new Set([...Object.keys(saved), ...Object.keys(wanted)])) {
    const [before, now] = [JSON.stringify(saved[key]), JSON.stringify(wanted[key])];
    if (before === now) continue;
    throw new RoundoffError("INVALID_ARGUMENT", {
      what: `checkpoint "${path}" is of a run with another ${key}`,
      expected: before ?? "none",
      received: now ?? "none",
      hint: "Resume with the same settings, or choose another --out.",
    });
  }
}
