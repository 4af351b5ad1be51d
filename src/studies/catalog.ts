/** Finds studies: those that come with the package, by name, and any file by its path. */
import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RoundoffError, unknownName } from "../base/errors.ts";
import { shorten } from "./shorten.ts";
import { parseStudySpec, type StudySpec } from "./spec.ts";

/** `studies/` of the package; this file lies two folders below it, in src/ and in dist/. */
const PACKAGED = fileURLToPath(new URL("../../studies/", import.meta.url));

export function studyNames(): string[] {
  return readdirSync(PACKAGED)
    .filter((name) => existsSync(join(PACKAGED, name, "study.json")))
    .sort();
}

/** Which form of a study is wanted. */
export interface StudyForm {
  /** False: the reference kernels will train it, so take the smaller form that the file gives for that case. */
  readonly native?: boolean;
  /** The short form: the study that the file names for it, else the same study on fewer examples. */
  readonly quick?: boolean;
}

/**
 * The study called `nameOrPath`, or described by the JSON file (or folder with a study.json) at that path. Beside the
 * fields of a study the file may hold `withoutNative` (fields that replace the study's own) and `quick` (a name).
 */
export async function loadStudy(nameOrPath: string, form: StudyForm = {}): Promise<StudySpec> {
  const { native = true, quick = false } = form;
  const json = await readStudyFile(studyPath(nameOrPath));
  if (!isObject(json)) return parseStudySpec(json, "study");
  const { withoutNative, quick: quickName, ...study } = json;
  if (quick && typeof quickName === "string") return loadStudy(quickName, { native });
  const fields = !native && isObject(withoutNative) ? { ...study, ...withoutNative } : study;
  const spec = parseStudySpec(fields, "study");
  return quick ? shorten(spec) : spec;
}

async function readStudyFile(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new RoundoffError(cause instanceof SyntaxError ? "INVALID_ARGUMENT" : "FILE_UNREADABLE", {
      what: `cannot read the study file "${path}"`,
      expected: "a JSON file as in studies/",
      received: (cause as Error).message,
      cause,
    });
  }
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function studyPath(nameOrPath: string): string {
  if (studyNames().includes(nameOrPath)) return join(PACKAGED, nameOrPath, "study.json");
  if (existsSync(join(nameOrPath, "study.json"))) return join(nameOrPath, "study.json");
  if (existsSync(nameOrPath)) return nameOrPath;
  if (/[/\\.]/.test(nameOrPath)) {
    throw new RoundoffError("FILE_UNREADABLE", {
      what: `there is no study file "${nameOrPath}"`,
      hint: `Or name one of: ${studyNames().join(", ")}.`,
    });
  }
  throw unknownName("study", nameOrPath, studyNames());
}
