/**
 * Takes a data set out of its Debian package without installing it: `apt-get download`, then `dpkg-deb -x`. Needs no
 * root, except to fill package lists that are empty. APT has checked the archive's signature; hashes are for the caller.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { RoundoffError } from "../base/errors.ts";
import type { DebianPackage } from "./source.ts";
import type { ProgramResult, System } from "./system.ts";

const TIMEOUT_MS = 600_000;

export interface FetchOptions {
  /** An empty directory of the caller's, who also removes it. */
  readonly workDirectory: string;
  readonly system: System;
  readonly log: (message: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Unpacks `debian` below `workDirectory` and returns the directory that holds its data files. Throws DATA_MISSING with
 * the reason: no APT here, package lists empty and no root to fill them, or a program that failed.
 */
export async function fetchDebian(debian: DebianPackage, options: FetchOptions): Promise<string> {
  const { workDirectory, log } = options;
  log(`downloading Debian package ${debian.package}`);
  let result = await runProgram("apt-get", ["-q", "download", debian.package], options);
  if (isUnknownPackage(result)) {
    await updateLists(debian, options);
    result = await runProgram("apt-get", ["-q", "download", debian.package], options);
  }
  expectSuccess(`apt-get download ${debian.package}`, result);
  const archive = (await readdir(workDirectory)).find((name) => name.endsWith(".deb"));
  if (archive === undefined) throw missing(`apt-get download ${debian.package} left no .deb file`);
  const unpacked = join(workDirectory, "unpacked");
  expectSuccess(`dpkg-deb -x ${archive}`, await runProgram("dpkg-deb", ["-x", archive, unpacked], options));
  return join(unpacked, debian.directory);
}

async function updateLists(debian: DebianPackage, options: FetchOptions): Promise<void> {
  if (!options.system.isRoot()) {
    throw missing(
      `the package lists do not know ${debian.package} (are they empty?) and only root can update them`,
      {
        hint: "Run `apt-get update` as root, then fetch again",
      },
    );
  }
  options.log("the package lists do not know it: updating them");
  expectSuccess("apt-get update", await runProgram("apt-get", ["-q", "update"], options));
}

async function runProgram(
  program: string,
  args: readonly string[],
  { system, workDirectory, signal }: FetchOptions,
): Promise<ProgramResult> {
  const result = await system.run(program, args, { directory: workDirectory, timeoutMs: TIMEOUT_MS, signal });
  if (result.exit === "notFound") throw missing(`${program} is not installed (not a Debian system?)`);
  return result;
}

function isUnknownPackage({ exit, output }: ProgramResult): boolean {
  return exit !== 0 && /unable to locate package|no candidate|has no installation candidate/i.test(output);
}

function expectSuccess(command: string, { exit, output }: ProgramResult): void {
  if (exit === 0) return;
  const lines = output.trim().split("\n");
  const told = lines.find((line) => line.startsWith("E:")) ?? lines.at(-1) ?? "";
  throw missing(`${command} ${exit === "timedOut" ? "took too long" : `failed with exit code ${exit}`}`, {
    received: told === "" ? undefined : told,
  });
}

function missing(what: string, more: { received?: string; hint?: string } = {}): RoundoffError {
  return new RoundoffError("DATA_MISSING", { what, ...more });
}
