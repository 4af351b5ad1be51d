/**
 * A mark of the running process for the names of its temporary files, so that a later process can tell which of them belong
 * to one that was killed. A process number alone would not do: numbers are used again, in containers at once.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/** Matches a mark within a file name: host, number, start. */
export const MARK_PATTERN = "[0-9a-f]{8}-\\d+-[0-9a-f]{8}";

/** The mark of this process, the same in all its threads. */
export function processMark(): string {
  return markOf(process.pid);
}

/** Whether the process that made this mark has certainly ended. Of other machines and of other texts nothing is known: false. */
export function isMarkGone(mark: string): boolean {
  const [host, pid] = mark.split("-");
  if (!new RegExp(`^${MARK_PATTERN}$`).test(mark) || host !== short(hostname())) return false;
  return !isAlive(Number(pid)) || markOf(Number(pid)) !== mark;
}

/** Whether there is a process of this number now. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Boot and start time of a process in the system's own words; empty where there is no /proc. */
export function startOf(pid: number): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, field 2, may hold spaces and parentheses; the start time is field 22.
    return `${boot} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
  } catch {
    return "";
  }
}

function markOf(pid: number): string {
  return `${short(hostname())}-${pid}-${short(startOf(pid))}`;
}

function short(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
