/**
 * A lock on a directory: a file that names its owner. One process at a time; the lock of a process that is gone is taken
 * over. Time is printed and never decides anything, so a clock that jumps changes nothing.
 */
import { randomUUID } from "node:crypto";
import { existsSync, linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { RoundoffError } from "./errors.ts";
import { isAlive, isMarkGone, MARK_PATTERN, processMark, startOf } from "./process-mark.ts";
import { unwritable } from "./unwritable.ts";

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

/** The end of the name under which an owner is written down before the lock is taken. */
const LEFTOVER = new RegExp(`\\.(${MARK_PATTERN})\\.[0-9a-f-]{36}(?:\\.copy)?$`);

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
  const release = () => {
    if (readOwner(path)?.token === mine.token) removeIfPossible(path);
  };
  // Linked or renamed into place with its content: nobody ever reads half an owner.
  const written = `${path}.${processMark()}.${mine.token}`;
  try {
    writeFileSync(written, `${JSON.stringify(mine)}\n`, { flag: "wx" });
    acquire(path, written);
    removeLeftovers(path);
  } catch (cause) {
    release();
    throw unwritable(`cannot write the lock "${path}"`, cause);
  } finally {
    removeIfPossible(written);
  }
  return { release };
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
    const [, mark] = LEFTOVER.exec(name) ?? [];
    const owner = readOwner(file);
    // The mark comes first: a process may have been killed before it had written its name.
    const gone = mark === undefined ? owner !== undefined && isGone(owner) : isMarkGone(mark);
    if (gone) removeIfPossible(file);
  }
}

/** A lock that cannot be removed does no harm: its owner is gone soon, and the next one takes it over. */
function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The next process that takes the lock clears it away.
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
