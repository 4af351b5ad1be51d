/**
 * Kills what writes to a disk with SIGKILL again and again, at random moments and at random file operations, starts it again each time,
 * and compares all that it leaves in the end with what an undisturbed one leaves, byte for byte. The last line on stdout is a JSON report.
 * Usage: node test/kills/run.mjs [--kills N of each] [--seed S] [--subject NAME]…   (needs dist/; see `npm run setup`)
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { differences, filesBelow, SUBJECTS } from "../faults/subjects.mjs";

const CHILD = join(dirname(fileURLToPath(import.meta.url)), "child.mjs");
/** The families of recipes, and what else writes. */
const KILLED = ["fp32", "bf16", "fp16", "int16", "fp8", "study", "export", "fetch"];
/** A life of a subject with more operations ends in its first quarter: else hardly any would be killed twice. */
const FEW_OPERATIONS = 50;

/** 32-bit LCG (Numerical Recipes): the same kill points for the same seed, as far as timers allow. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Runs the child; `killAfter` in milliseconds or `killAt` an operation. Says how it ended, and in which phase. */
function runChild({ subject, prepared, out }, { killAfter, killAt } = {}) {
  const options = { "--prepared": prepared, "--self-kill": killAt };
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  mkdirSync(out, { recursive: true });
  const child = spawn(process.execPath, [CHILD, subject, out, ...given.flat().map(String)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let operations = 0;
  let phase = "starting";
  let errors = "";
  child.stdout.on("data", (data) => {
    for (const line of data
      .toString()
      .split("\n")
      .filter((text) => text !== "")) {
      const [word, count] = line.split(" ");
      if (count === undefined) phase = word;
      else operations = Number(count);
    }
  });
  child.stderr.on("data", (data) => {
    errors += data;
  });
  const began = performance.now();
  const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfter);
  return new Promise((resolve) => {
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, phase, operations, errors, milliseconds: performance.now() - began });
    });
  });
}

async function killAll(subject, { kills, seed, root }) {
  const random = generator(seed);
  const prepared = await SUBJECTS[subject].prepare?.(join(root, `${subject}-prepared`));
  const whole = { subject, prepared, out: join(root, `${subject}-whole`) };
  const reference = await runChild(whole);
  if (reference.code !== 0) throw new Error(`undisturbed, ${subject} failed: ${reference.errors}`);
  const { operations, milliseconds } = reference;
  const expected = filesBelow(whole.out);
  const last = operations < FEW_OPERATIONS ? operations : operations / 4;
  const report = { subject, kills: 0, completed: 0, failures: /** @type {string[]} */ ([]), killedIn: {} };
  for (let life = 0; report.kills < kills; life++) {
    const out = join(root, `${subject}-${report.completed}`);
    const how =
      life % 2 === 0 ? { killAfter: random() * milliseconds } : { killAt: 1 + Math.floor(random() * last) };
    const end = await runChild({ subject, prepared, out }, how);
    if (end.signal === "SIGKILL") {
      report.kills++;
      report.killedIn[end.phase] = (report.killedIn[end.phase] ?? 0) + 1;
    } else {
      finish(report, end, expected, out);
      if (end.code !== 0) return report;
    }
  }
  // The last one is let live.
  const out = join(root, `${subject}-${report.completed}`);
  finish(report, await runChild({ subject, prepared, out }), expected, out);
  return report;
}

function finish(report, { code, errors }, expected, out) {
  if (code !== 0) report.failures.push(`after ${report.kills} kills: exit ${code}: ${errors.slice(0, 400)}`);
  else report.failures.push(...differences(expected, filesBelow(out)));
  report.completed++;
  rmSync(out, { recursive: true, force: true });
}

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "50" },
    seed: { type: "string", default: "1" },
    subject: { type: "string", multiple: true, default: KILLED },
  },
});
const root = mkdtempSync(join(tmpdir(), "roundoff-kills-"));
try {
  const reports = [];
  for (const subject of values.subject) {
    const options = { kills: Number(values.kills), seed: Number(values.seed), root };
    const report = await killAll(subject, options);
    process.stderr.write(
      `${subject}: ${report.kills} kills (${Object.entries(report.killedIn)
        .map(([phase, n]) => `${phase} ${n}`)
        .join(", ")}), ` +
        `${report.completed} came to their end, ${report.failures.length} differences from an undisturbed one\n`,
    );
    for (const failure of report.failures) process.stderr.write(`  ${failure}\n`);
    reports.push(report);
  }
  process.stdout.write(`${JSON.stringify(reports)}\n`);
  process.exitCode = reports.some(({ failures }) => failures.length > 0) ? 1 : 0;
} finally {
  rmSync(root, { recursive: true, force: true });
}
