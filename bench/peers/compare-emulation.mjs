/**
 * What emulating a format costs in QPyTorch and here: rounding of one array to float formats, in turn within one run, beside
 * each side's plain copy. microxcaling is not on PyPI.
 *
 *   bench/peers/setup.sh && bench/peers/setup.sh emulation-requirements.txt && npm run setup
 *   node bench/peers/compare-emulation.mjs --rounds 9        (--clock cpu: processor time of one thread, for a busy machine)
 *                                          --json FILE       writes the rows
 */
import { writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { format } from "../../dist/formats/catalog.js";
import { selectKernels } from "../../dist/kernels/select.js";
import { startPython } from "./child.mjs";
import { median } from "./rounds.mjs";

const { values: options } = parseArgs({
  options: {
    elements: { type: "string", default: String(2 ** 22) },
    rounds: { type: "string", default: "9" },
    clock: { type: "string", default: "wall" },
    formats: { type: "string", default: "e5m2,e4m3ieee,fp16,bf16" },
    json: { type: "string" },
  },
});
const [elements, rounds] = [Number(options.elements), Number(options.rounds)];
const cpuClock = options.clock === "cpu";
const threads = cpuClock ? 1 : availableParallelism();
const now = cpuClock
  ? () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e3;
    }
  : () => performance.now();

const child = await startPython("emulation.py", [elements, options.clock]);
const { bulk, copyArray } = selectKernels({ prefer: "native", threads });
const source = Float32Array.from({ length: elements }, () => 2 * Math.random() - 1);
const target = new Float32Array(elements);
const timed = (run) => () => {
  const start = now();
  run();
  return now() - start;
};

const formats = options.formats.split(",").map(format);
const candidates = [
  { name: "copy", run: timed(() => copyArray(source, target, { stream: false })) },
  { name: "QPyTorch copy", run: () => child.run("0 0") },
  ...formats.flatMap((chosen) => [
    {
      name: chosen.name,
      run: timed(() =>
        bulk.round(source, target, {
          format: chosen,
          rounding: "nearestEven",
          overflow: "saturate",
          statistics: false,
        }),
      ),
    },
    {
      name: `QPyTorch ${chosen.name}`,
      run: () => child.run(`${chosen.exponentBits} ${chosen.precision - 1}`),
    },
  ]),
].map((candidate) => ({ ...candidate, times: [] }));
for (let round = 0; round <= rounds; round++) {
  for (const { run, times } of candidates) {
    const ms = await run();
    if (round > 0) times.push(ms);
  }
}
child.close();

const nanoseconds = (ms) => (ms * 1e6) / elements;
const rows = candidates.map(({ name, times }) => {
  const copy = candidates[name.startsWith("QPyTorch") ? 1 : 0];
  return {
    name,
    medianNs: nanoseconds(median(times)),
    bestNs: nanoseconds(Math.min(...times)),
    overCopy: median(times) / median(copy.times),
  };
});
const versions = `${child.greeting.replace("ready ", "")}, QPyTorch 0.3.0`;
console.log(
  `${elements} elements, ${rounds} rounds in turn; ${cpus()[0]?.model}, ${threads} threads, ${options.clock} time; ${versions}`,
);
for (const { name, medianNs, bestNs, overCopy } of rows) {
  console.log(
    `${name.padEnd(18)} median ${medianNs.toFixed(2)} ns an element, best ${bestNs.toFixed(2)}; ` +
      `${overCopy.toFixed(1)}x the time of its own copy`,
  );
}
if (options.json !== undefined)
  writeFileSync(options.json, `${JSON.stringify({ elements, threads, versions, rows })}\n`);
