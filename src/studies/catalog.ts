/** Finds studies: those that come with the package, by name, and any file by its path. */
import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RoundoffError, unknownName } from "../base/errors.ts";
import { parseStudySpec, type StudySpec } from "./spec.ts";

/** `studies/` of the package; this file lies two folders below it, in src/ and in dist/. */
const PACKAGED = fileURLToPath(new URL("../../studies/", import.meta.url));

export function studyNames(): string[] {
  return readdirSync(PACKAGED)
    .filter((name) => existsSync(join(PACKAGED, name, "study.json")))
    .sort();
}

export interface LoadOptions {
  /** False: the reference kernels will train it, so take the smaller form that the file gives for that case. */
  readonly native?: boolean;
}

/** The study called `nameOrPath`, or described by the JSON file (or folder with a study.json) at that path. */
export async function loadStudy(nameOrPath: string, { native = true }: LoadOptions = {}): Promise<StudySpec> {
  const path = studyPath(nameOrPath);
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new RoundoffError(cause instanceof SyntaxError ? "INVALID_ARGUMENT" : "FILE_UNREADABLE", {
      what: `cannot read the study file "${path}"`,
      expected: "a JSON file as in studies/",
      received: (cause as Error).message,
      cause,
    });
  }
  return parseStudySpec(native ? withoutAlternative(json) : withAlternative(json), "study");
}

/** The field of a study file whose fields replace the study's own when there are no native kernels. */
const ALTERNATIVE = "withoutNative";

function withoutAlternative(json: unknown): unknown {
  if (!isObject(json)) return json;
  const { [ALTERNATIVE]: _, ...study } = json;
  return study;
}

function withAlternative(json: unknown): unknown {
  if (!isObject(json) || !isObject(json[ALTERNATIVE])) return withoutAlternative(json);
  return { ...(withoutAlternative(json) as object), ...json[ALTERNATIVE] };
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
