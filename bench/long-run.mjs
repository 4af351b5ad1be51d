/**
 * 20,000 steps of a small model: memory, step time and files in blocks of 1,000 steps. Prints a table and ends with 1 if memory or
 * step time grows, or if a file grows otherwise than documented (a line per step in the record, a bounded number of checkpoints).
 * Memory is judged by its slope over the last half, when the engine has compiled what it compiles and the allocator has what it
 * needs. Usage: npm run setup && node --expose-gc bench/long-run.mjs [--steps N] [--recipe R]
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { selectKernels } from "../dist/kernels/select.js";
import { train } from "../dist/train/run.js";

const { values } = parseArgs({
  options: { steps: { type: "string", default: "20000" }, recipe: { type: "string", default: "fp8" } },
});
const BLOCK = 1000;
const BATCH = 16;
const STEPS_OF_EPOCH = 2000;
const epochs = Math.ceil(Number(values.steps) / STEPS_OF_EPOCH);
/** Of resident memory in the last half: a leak of one number a step would be 8. */
const MAX_BYTES_A_STEP = 100;
/** Of the last quarter against the second. */
const MAX_SLOWDOWN = 1.5;

function pictures(count) {
  const labels = Uint8Array.from({ length: count }, (_, i) => (7 * i) % 10);
  const images = Uint8Array.from(
    { length: count * 784 },
    (_, i) => (labels[Math.floor(i / 784)] * 25 + (i % 13)) & 255,
  );
  const shape = { height: 28, width: 28, channels: 1, classes: 10 };
  return { name: "made-up", images, labels, ...shape, mean: 0.4, std: 0.3, sha256: "0" };
}

function bytesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name);
    return sum + (entry.isDirectory() ? bytesBelow(path) : statSync(path).size);
  }, 0);
}

const out = mkdtempSync(join(tmpdir(), "roundoff-long-"));
const { kernels } = selectKernels({ threads: 1 });
const rows = [];
let times = [];
let last = performance.now();
function block(step) {
  globalThis.gc?.();
  times.sort((a, b) => a - b);
  const { rss, heapTotal, heapUsed, arrayBuffers } = process.memoryUsage();
  rows.push({
    step,
    medianMs: times[times.length >> 1],
    rss,
    heapTotal,
    heapUsed,
    arrayBuffers,
    record: statSync(join(out, "run.jsonl")).size,
    timing: statSync(join(out, "timing.jsonl")).size,
    checkpoints: bytesBelow(join(out, "checkpoints")),
  });
  times = [];
}
let result;
try {
  result = await train({
    config: {
      model: "lenet",
      modelOptions: { width: 4 },
      data: "made-up",
      recipe: values.recipe,
      epochs,
      seed: 1,
      batchSize: BATCH,
      optimizer: {
        learningRate: 0.002,
        momentum: 0.9,
        weightDecay: 1e-4,
        schedule: { kind: "constant", warmupSteps: 0 },
      },
    },
    data: {
      train: pictures(STEPS_OF_EPOCH * BATCH),
      test: pictures(100),
      provenance: { name: "made-up", path: "none", source: "directory", sha256: "0" },
    },
    kernels,
    kernelRecord: { name: kernels.name, tier: "any", threads: 1, cpu: "any" },
    out,
    checkpointEvery: 250,
    command: "long-run",
    onProgress: ({ phase, step }) => {
      if (phase !== "train") return;
      const now = performance.now();
      times.push(now - last);
      if (step % BLOCK === 0) block(step);
      last = performance.now();
    },
  });
} finally {
  rmSync(out, { recursive: true, force: true });
}

/** Of the line through the blocks that errs least, in units a step; 0 for a single block. */
function slope(blocks, of) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [middle, level] = [mean(blocks.map(({ step }) => step)), mean(blocks.map(of))];
  const rise = blocks.reduce((sum, row) => sum + (row.step - middle) * (of(row) - level), 0);
  const run = blocks.reduce((sum, { step }) => sum + (step - middle) ** 2, 0);
  return run === 0 ? 0 : rise / run;
}

const mb = (bytes) => (bytes / 1e6).toFixed(1).padStart(8);
process.stdout.write("  step  median ms   RSS MB taken MB  heap MB arrays MB record MB ckpts MB\n");
for (const row of rows) {
  const sizes = [row.rss, row.heapTotal, row.heapUsed, row.arrayBuffers, row.record, row.checkpoints]
    .map(mb)
    .join(" ");
  process.stdout.write(`${String(row.step).padStart(6)} ${row.medianMs.toFixed(3).padStart(10)} ${sizes}\n`);
}
const part = (list, of) => list.map(of).sort((a, b) => a - b)[list.length >> 1];
const quarter = Math.max(1, rows.length >> 2);
const [first, final] = [rows.slice(quarter, 2 * quarter), rows.slice(-quarter)];
const growth = slope(rows.slice(rows.length >> 1), (row) => row.rss);
const slowdown = part(final, (row) => row.medianMs) / part(first, (row) => row.medianMs);
const perStep = (rows.at(-1).record - rows[0].record) / (rows.at(-1).step - rows[0].step);
const faults = [
  result.status !== "finished" &&
    `the run ended as ${result.status}: ${JSON.stringify(result.firstNonFinite)}`,
  growth > MAX_BYTES_A_STEP && `memory grows by ${growth.toFixed(0)} bytes a step`,
  slowdown > MAX_SLOWDOWN && `steps became ${slowdown.toFixed(2)} times slower`,
  perStep > 400 && `the record grows by ${perStep} bytes a step`,
  rows.at(-1).checkpoints > 1.1 * rows[0].checkpoints && "the checkpoints grow",
].filter(Boolean);
process.stdout.write(
  `last half: resident memory ${growth.toFixed(1)} bytes a step; last quarter against the second: step time × ${slowdown.toFixed(3)}; ` +
    `record ${perStep.toFixed(0)} bytes a step\n`,
);
for (const fault of faults) process.stdout.write(`NOT FLAT: ${fault}\n`);
process.exitCode = faults.length > 0 ? 1 : 0;
