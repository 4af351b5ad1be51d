/**
 * Kills a tiny run with SIGKILL again and again, at random moments and at random file operations, starts it again each time, and
 * compares what it ends in with the uninterrupted run, byte for byte. The last line on stdout is a JSON report.
 * Usage: node test/kills/run.mjs [--kills N per family] [--seed S] [--recipe NAME]…   (needs dist/; see `npm run setup`)
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const CHILD = join(dirname(fileURLToPath(import.meta.url)), "child.mjs");
/** One recipe of each family: FP32, BF16, FP16 with dynamic loss scaling, INT16, FP8 with stochastic rounding. */
const FAMILIES = ["fp32", "bf16", "fp16", "int16", "fp8"];

/** 32-bit LCG (Numerical Recipes): the same kill points for the same seed, as far as timers allow. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Runs the child; `killAfter` in milliseconds or `killAt` an operation. Says how it ended, and in which phase. */
function runChild(recipe, out, { killAfter, killAt } = {}) {
  const extra = killAt === undefined ? [] : ["--self-kill", String(killAt)];
  const child = spawn(process.execPath, [CHILD, recipe, out, ...extra], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const counts = {};
  let phase = "none";
  let errors = "";
  child.stdout.on("data", (data) => {
    for (const line of data
      .toString()
      .split("\n")
      .filter((text) => text !== "")) {
      phase = line.split(" ")[0];
      counts[phase] = (counts[phase] ?? 0) + 1;
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
      resolve({ code, signal, phase, counts, errors, milliseconds: performance.now() - began });
    });
  });
}

/** File name → content of everything that a finished run leaves, timings left out: they are of the clock. */
function contents(out) {
  const steps = readdirSync(join(out, "checkpoints"), { withFileTypes: true }).map(({ name }) => name);
  const last = steps
    .filter((name) => name.startsWith("step-"))
    .sort()
    .at(-1);
  const files = [
    "run.jsonl",
    ...readdirSync(join(out, "checkpoints", last)).map((name) => join("checkpoints", last, name)),
  ];
  return new Map(files.map((file) => [file, readFileSync(join(out, file))]));
}

function differences(expected, out) {
  const found = contents(out);
  const wrong = [...expected]
    .filter(([file, content]) => !found.get(file)?.equals(content))
    .map(([file]) => file);
  const left = [...readdirSync(out), ...readdirSync(join(out, "checkpoints"))].filter(
    (name) => name.startsWith(".") || name.endsWith(".partial"),
  );
  return [...wrong.map((file) => `${file} differs`), ...left.map((name) => `${name} was left behind`)];
}

async function killFamily(recipe, kills, seed, root) {
  const random = generator(seed);
  const whole = join(root, `${recipe}-whole`);
  const reference = await runChild(recipe, whole);
  if (reference.code !== 0) throw new Error(`the uninterrupted run of ${recipe} failed: ${reference.errors}`);
  const expected = contents(whole);
  const report = { recipe, kills: 0, completed: 0, failures: [], killedIn: {} };
  for (let life = 0; report.kills < kills; ) {
    const out = join(root, `${recipe}-${report.completed}`);
    const how =
      life++ % 2 === 0
        ? { killAfter: random() * reference.milliseconds }
        : { killAt: 1 + Math.floor((random() * reference.counts.checkpoint) / 4) };
    const end = await runChild(recipe, out, how);
    if (end.signal === "SIGKILL") {
      report.kills++;
      report.killedIn[end.phase] = (report.killedIn[end.phase] ?? 0) + 1;
    } else {
      if (end.code !== 0) report.failures.push(`life ${life}: exit ${end.code}: ${end.errors.slice(0, 400)}`);
      finish(report, expected, out);
      if (end.code !== 0) return report;
    }
  }
  // The last one is let live.
  const out = join(root, `${recipe}-${report.completed}`);
  const end = await runChild(recipe, out);
  if (end.code !== 0) report.failures.push(`last life: exit ${end.code}: ${end.errors.slice(0, 400)}`);
  finish(report, expected, out);
  return report;
}

function finish(report, expected, out) {
  if (!existsSync(join(out, "checkpoints"))) return;
  report.failures.push(...differences(expected, out));
  report.completed++;
  rmSync(out, { recursive: true, force: true });
}

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "50" },
    seed: { type: "string", default: "1" },
    recipe: { type: "string", multiple: true, default: FAMILIES },
  },
});
const root = mkdtempSync(join(tmpdir(), "roundoff-kills-"));
try {
  const reports = [];
  for (const recipe of values.recipe) {
    const report = await killFamily(recipe, Number(values.kills), Number(values.seed), root);
    process.stderr.write(
      `${recipe}: ${report.kills} kills (${Object.entries(report.killedIn)
        .map(([phase, n]) => `${phase} ${n}`)
        .join(", ")}), ` +
        `${report.completed} runs came to their end, ${report.failures.length} not as the uninterrupted one\n`,
    );
    reports.push(report);
  }
  process.stdout.write(`${JSON.stringify(reports)}\n`);
  process.exitCode = reports.some(({ failures }) => failures.length > 0) ? 1 : 0;
} finally {
  rmSync(root, { recursive: true, force: true });
}
