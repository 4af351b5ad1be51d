/**
 * Refuses what does not fit before it is begun: a plan knows its size, and a clear error now is better than a process that the
 * system kills in the middle of a step.
 */
import { freemem } from "node:os";
import process from "node:process";
import { RoundoffError } from "../base/errors.ts";

/** Bytes that this process may still take: what the machine has free, or what a container leaves. */
export function availableMemory(): number {
  return process.availableMemory?.() ?? freemem();
}

/** Throws OUT_OF_MEMORY if `bytes` for `what` are more than there are. */
export function requireMemory(what: string, bytes: number, available: number = availableMemory()): void {
  if (bytes <= available) return;
  throw new RoundoffError("OUT_OF_MEMORY", {
    what: `${what} does not fit into memory`,
    expected: `at most ${megabytes(available)}, which are free`,
    received: `${megabytes(bytes)} needed`,
    hint: "Use a smaller batch or a smaller model, or end other programs.",
  });
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}
