/**
 * Training steps of Roundoff and of its peers on the same network, in turn within one run: round by round each candidate
 * runs alone, so that a machine that slows down slows all of them. Prints medians, bests and ratios to the first candidate;
 * over pictures all begin with the same weights and batch, and what they computed is compared too. `--json FILE` writes the rows.
 *
 *   bench/peers/setup.sh && npm run setup
 *   node bench/peers/compare-steps.mjs --net resnet50 --batch 16 --rounds 5 --candidates torch:fp32,fp32,torch:bf16,bf16
 *   npm ci --ignore-scripts --prefix bench/peers/javascript
 *   node bench/peers/compare-steps.mjs --net resnet20 --batch 128 --rounds 3 --candidates fp32,tfjs:wasm,jax:wasm
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startChild, startPython } from "./child.mjs";
import { IMAGE_NETS, imageStart, writeImageStart } from "./image-start.mjs";
import { NETS } from "./roundoff-nets.mjs";
import { median, pause } from "./rounds.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: {
    net: { type: "string" },
    batch: { type: "string", default: "16" },
    size: { type: "string", default: "0" },
    rounds: { type: "string", default: "5" },
    steps: { type: "string", default: "1" },
    candidates: { type: "string", default: "torch:fp32,fp32,torch:bf16,bf16" },
    json: { type: "string" },
  },
});

if (!Object.hasOwn(NETS, options.net ?? "")) {
  console.error(`--net is one of ${Object.keys(NETS).join(", ")}`);
  process.exit(2);
}

const [batch, size, rounds, steps] = ["batch", "size", "rounds", "steps"].map((key) => Number(options[key]));
const sizeOrDefault = size === 0 ? undefined : size;
const threads = availableParallelism();
const PAUSE_MS = 300;

const directory = mkdtempSync(join(tmpdir(), "roundoff-steps-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
const startFile = join(directory, "start.safetensors");
if (IMAGE_NETS.includes(options.net))
  writeImageStart(startFile, imageStart(options.net, batch, sizeOrDefault));

/** Starts a peer: `(variant)` → the child of child.mjs. */
const PEERS = {
  torch: (precision) =>
    startPython("torch_steps.py", [options.net, precision, batch, size, threads, startFile], {
      OPENBLAS_CORETYPE: "SKYLAKEX",
      OMP_NUM_THREADS: String(threads),
    }),
  tfjs: (variant) =>
    startJavaScript("tfjs-steps.mjs", { ...THREADED, shipped: ["cpu", startFile, 1] }[variant]),
  jax: (variant) =>
    startJavaScript("jax-steps.mjs", { ...THREADED, shipped: ["wasm", startFile, 1, "lax"] }[variant]),
};
/** Variants of a JavaScript peer with what bench/peers/javascript adds to it; `shipped` is without. */
const THREADED = { wasm: ["wasm", startFile, threads], wasm1: ["wasm", startFile, 1] };

function startJavaScript(script, args) {
  if (options.net !== "resnet20" || args === undefined)
    throw new Error("peers in JavaScript run resnet20, as wasm, wasm1 or shipped");
  return startChild(process.execPath, [join(here, "javascript", script), ...args.map(String)]);
}

async function peerCandidate(peer, variant) {
  const child = await PEERS[peer](variant);
  return { ...child, run: async (count) => JSON.parse(await child.ask(count)) };
}

async function ownCandidate(recipe) {
  const { step, report } = NETS[options.net](recipe, batch, sizeOrDefault);
  return {
    async run(count) {
      const start = process.hrtime.bigint();
      for (let i = 0; i < count; i++) await step();
      const ms = Number(process.hrtime.bigint() - start) / 1e6 / count;
      return { ms, ...report() };
    },
    close: () => {},
  };
}

const candidates = [];
for (const name of options.candidates.split(",")) {
  const [, peer, variant] = name.match(/^(torch|tfjs|jax):(.*)$/) ?? [];
  const candidate = await (peer === undefined ? ownCandidate(name) : peerCandidate(peer, variant));
  candidates.push({ name, times: [], ...candidate });
}
for (let round = 0; round <= rounds; round++) {
  for (const candidate of candidates) {
    await pause(PAUSE_MS);
    const { ms, ...answer } = await candidate.run(steps);
    if (round > 0) candidate.times.push(ms);
    // The gradient of the first step is its momentum.
    else candidate.first = answer;
    candidate.last = answer;
  }
}
for (const candidate of candidates) candidate.close();

const versions = [...new Set(candidates.flatMap(({ greeting }) => greeting?.replace("ready ", "") ?? []))];
const rows = candidates.map(({ name, times }) => ({
  name,
  medianMs: median(times),
  bestMs: Math.min(...times),
  speed: median(candidates[0].times) / median(times),
}));
console.log(
  `${options.net}, batch ${batch}, ${rounds} rounds in turn; ${cpus()[0]?.model}, ${threads} threads; ` +
    (versions.join("; ") || "no peer"),
);
for (const { name, medianMs, bestMs, speed } of rows) {
  console.log(
    `${name.padEnd(12)} median ${medianMs.toFixed(1)} ms, best ${bestMs.toFixed(1)} ms, ` +
      `${speed.toPrecision(3)}x the speed of ${rows[0].name}`,
  );
}
const agreement = candidates[0].first.loss === undefined ? [] : candidates.map(distanceFrom(candidates[0]));
for (const [i, { loss, fc, conv1, lastLoss }] of agreement.entries()) {
  const short = (value) => value.toExponential(1);
  console.log(
    `${candidates[i].name.padEnd(12)} first loss off by ${short(loss)}, gradient of fc.weight by ${short(fc)} of its ` +
      `largest, of conv1.weight by ${short(conv1)}; last loss by ${short(lastLoss)}`,
  );
}
if (options.json !== undefined) {
  const comparison = { net: options.net, batch, rounds, threads, versions };
  const all = rows.map((row, i) => ({ ...row, agreement: agreement[i] }));
  writeFileSync(options.json, `${JSON.stringify({ ...comparison, rows: all })}\n`);
}

/**
 * How far the losses and the first gradients of two weights are from the reference's. The gradient of the first layer jumps where the input of
 * a ReLU lies within rounding errors of 0; that of the last one does not.
 */
function distanceFrom(reference) {
  const largest = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const apart = (one, other) => largest(one.map((value, i) => value - other[i])) / largest(other);
  return ({ first, last }) => ({
    loss: Math.abs(first.loss - reference.first.loss),
    fc: apart(first.momentum.fc, reference.first.momentum.fc),
    conv1: apart(first.momentum.conv1, reference.first.momentum.conv1),
    lastLoss: Math.abs(last.loss - reference.last.loss),
  });
}
