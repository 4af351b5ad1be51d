/**
 * Disks that fail: some file operations of a run, a study, an export and a fetch into the cache; the long form, with all of them, is
 * `node test/faults/run.mjs`. And, where the machine lets one be mounted, a disk that is really full (`node test/faults/full-disk.mjs`).
 */
import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

interface FaultReport {
  readonly subject: string;
  readonly tried?: number;
  readonly disks?: number;
  readonly failures: readonly string[];
}

async function reports(program: string, ...options: string[]): Promise<FaultReport[]> {
  const path = fileURLToPath(new URL(`./faults/${program}`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [path, "--json", ...options]).catch(
    (failed: { stdout: string }) => failed,
  );
  return JSON.parse(stdout) as FaultReport[];
}

const MOUNT = ["--mount", "--map-root-user", "mount", "-t", "tmpfs", "none", "/tmp"];
const mountable = spawnSync("unshare", MOUNT).status === 0;

describe.concurrent("a disk that fails", () => {
  it.each([
    ["short", "24"],
    ["study", "24"],
    ["export", "1"],
    ["fetch", "1"],
  ])(
    "ends it in one error, and then it goes on to the same bytes: %s",
    async (subject, every) => {
      const found = await reports("run.mjs", "--subject", subject, "--every", every);
      expect(found.flatMap(({ failures }) => failures)).toEqual([]);
      expect(found).toHaveLength(4);
      for (const { tried } of found) expect(tried).toBeGreaterThan(0);
    },
    120_000,
  );

  it.skipIf(!mountable)(
    `that is really full does the same${mountable ? "" : " (skipped: no file system can be mounted here)"}`,
    async () => {
      const found = await reports("full-disk.mjs", "--step", "29");
      expect(found.map(({ subject, failures }) => [subject, failures])).toEqual([
        ["short", []],
        ["study", []],
      ]);
      for (const { disks } of found) expect(disks).toBeGreaterThan(1);
    },
    120_000,
  );
});
