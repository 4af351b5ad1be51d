/**
 * Checkpoints of a run: one directory each, `checkpoints/step-000123/`, with the arrays (safetensors), a manifest (JSON) and
 * the hashes of both (`sha256sum -c SHA256SUMS`). Written beside and renamed, so every one that is there is whole; the last
 * few are kept; a damaged one is passed over for the one before.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  type FileLayer,
  isPartialDirectory,
  removeDirectory,
  replaceDirectory,
  syncDirectory,
} from "../base/durable-directory.ts";
import { RoundoffError, unreadable } from "../base/errors.ts";
import { writing } from "../base/unwritable.ts";
import { readSafetensors, safetensorsParts } from "../data/safetensors.ts";
import type { StoredTensor } from "../data/safetensors-dtype.ts";
import { FORMATS } from "../formats/catalog.ts";
import type { FloatFormat } from "../formats/format.ts";
import {
  type Manifest,
  parseManifest,
  type RunIdentity,
  requireSameRun,
  sha256,
  writeManifest,
} from "./manifest.ts";
import type { ModelState } from "./model-state.ts";
import { loadState, storedFormats, storeState } from "./state-codec.ts";

export const CHECKPOINTS = "checkpoints";
export const STATE_FILE = "state.safetensors";
export const MANIFEST_FILE = "manifest.json";
export const SUMS_FILE = "SHA256SUMS";

/** Checkpoints that a run keeps unless told otherwise: the newest, and the one before in case that is damaged. */
export const DEFAULT_KEEP = 2;

/** The directory of the checkpoint after `step` steps of the run in `out`. */
export function checkpointDirectory(out: string, step: number): string {
  return join(out, CHECKPOINTS, `step-${String(step).padStart(6, "0")}`);
}

/** The arrays of that checkpoint. */
export function checkpointPath(out: string, step: number): string {
  return join(checkpointDirectory(out, step), STATE_FILE);
}

export interface SaveOptions {
  /** Format by name of state, where the recipe keeps one in another format than FP32. */
  readonly formats: ReadonlyMap<string, FloatFormat>;
  /** How many checkpoints stay, this one included. */
  readonly keep: number;
  readonly files?: FileLayer;
}

/** Writes the checkpoint after `manifest.position.step` and removes those beyond `keep`. Throws OUTPUT_UNWRITABLE. */
export async function saveCheckpoint(
  out: string,
  state: ModelState,
  manifest: Omit<Manifest, "tensors">,
  { formats, keep, files }: SaveOptions,
): Promise<void> {
  const tensors = new Map<string, StoredTensor>();
  for (const [name, array] of state) tensors.set(name, storeState(array, formats.get(name)));
  const described = Object.fromEntries(
    [...tensors].map(([name, { dtype }]) => [name, { dtype, format: formats.get(name)?.name ?? "fp32" }]),
  );
  const arrays = safetensorsParts(tensors, { format: "roundoff", step: String(manifest.position.step) });
  const json = new TextEncoder().encode(writeManifest({ ...manifest, tensors: described }));
  const sums = `${sha256Parts(arrays)}  ${STATE_FILE}\n${sha256(json)}  ${MANIFEST_FILE}\n`;
  const parts = new Map([
    [STATE_FILE, arrays],
    [MANIFEST_FILE, [json]],
    [SUMS_FILE, [new TextEncoder().encode(sums)]],
  ]);
  const target = checkpointDirectory(out, manifest.position.step);
  await makeParent(target);
  await replaceDirectory(target, parts, files);
  // Later ones are of steps that will be taken again: older than this one.
  const { step } = manifest.position;
  const outdated = (await checkpointSteps(out)).filter((other) => other > step);
  for (const other of outdated) await removeDirectory(checkpointDirectory(out, other));
  await pruneCheckpoints(out, step, keep);
}

/** A checkpoint that has been read and verified. */
export interface Checkpoint {
  /** Its directory. */
  readonly path: string;
  readonly manifest: Manifest;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** One sentence for each newer checkpoint that could not be used. */
  readonly passedOver: readonly string[];
}

/**
 * The newest checkpoint of the run in `out` that is undamaged, or undefined when there is none at all. Throws DATA_CORRUPT when
 * all are damaged.
 */
export async function newestCheckpoint(out: string): Promise<Checkpoint | undefined> {
  const passedOver: string[] = [];
  for (const step of (await checkpointSteps(out)).reverse()) {
    const path = checkpointDirectory(out, step);
    try {
      return { ...(await readCheckpoint(path)), passedOver };
    } catch (error) {
      if (!(error instanceof RoundoffError)) throw error;
      passedOver.push(error.message);
    }
  }
  if (passedOver.length === 0) return undefined;
  throw new RoundoffError("DATA_CORRUPT", {
    what: `no checkpoint in "${join(out, CHECKPOINTS)}" can be used: ${passedOver.join("; ")}`,
    hint: "Delete the output folder, or choose another --out, to start afresh.",
  });
}

/** Reads and verifies one checkpoint directory. Throws DATA_CORRUPT or FILE_UNREADABLE. */
export async function readCheckpoint(path: string): Promise<Omit<Checkpoint, "passedOver">> {
  const sums = parseSums(path, await readPart(path, SUMS_FILE));
  const [arrays, json] = await Promise.all(
    [STATE_FILE, MANIFEST_FILE].map(async (name) => {
      const content = await readPart(path, name);
      if (sums.get(name) === sha256(content)) return content;
      throw damaged(path, `${name} does not have the hash in ${SUMS_FILE}`);
    }),
  );
  const manifest = parseManifest(new TextDecoder().decode(json), join(path, MANIFEST_FILE));
  return { path, manifest, tensors: readSafetensors(arrays).tensors };
}

/**
 * Copies the arrays of a checkpoint into `state`, whose arrays must be those of the same model. Throws INVALID_ARGUMENT when it
 * is of another run, DATA_CORRUPT when an array is missing.
 */
export function restoreState(
  { path, manifest, tensors }: Checkpoint,
  state: ModelState,
  run: RunIdentity,
): void {
  requireSameRun(path, manifest, run);
  const formats = storedFormats(FORMATS);
  for (const [name, { data }] of state) {
    const stored = tensors.get(name);
    const values = stored === undefined ? undefined : loadState(stored, formats);
    if (values?.length !== data.length)
      throw damaged(path, `tensor "${name}" is missing or has another size`);
    data.set(values);
  }
}

/** The steps of the checkpoints in `out`, rising. */
export async function checkpointSteps(out: string): Promise<number[]> {
  const names = await readdir(join(out, CHECKPOINTS)).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return [];
    throw cause;
  });
  return names
    .map((name) => (/^step-(\d+)$/.test(name) ? Number(name.slice(5)) : -1))
    .filter((step) => step >= 0)
    .sort((a, b) => a - b);
}

/** Removes what a killed process left half written. Only for the owner of the run's lock. */
export async function removePartialCheckpoints(out: string): Promise<void> {
  const folder = join(out, CHECKPOINTS);
  if (!existsSync(folder)) return;
  const partial = (await readdir(folder)).filter(isPartialDirectory);
  for (const name of partial) await remove(join(folder, name));
}

/** Removes every checkpoint of a run that begins anew. */
export async function removeCheckpoints(out: string): Promise<void> {
  await remove(join(out, CHECKPOINTS));
}

/**
 * Removes all but the last `keep` checkpoints up to `step`. Done after every checkpoint, and once more by a run that goes on:
 * the one before may have been killed in the middle of it.
 */
export async function pruneCheckpoints(out: string, step: number, keep: number): Promise<void> {
  const steps = (await checkpointSteps(out)).filter((other) => other <= step);
  for (const old of steps.slice(0, -keep)) await removeDirectory(checkpointDirectory(out, old));
}

function remove(path: string): Promise<void> {
  return writing(`cannot remove "${path}"`, () => rm(path, { recursive: true, force: true }));
}

async function makeParent(target: string): Promise<void> {
  const parent = dirname(target);
  if (existsSync(parent)) return;
  await writing(`cannot make the folder "${parent}"`, async () => {
    await mkdir(parent, { recursive: true });
    await syncDirectory(dirname(parent));
  });
}

function sha256Parts(parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

async function readPart(path: string, name: string): Promise<Uint8Array> {
  try {
    return await readFile(join(path, name));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") throw damaged(path, `${name} is missing`);
    throw unreadable(join(path, name), cause);
  }
}

/** Lines of `sha256sum`: hash, two spaces, name. */
function parseSums(path: string, content: Uint8Array): ReadonlyMap<string, string> {
  const lines = new TextDecoder()
    .decode(content)
    .split("\n")
    .filter((line) => line !== "");
  return new Map(
    lines.map((line) => {
      const [, hash, name] = /^([0-9a-f]{64}) {2}(\S+)$/.exec(line) ?? [];
      if (hash === undefined) throw damaged(path, `${SUMS_FILE} is not a list of hashes`);
      return [name, hash];
    }),
  );
}

function damaged(path: string, what: string): RoundoffError {
  return new RoundoffError("DATA_CORRUPT", { what: `checkpoint "${path}" cannot be used: ${what}` });
}
