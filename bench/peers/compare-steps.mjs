/**
 * Training steps of Roundoff and of its peers on the same network, in turn within one run: round by round each candidate
 * runs alone, so that a machine that slows down slows all of them. Prints medians, bests and ratios to the first candidate;
 * over pictures all begin with the same weights and batch, and what they computed is compared too.
 *
 *   bench/peers/setup.sh && npm run setup
 *   node bench/peers/compare-steps.mjs --net resnet50 --batch 16 --rounds 5 --candidates torch:fp32,fp32,torch:bf16,bf16
 *   npm ci --ignore-scripts --prefix bench/peers/javascript
 *   node bench/peers/compare-steps.mjs --net resnet20 --batch 128 --rounds 3 --candidates fp32,tfjs:wasm,jax:wasm
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startChild } from "./child.mjs";
import { IMAGE_NETS, imageStart, writeImageStart } from "./image-start.mjs";
import { NETS } from "./roundoff-nets.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: {
    net: { type: "string" },
    batch: { type: "string", default: "16" },
    size: { type: "string", default: "0" },
    rounds: { type: "string", default: "5" },
    steps: { type: "string", default: "1" },
    candidates: { type: "string", default: "torch:fp32,fp32,torch:bf16,bf16" },
  },
});

if (!Object.hasOwn(NETS, options.net ?? "")) {
  console.error(`--net is one of ${Object.keys(NETS).join(", ")}`);
  process.exit(2);
}

const [batch, size, rounds, steps] = ["batch", "size", "rounds", "steps"].map((key) => Number(options[key]));
const sizeOrDefault = size === 0 ? undefined : size;
const threads = availableParallelism();
/** Threads that wait for work spin for a while; the next candidate starts when they sleep. */
const PAUSE_MS = 300;
const pause = () => new Promise((done) => setTimeout(done, PAUSE_MS));

const directory = mkdtempSync(join(tmpdir(), "roundoff-steps-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
const startFile = join(directory, "start.safetensors");
if (IMAGE_NETS.includes(options.net))
  writeImageStart(startFile, imageStart(options.net, batch, sizeOrDefault));

/** What runs a peer: `(variant)` → command, arguments, environment. A variant of a JavaScript peer: `wasm`, `wasm1` (one thread), `cpu`. */
const PEERS = {
  torch: (precision) => [
    join(process.env.PEERS_VENV ?? join(here, ".venv"), "bin", "python"),
    [join(here, "torch_steps.py"), options.net, precision, batch, size, threads, startFile],
    { OPENBLAS_CORETYPE: "SKYLAKEX", OMP_NUM_THREADS: String(threads) },
  ],
  tfjs: (variant) => javascriptPeer("tfjs-steps.mjs", variant),
  jax: (variant) => javascriptPeer("jax-steps.mjs", variant),
};

function javascriptPeer(script, variant) {
  const [, backend, one] = variant.match(/^([a-z]+)(1?)$/);
  if (options.net !== "resnet20") throw new Error("JavaScript peers know resnet20 only");
  return [process.execPath, [join(here, "javascript", script), backend, startFile, one ? 1 : threads], {}];
}

async function peerCandidate(peer, variant) {
  const [command, args, env] = PEERS[peer](variant);
  const child = await startChild(command, args.map(String), env);
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

const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1];
const candidates = [];
for (const name of options.candidates.split(",")) {
  const [, peer, variant] = name.match(/^(torch|tfjs|jax):(.*)$/) ?? [];
  const candidate = await (peer === undefined ? ownCandidate(name) : peerCandidate(peer, variant));
  candidates.push({ name, times: [], ...candidate });
}
for (let round = 0; round <= rounds; round++) {
  for (const candidate of candidates) {
    await pause();
    const { ms, ...answer } = await candidate.run(steps);
    if (round > 0) candidate.times.push(ms);
    // The gradient of the first step is its momentum.
    else candidate.first = answer;
    candidate.last = answer;
  }
}
for (const candidate of candidates) candidate.close();

const versions = candidates.flatMap(({ greeting }) => greeting?.replace("ready ", "") ?? []);
console.log(
  `${options.net}, batch ${batch}, ${rounds} rounds in turn; ${cpus()[0]?.model}, ${threads} threads; ` +
    (versions.length > 0 ? [...new Set(versions)].join("; ") : "no peer"),
);
const first = median(candidates[0].times);
for (const { name, times } of candidates) {
  const ratio = first / median(times);
  console.log(
    `${name.padEnd(12)} median ${median(times).toFixed(1)} ms, best ${Math.min(...times).toFixed(1)} ms, ` +
      `${ratio.toPrecision(3)}x the speed of ${candidates[0].name}`,
  );
}
if (candidates[0].first.loss !== undefined) printAgreement(candidates);

/**
 * How far losses and the gradients of the first and the last weight are from those of the first candidate. The first one jumps where the
 * input of a ReLU lies within rounding errors of 0.
 */
function printAgreement([reference, ...others]) {
  const largest = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const apart = (one, other) => largest(one.map((value, i) => value - other[i])) / largest(other);
  const short = (value) => Math.abs(value).toExponential(1);
  console.log(`\nloss of ${reference.name}: first ${reference.first.loss}, last ${reference.last.loss}`);
  for (const { name, first, last } of others) {
    const [fc, conv1] = ["fc", "conv1"].map((layer) =>
      short(apart(first.momentum[layer], reference.first.momentum[layer])),
    );
    console.log(
      `${name.padEnd(12)} first loss off by ${short(first.loss - reference.first.loss)}, gradient of fc.weight by ` +
        `${fc} of its largest, of conv1.weight by ${conv1}; last loss by ${short(last.loss - reference.last.loss)}`,
    );
  }
}
