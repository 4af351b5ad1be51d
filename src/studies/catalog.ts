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

/** The study called `nameOrPath`, or described by the JSON file (or folder with a study.json) at that path. */
export async function loadStudy(nameOrPath: string): Promise<StudySpec> {
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
  return parseStudySpec(json, "study");
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
