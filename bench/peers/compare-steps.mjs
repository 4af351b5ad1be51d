/**
 * Training steps of Roundoff and of PyTorch on the same network, in turn within one run: round by round each candidate
 * runs alone, so that a machine that slows down slows all of them. Prints medians, bests and ratios to the first candidate.
 *
 *   bench/peers/setup.sh && npm run setup
 *   node bench/peers/compare-steps.mjs --net resnet50 --batch 16 --rounds 5 --candidates torch:fp32,fp32,torch:bf16,bf16
 */
import { availableParallelism, cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startChild } from "./child.mjs";
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
const threads = availableParallelism();
/** Threads that wait for work spin for a while; the next candidate starts when they sleep. */
const PAUSE_MS = 300;
const pause = () => new Promise((done) => setTimeout(done, PAUSE_MS));

async function torchCandidate(precision) {
  const python = join(process.env.PEERS_VENV ?? join(here, ".venv"), "bin", "python");
  const args = [join(here, "torch_steps.py"), options.net, precision, batch, size, threads].map(String);
  return startChild(python, args, { OPENBLAS_CORETYPE: "SKYLAKEX", OMP_NUM_THREADS: String(threads) });
}

async function ownCandidate(recipe) {
  const step = NETS[options.net](recipe, batch, size === 0 ? undefined : size);
  return {
    async run(count) {
      const start = process.hrtime.bigint();
      for (let i = 0; i < count; i++) await step();
      return Number(process.hrtime.bigint() - start) / 1e6 / count;
    },
    close: () => {},
  };
}

const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1];
const candidates = [];
for (const name of options.candidates.split(",")) {
  const [, precision] = name.match(/^torch:(.*)$/) ?? [];
  const candidate = await (precision === undefined ? ownCandidate(name) : torchCandidate(precision));
  candidates.push({ name, times: [], ...candidate });
}
for (let round = 0; round <= rounds; round++) {
  for (const candidate of candidates) {
    await pause();
    const ms = await candidate.run(steps);
    if (round > 0) candidate.times.push(ms);
  }
}
for (const candidate of candidates) candidate.close();

const cpu = cpus()[0]?.model;
const versions = candidates.map(({ greeting }) => greeting?.replace("ready ", "")).find(Boolean) ?? "no peer";
console.log(
  `${options.net}, batch ${batch}, ${rounds} rounds in turn; ${cpu}, ${threads} threads; ${versions}`,
);
const first = median(candidates[0].times);
for (const { name, times } of candidates) {
  const ratio = first / median(times);
  console.log(
    `${name.padEnd(12)} median ${median(times).toFixed(1)} ms, best ${Math.min(...times).toFixed(1)} ms, ` +
      `${ratio.toFixed(2)}x the speed of ${candidates[0].name}`,
  );
}
