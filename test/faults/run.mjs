/**
 * Lets file operations fail, one after the other: the run must end in one clear error that names the reason, its checkpoints must be
 * as they were, and once there is room again the same call must go on to the very bytes of an undisturbed one, leaving nothing else.
 * Usage: node test/faults/run.mjs [--subject NAME]… [--fault NAME]… [--every K] [--json]   (needs dist/; see `npm run setup`)
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { RoundoffError } from "../../dist/base/errors.js";
import { processMark } from "../../dist/base/process-mark.js";
import { newestCheckpoint } from "../../dist/train/checkpoint.js";
import { watchFileOperations } from "./file-operations.mjs";
import { differences, filesBelow, SUBJECTS } from "./subjects.mjs";

const WRITES = new Set(["writeSync", "handle.write"]);
const NEEDS_ROOM = new Set([
  ...WRITES,
  "writeFileSync",
  "linkSync",
  "openSync",
  "mkdir",
  "mkdtemp",
  "writeFile",
  "open",
  "handle.writeFile",
]);

/** Bytes that a short write takes: some of a line of a record, some of the arrays of a checkpoint. */
const PARTS = { writeSync: 7, "handle.write": 5000 };

/**
 * What goes wrong from operation `at` on, given the number and name of an operation. A number cuts a write to so many bytes. `ends`:
 * whether the subject may end in an error.
 */
const FAULTS = {
  /** The disk is full: the first write still gets a byte onto it. */
  "full disk": (number, operation, at) => {
    if (number === at && WRITES.has(operation)) return 1;
    return number >= at && NEEDS_ROOM.has(operation) ? "ENOSPC" : undefined;
  },
  /** The disk fails once. */
  "one failure": (number, _, at) => (number === at ? "EIO" : undefined),
  /** The disk fails from here on, for everything. */
  "dead disk": (number, _, at) => (number >= at ? "EIO" : undefined),
  /** Writes do a part of what they were asked for: no fault at all. */
  "short writes": (number, operation, at) => (number >= at ? PARTS[operation] : undefined),
};

/** Calls `run` while `fault` is on; gives the error that it ended in, and how many operations there were. */
async function disturbed(run, fault, at) {
  let number = 0;
  let failed = "";
  watchFileOperations((operation, path) => {
    const effect = fault?.(++number, operation, at);
    if (typeof effect !== "string") return effect;
    failed ||= `${operation} of ${path}`;
    throw Object.assign(new Error(`${effect}: made up, ${operation}`), { code: effect });
  });
  try {
    await run();
    return { number, failed };
  } catch (error) {
    return { number, failed, error };
  } finally {
    watchFileOperations(() => undefined);
  }
}

/** Failures of one subject under one fault at one operation, as sentences. */
async function tryFault({ subject, prepared, expected, out }, name, at) {
  const run = () => SUBJECTS[subject].run(out, prepared);
  mkdirSync(out);
  try {
    const { error, failed } = await disturbed(run, FAULTS[name], at);
    const problems = error === undefined ? [] : [...judged(error, name), ...(await checkpointsOf(out))];
    endProcess(out);
    await run();
    problems.push(...differences(expected, filesBelow(out)));
    return problems.map((problem) => `${subject}, ${name} at ${at} (${failed || "nothing"}): ${problem}`);
  } catch (error) {
    return [`${subject}, ${name} at ${at}: ${error?.stack ?? error}`];
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/**
 * What could not be removed bears the name of a process that would have ended by now, which its successor would see
 * (test/kills/run.mjs ends processes in truth).
 */
function endProcess(out) {
  const isOurs = (path) => basename(path) === ".lock" || basename(path).includes(processMark());
  const ours = readdirSync(out, { recursive: true }).filter(isOurs);
  for (const path of ours) rmSync(join(out, path), { recursive: true });
}

function judged(error, name) {
  if (name === "short writes") return [`ended in ${error.message}`];
  const code = name === "full disk" ? "ENOSPC" : "EIO";
  const clear =
    error instanceof RoundoffError && error.code === "OUTPUT_UNWRITABLE" && error.message.includes(code);
  return clear ? [] : [`the error is ${error?.stack ?? error}`];
}

/** The newest checkpoint must be a whole one, if there is any. */
async function checkpointsOf(out) {
  const found = await newestCheckpoint(out);
  return found?.passedOver ?? [];
}

const { values } = parseArgs({
  options: {
    subject: { type: "string", multiple: true, default: ["short", "study", "export", "fetch"] },
    fault: { type: "string", multiple: true, default: Object.keys(FAULTS) },
    every: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
  },
});
const root = mkdtempSync(join(tmpdir(), "roundoff-faults-"));
try {
  const reports = [];
  for (const subject of values.subject) {
    const prepared = await SUBJECTS[subject].prepare?.(join(root, `${subject}-prepared`));
    const whole = join(root, `${subject}-whole`);
    mkdirSync(whole);
    const { number: operations } = await disturbed(
      () => SUBJECTS[subject].run(whole, prepared),
      () => undefined,
    );
    const context = { subject, prepared, expected: filesBelow(whole), out: join(root, subject) };
    for (const fault of values.fault) {
      const report = { subject, fault, operations, tried: 0, failures: /** @type {string[]} */ ([]) };
      // Every K-th operation, with a beginning of its own for each fault; short writes all begin at the first.
      const every = fault === "short writes" ? operations : Number(values.every);
      for (let at = 1 + (reports.length % every); at <= operations; at += every) {
        report.failures.push(...(await tryFault(context, fault, at)));
        report.tried++;
        if (report.failures.length > 10) break;
      }
      reports.push(report);
      const { tried, failures } = report;
      process.stderr.write(
        `${subject}: ${fault} at ${tried} of ${operations} operations, ${failures.length} failures\n`,
      );
      for (const failure of failures) process.stderr.write(`  ${failure}\n`);
    }
  }
  if (values.json) process.stdout.write(`${JSON.stringify(reports)}\n`);
  process.exitCode = reports.some(({ failures }) => failures.length > 0) ? 1 : 0;
} finally {
  rmSync(root, { recursive: true, force: true });
}
