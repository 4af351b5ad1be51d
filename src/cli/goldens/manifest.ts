/**
 * The file format of golden cases: `manifest.json` beside `tensors.safetensors`, made by another framework. Checks what it
 * reads; knows nothing of how a case is computed.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { RoundoffError, require } from "../../base/errors.ts";
import { showValue } from "../../base/show-value.ts";
import { readSafetensors } from "../../data/safetensors.ts";
import { asFloat32, asInt32, type StoredTensor } from "../../data/safetensors-dtype.ts";

/** Argument or result name → key of a tensor. */
export type TensorKeys = Readonly<Record<string, string>>;

export interface GoldenCase {
  readonly name: string;
  readonly op: string;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly inputs: TensorKeys;
  readonly outputs: TensorKeys;
  readonly cotangents: TensorKeys;
  readonly grads: TensorKeys;
  /** A value x is right if |x − golden| ≤ atol + rtol·|golden|. */
  readonly atol: number;
  readonly rtol: number;
}

export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

export interface GoldenSet {
  readonly cases: readonly GoldenCase[];
  /** The tensor of a key; DATA_CORRUPT if there is none. */
  tensor(key: string): GoldenTensor;
}

/** Reads a folder of golden cases. Throws FILE_UNREADABLE or DATA_CORRUPT. */
export async function readGoldens(directory: string): Promise<GoldenSet> {
  const manifestPath = join(directory, "manifest.json");
  const tensorsPath = join(directory, "tensors.safetensors");
  const cases = parseManifest((await read(manifestPath)).toString("utf8"), manifestPath);
  const { tensors } = readSafetensors(await read(tensorsPath));
  return {
    cases,
    tensor(key) {
      const stored = tensors.get(key);
      if (stored === undefined) throw corrupt(tensorsPath, `a tensor "${key}"`, "none of that name");
      return decode(stored, key, tensorsPath);
    },
  };
}

async function read(path: string): Promise<Buffer> {
  return readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new RoundoffError("FILE_UNREADABLE", {
      what: "a file of the golden cases cannot be read",
      expected: "a folder with manifest.json and tensors.safetensors",
      received: `"${path}" (${cause.code ?? cause.message})`,
      cause,
    });
  });
}

function decode(stored: StoredTensor, key: string, path: string): GoldenTensor {
  if (stored.dtype === "F32") return { shape: stored.shape, values: asFloat32(stored) };
  if (stored.dtype === "I32") return { shape: stored.shape, values: asInt32(stored) };
  throw corrupt(path, `tensor "${key}" as F32 or I32`, stored.dtype);
}

/** The cases of a manifest; `path` is for messages. Throws DATA_CORRUPT with the place. */
export function parseManifest(text: string, path: string): readonly GoldenCase[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw corrupt(path, "JSON", (cause as Error).message);
  }
  const cases = isRecord(json) ? json.cases : undefined;
  if (!Array.isArray(cases) || cases.length === 0)
    throw corrupt(path, "a list `cases` with at least one case", "none");
  return cases.map((entry, index) => parseCase(entry, `${path}: cases[${index}]`));
}

function parseCase(entry: unknown, where: string): GoldenCase {
  if (!isRecord(entry)) throw corrupt(where, "an object", typeof entry);
  const { name, op, attrs, atol, rtol } = entry;
  if (typeof name !== "string" || typeof op !== "string")
    throw corrupt(where, "texts `name` and `op`", "something else");
  const tolerances = [atol, rtol];
  const valid = tolerances.every((value) => typeof value === "number" && value >= 0);
  require(valid, "DATA_CORRUPT", () => ({
    what: `${where}: the tolerances are not numbers of at least 0`,
    received: showValue(tolerances),
  }));
  return {
    name,
    op,
    attrs: isRecord(attrs) ? attrs : {},
    inputs: parseKeys(entry.inputs, `${where}.inputs`),
    outputs: parseKeys(entry.outputs, `${where}.outputs`),
    cotangents: parseKeys(entry.cotangents ?? {}, `${where}.cotangents`),
    grads: parseKeys(entry.grads ?? {}, `${where}.grads`),
    atol: atol as number,
    rtol: rtol as number,
  };
}

function parseKeys(value: unknown, where: string): TensorKeys {
  if (!isRecord(value)) throw corrupt(where, "an object of tensor keys", typeof value);
  for (const [name, key] of Object.entries(value)) {
    if (typeof key !== "string") throw corrupt(`${where}.${name}`, "a tensor key", typeof key);
  }
  return value as TensorKeys;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function corrupt(where: string, expected: string, received: string): RoundoffError {
  return new RoundoffError("DATA_CORRUPT", { what: `broken golden cases at ${where}`, expected, received });
}
