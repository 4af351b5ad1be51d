/**
 * A disk that is really full: file systems in memory (tmpfs) of one page, two pages and so on, until all fits. On each the run must end
 * in one error, with its checkpoints whole; then the file system is made larger and the same call goes on to the bytes of an undisturbed
 * run. Mounts are made in a namespace of the process and vanish with it; needs Linux and the right to make one.
 * Usage: node test/faults/full-disk.mjs [--subject NAME]… [--step PAGES] [--json]   (needs dist/; see `npm run setup`)
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { RoundoffError } from "../../dist/base/errors.js";
import { newestCheckpoint } from "../../dist/train/checkpoint.js";
import { differences, filesBelow, SUBJECTS } from "./subjects.mjs";

const PAGE = 4096;
const ROOMY = "size=64m";
/** Larger than what any subject writes: a search that gets here has lost its way. */
const MOST_PAGES = 4096;

const { values } = parseArgs({
  options: {
    subject: { type: "string", multiple: true, default: ["short", "study"] },
    step: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
    inside: { type: "boolean", default: false },
  },
});
if (values.inside) await inside();
else {
  const own = [process.execPath, fileURLToPath(import.meta.url), "--inside", ...process.argv.slice(2)];
  const { status, error } = spawnSync("unshare", ["--mount", "--map-root-user", ...own], {
    stdio: "inherit",
  });
  if (error !== undefined) process.stderr.write(`no namespace for mounts here: ${error.message}\n`);
  process.exitCode = status ?? 2;
}

async function inside() {
  const root = mkdtempSync(join(tmpdir(), "roundoff-full-"));
  const disk = join(root, "disk");
  mkdirSync(disk);
  const reports = [];
  try {
    for (const subject of values.subject) {
      const whole = join(root, `${subject}-whole`);
      await SUBJECTS[subject].run(whole);
      const report = { subject, disks: 0, ended: {}, failures: /** @type {string[]} */ ([]) };
      const expected = filesBelow(whole);
      for (let pages = 1; await tryDisk({ subject, disk, expected, report }, pages); )
        pages += Number(values.step);
      const ended = Object.entries(report.ended).map(([where, times]) => `${where} ${times}`);
      process.stderr.write(
        `${subject}: ${report.disks} full disks (${ended.join(", ")}), ${report.failures.length} failures\n`,
      );
      for (const failure of report.failures) process.stderr.write(`  ${failure}\n`);
      reports.push(report);
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  if (values.json) process.stdout.write(`${JSON.stringify(reports)}\n`);
  process.exitCode = reports.some(({ failures }) => failures.length > 0) ? 1 : 0;
}

/** One disk of so many pages. False when all of the subject fitted, or when there is no use in going on. */
async function tryDisk({ subject, disk, expected, report }, pages) {
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${pages * PAGE}`, "none", disk]);
  try {
    const out = join(disk, "out");
    const error = await SUBJECTS[subject].run(out).then(
      () => undefined,
      (failed) => failed,
    );
    if (error === undefined) return false;
    report.disks++;
    const where = error instanceof RoundoffError ? writerOf(error) : "elsewhere";
    report.ended[where] = (report.ended[where] ?? 0) + 1;
    const clear = error.code === "OUTPUT_UNWRITABLE" && error.message.includes("ENOSPC");
    const problems = clear ? [] : [`the error is ${error?.stack ?? error}`];
    problems.push(...((await newestCheckpoint(out))?.passedOver ?? []));
    execFileSync("mount", ["-o", `remount,${ROOMY}`, disk]);
    await SUBJECTS[subject].run(out);
    problems.push(...differences(expected, filesBelow(out)));
    report.failures.push(...problems.map((problem) => `${pages} pages: ${problem}`));
  } catch (error) {
    report.failures.push(`${pages} pages: ${error?.stack ?? error}`);
  } finally {
    execFileSync("umount", [disk]);
  }
  return report.failures.length <= 10 && pages < MOST_PAGES;
}

/** What was being written, from the path in the error. */
function writerOf({ message }) {
  const [name = "the lock"] = /checkpoints|run\.jsonl|timing\.jsonl|report|verdicts/.exec(message) ?? [];
  return name;
}
