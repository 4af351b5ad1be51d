/**
 * Matrix products and convolutions of Roundoff and of PyTorch (oneDNN), in turn within one run: round by round each candidate
 * runs alone. Prints medians, bests and ratios; `--json FILE` writes the rows.
 *
 *   bench/peers/setup.sh && npm run setup
 *   node bench/peers/compare-products.mjs --rounds 7
 *   node bench/peers/compare-products.mjs --threads 1 --clock cpu    on a busy machine: processor time of one thread
 *   node bench/peers/compare-products.mjs --gemm 1024x1024x1024 --conv 64x56x56/64x3x3 --candidates torch:fp32,fp32,torch:bf16,bf16,int16
 */
import { writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { convWorks, gemmWork } from "../../dist/cli/bench/product-work.js";
import { prepareProduct } from "../../dist/cli/bench/products.js";
import { selectKernels } from "../../dist/kernels/select.js";
import { recipe } from "../../dist/recipes/catalog.js";
import { startPython } from "./child.mjs";
import { median, pause } from "./rounds.mjs";

const { values: options } = parseArgs({
  options: {
    gemm: { type: "string", default: "1024x1024x1024,4096x1024x1024" },
    conv: {
      type: "string",
      default:
        "64x56x56/64x3x3,128x28x28/128x3x3,256x14x14/256x3x3,512x7x7/512x3x3,256x56x56/64x1x1,1024x14x14/256x1x1,3x224x224/64x7x7/s2",
    },
    batch: { type: "string", default: "16" },
    rounds: { type: "string", default: "7" },
    candidates: { type: "string", default: "torch:fp32,fp32,torch:bf16,bf16,int16" },
    threads: { type: "string", default: String(availableParallelism()) },
    clock: { type: "string", default: "wall" },
    json: { type: "string" },
  },
});
const list = (text) => text.split(",").filter((part) => part !== "");
const works = [
  ...list(options.gemm).map(gemmWork),
  ...list(options.conv).flatMap((text) => convWorks(text, Number(options.batch))),
];
const rounds = Number(options.rounds);
const threads = Number(options.threads);
/** Milliseconds since some time; `cpu`: of the processor, all threads together. */
const now =
  options.clock === "cpu"
    ? () => {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1e3;
      }
    : () => performance.now();
const PAUSE_MS = 100;

async function torchCandidate(name, precision) {
  const args = [precision, threads, options.clock, JSON.stringify(works)];
  const child = await startPython("torch_products.py", args, { OMP_NUM_THREADS: String(threads) });
  return {
    name,
    prepare: async (index) => () => child.run(`${index} 1`),
    close: child.close,
    greeting: child.greeting,
  };
}

const selected = selectKernels({ prefer: "native", threads });

function ownCandidate(name) {
  let current;
  return {
    name,
    async prepare(index) {
      current?.dispose();
      const product = await prepareProduct(works[index], recipe(name), selected);
      current = product;
      return async () => {
        const start = now();
        await product.run();
        return now() - start;
      };
    },
    close: () => current?.dispose(),
  };
}

const candidates = [];
for (const name of list(options.candidates)) {
  const [, precision] = name.match(/^torch:(.*)$/) ?? [];
  candidates.push(precision === undefined ? ownCandidate(name) : await torchCandidate(name, precision));
}

const versions = candidates.map(({ greeting }) => greeting?.replace("ready ", "")).find(Boolean) ?? "no peer";
console.log(
  `batch ${options.batch}, ${rounds} rounds in turn; ${cpus()[0]?.model}, ${threads} threads, ${options.clock} time; ${versions}`,
);
const rows = [];
for (const [index, work] of works.entries()) {
  const runs = [];
  for (const one of candidates) runs.push({ name: one.name, run: await one.prepare(index), times: [] });
  for (let round = 0; round <= rounds; round++) {
    for (const { run, times } of runs) {
      await pause(PAUSE_MS);
      const time = await run();
      if (round > 0) times.push(time);
    }
  }
  for (const entry of runs) {
    entry.medianMs = median(entry.times);
    entry.bestMs = Math.min(...entry.times);
  }
  console.log(`\n${work.name} ${work.gemm}`);
  for (const { name, medianMs, bestMs } of runs) {
    // The peer of the same precision if there is one, else the first candidate.
    const peer = runs.find((other) => other.name === `torch:${name}`) ?? runs[0];
    const ratio = peer.medianMs / medianMs;
    const bestRatio = peer.bestMs / bestMs;
    rows.push({
      work: work.name,
      gemm: work.gemm,
      operations: work.operations,
      name,
      medianMs,
      bestMs,
      peer: peer.name,
      ratio,
      bestRatio,
    });
    const rate = (ms) => (work.operations / (ms * 1e6)).toFixed(0).padStart(6);
    console.log(
      `  ${name.padEnd(12)} median ${medianMs.toFixed(2).padStart(8)} ms ${rate(medianMs)} GFLOP/s, best ` +
        `${rate(bestMs)}; ${ratio.toFixed(2)}x the speed of ${peer.name}, by bests ${bestRatio.toFixed(2)}x`,
    );
  }
}
for (const candidate of candidates) candidate.close();
if (options.json !== undefined)
  writeFileSync(options.json, `${JSON.stringify({ versions, threads, rows })}\n`);
