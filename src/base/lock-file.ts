/**
 * A lock on a directory: a file that names its owner. One process at a time; the lock of a process that is gone is taken
 * over. Time is printed and never decides anything, so a clock that jumps changes nothing.
 */
import { randomUUID } from "node:crypto";
import { existsSync, linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { RoundoffError } from "./errors.ts";

/** Who holds a lock. `started` tells apart two processes that had the same number, where the system says it. */
interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly started: string;
  readonly token: string;
  /** ISO time at which the lock was taken, by the owner's clock. */
  readonly since: string;
}

export interface Lock {
  /** Gives the lock back. Harmless when done twice. */
  release(): void;
}

/** So often a lock that changes hands meanwhile is looked at again. */
const ATTEMPTS = 20;

/**
 * Takes the lock file `path`. Throws LOCKED with the owner and its age when a living process holds it, OUTPUT_UNWRITABLE
 * when the file cannot be made.
 */
export function takeLock(path: string): Lock {
  const mine: Owner = {
    pid: process.pid,
    host: hostname(),
    started: startOf(process.pid),
    token: randomUUID(),
    since: new Date().toISOString(),
  };
  // Linked or renamed into place with its content: nobody ever reads half an owner.
  const written = `${path}.${mine.pid}.${mine.token}`;
  try {
    writeFileSync(written, `${JSON.stringify(mine)}\n`, { flag: "wx" });
    acquire(path, written);
    removeLeftovers(path);
  } catch (cause) {
    if (cause instanceof RoundoffError) throw cause;
    throw new RoundoffError("OUTPUT_UNWRITABLE", {
      what: `cannot write the lock "${path}"`,
      received: (cause as NodeJS.ErrnoException).code ?? String(cause),
      cause,
    });
  } finally {
    rmSync(written, { force: true });
  }
  return {
    release: () => {
      if (readOwner(path)?.token === mine.token) rmSync(path, { force: true });
    },
  };
}

function acquire(path: string, written: string): void {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (linked(written, path)) return;
    const owner = readOwner(path);
    if (owner === undefined) {
      if (existsSync(path)) throw unreadable(path);
      continue;
    }
    if (!isGone(owner)) throw locked(path, owner);
    if (takeOver(path, owner, written)) return;
  }
  throw new RoundoffError("LOCKED", { what: `the lock "${path}" changes hands all the time` });
}

/**
 * Replaces the lock of an owner that is gone. Whoever does so holds a lock named after that very owner meanwhile, and
 * looks once more whether the owner is still the same: two processes cannot both take the same lock over.
 */
function takeOver(path: string, stale: Owner, written: string): boolean {
  const lock = takeLock(`${path}.${stale.token}`);
  try {
    if (readOwner(path)?.token !== stale.token) return false;
    renameSync(copyOf(written), path);
    return true;
  } finally {
    lock.release();
  }
}

/** `written` stays: the caller removes it. */
function copyOf(written: string): string {
  const copy = `${written}.copy`;
  rmSync(copy, { force: true });
  linkSync(written, copy);
  return copy;
}

/** What processes that were killed while they took this lock have left beside it. */
function removeLeftovers(path: string): void {
  const folder = dirname(path);
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(`${basename(path)}.`)) continue;
    const file = join(folder, name);
    const [, pid] = /\.(\d+)\.[0-9a-f-]{36}(\.copy)?$/.exec(name) ?? [];
    const owner = readOwner(file);
    const gone = pid === undefined ? owner !== undefined && isGone(owner) : !isAlive(Number(pid));
    if (gone) rmSync(file, { force: true });
  }
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw cause;
  }
}

function readOwner(path: string): Owner | undefined {
  try {
    const owner = JSON.parse(readFileSync(path, "utf8")) as Partial<Owner> | null;
    const { pid, host, started, token, since } = owner ?? {};
    const texts = [host, started, token, since].every((text) => typeof text === "string");
    // A token becomes part of a file name.
    return texts && Number.isSafeInteger(pid) && /^[0-9a-f-]{36}$/.test(token!)
      ? (owner as Owner)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Of a process on another machine nothing is known: it counts as alive. */
function isGone({ pid, host, started }: Owner): boolean {
  if (host !== hostname()) return false;
  return !isAlive(pid) || startOf(pid) !== started;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Boot and start time of a process in the system's own words; empty where there is no /proc. */
function startOf(pid: number): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, field 2, may hold spaces and parentheses; the start time is field 22.
    return `${boot} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
  } catch {
    return "";
  }
}

function locked(path: string, { pid, host, since }: Owner): RoundoffError {
  return new RoundoffError("LOCKED", {
    what: "another process works in this folder",
    expected: `nobody to hold the lock "${path}"`,
    received: `process ${pid} on ${host}, ${ageText(since)}`,
    hint: "Wait for it, or choose another --out. If you are certain that it is gone, delete the lock.",
  });
}

function unreadable(path: string): RoundoffError {
  return new RoundoffError("LOCKED", {
    what: `the lock "${path}" does not say who holds it`,
    hint: "If no other process works in this folder, delete the lock.",
  });
}

function ageText(since: string): string {
  const seconds = Math.round((Date.now() - Date.parse(since)) / 1000);
  return seconds >= 0 ? `for ${seconds} s` : `since ${since}, which is in the future by this clock`;
}
