/**
 * Property fuzzing of the readers: valid files, changed at random but repeatably; the reader must give a result or a RoundoffError,
 * within a second, within its bound of memory. Prints a line per reader and ends with 1 if anything else happened.
 * Usage: node test/fuzz/run.mjs [--reader NAME]… [--inputs N] [--seed S] [--first I] [--json]   (needs dist/)
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { SUBJECTS } from "./subjects.mjs";

/** Milliseconds of the processor: on a machine that does other things, an input may well lie still for longer. */
const HANG_MS = 1000;
/** Of objects and strings; typed arrays are counted one by one. */
const HEAP_MB = 512;

function fuzz(reader, { inputs, first, seed }) {
  const progress = new SharedArrayBuffer(4);
  const current = new Int32Array(progress);
  const worker = new Worker(fileURLToPath(new URL("./worker.mjs", import.meta.url)), {
    workerData: { reader, inputs, first, seed, progress },
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  return new Promise((resolve) => {
    const failed = (what) => {
      clearInterval(watch);
      void worker.terminate();
      const at = Atomics.load(current, 0) - 1;
      resolve({
        reader,
        inputs: at - first,
        accepted: 0,
        refused: 0,
        slowestMs: 0,
        largestExpansion: 0,
        failures: [`input ${at}: ${what}`],
      });
    };
    let last = 0;
    let since = process.cpuUsage();
    // An input that is under way at several looks in a row has had all of the processor's time that lies between them.
    const watch = setInterval(() => {
      const now = Atomics.load(current, 0);
      const { user, system } = process.cpuUsage(since);
      if (now > 0 && now === last && (user + system) / 1000 > HANG_MS)
        failed(`hangs for more than ${HANG_MS} ms`);
      if (now !== last) since = process.cpuUsage();
      last = now;
    }, HANG_MS / 2);
    worker.once("message", (report) => {
      clearInterval(watch);
      resolve(report);
    });
    worker.once("error", (error) => failed(String(error)));
  });
}

const { values } = parseArgs({
  options: {
    reader: { type: "string", multiple: true, default: Object.keys(SUBJECTS) },
    inputs: { type: "string", default: "20000" },
    first: { type: "string", default: "0" },
    seed: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
  },
});
const reports = [];
for (const reader of values.reader) {
  if (SUBJECTS[reader] === undefined) {
    process.stderr.write(`no reader "${reader}"; there are ${Object.keys(SUBJECTS).join(", ")}\n`);
    process.exit(2);
  }
  const options = { inputs: Number(values.inputs), first: Number(values.first), seed: Number(values.seed) };
  const report = await fuzz(reader, options);
  reports.push(report);
  const { inputs, accepted, refused, slowestMs, largestExpansion, failures } = report;
  process.stderr.write(
    `${reader}: ${inputs} inputs, ${accepted} accepted, ${refused} refused, slowest ${slowestMs.toFixed(1)} ms, ` +
      `at most ${largestExpansion.toFixed(2)} bytes of arrays a byte, ${failures.length} failures\n`,
  );
  for (const failure of failures) process.stderr.write(`  ${failure}\n`);
}
process.stderr.write(`peak memory of the process ${Math.round(process.resourceUsage().maxRSS / 1000)} MB\n`);
if (values.json) process.stdout.write(`${JSON.stringify(reports)}\n`);
process.exitCode = reports.some(({ failures }) => failures.length > 0) ? 1 : 0;
