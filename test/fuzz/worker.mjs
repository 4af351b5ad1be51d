/**
 * Runs the inputs of one reader. Tells the parent, through shared memory, which input is under way, so that a hang is noticed and
 * named; counts the bytes of every typed array that the reader makes.
 */
import { parentPort, workerData } from "node:worker_threads";
import { generator, mutated } from "./mutate.mjs";

// Most inputs end in an error; a failure is looked at by running its input alone.
Error.stackTraceLimit = 4;
let allocated = 0;
/** Counts what is made by number of elements; views of a buffer cost nothing. */
function counting(Type) {
  return new Proxy(Type, {
    construct(target, args, newTarget) {
      const made = Reflect.construct(target, args, newTarget);
      if (!(args[0] instanceof ArrayBuffer)) allocated += made.byteLength;
      return made;
    },
  });
}
// Before the readers are loaded; their own tables are made while loading and do not count.
for (const name of [
  "Uint8Array",
  "Int8Array",
  "Uint16Array",
  "Int16Array",
  "Uint32Array",
  "Int32Array",
  "Float32Array",
  "Float64Array",
]) {
  globalThis[name] = counting(globalThis[name]);
}
const { SUBJECTS } = await import("./subjects.mjs");
const { reader, inputs, first, seed, progress } = workerData;
const { seeds, read, factor, allowance } = SUBJECTS[reader];
const current = new Int32Array(progress);
/** What a small input may cost whatever its size: a decoder's window, an empty result. */
const ALLOWANCE = 70_000;

/** What was decompressed is not made by a constructor that can be counted; it is in the result. */
function unpacked(arrays) {
  for (const { bytes } of arrays.values()) allocated += bytes.length;
}

const report = {
  reader,
  inputs: 0,
  accepted: 0,
  refused: 0,
  slowestMs: 0,
  largestExpansion: 0,
  failures: [],
};
for (const file of seeds.slice(0, 1)) read(file);
for (let input = first; input < first + inputs; input++) {
  const bytes = mutated(seeds, generator(seed, input));
  Atomics.store(current, 0, input + 1);
  allocated = 0;
  const began = process.cpuUsage();
  try {
    const result = read(bytes);
    // Text that is no JSON is refused by the reader's caller.
    if (result === undefined) report.refused++;
    else report.accepted++;
    if (reader === "npz") unpacked(result);
  } catch (error) {
    if (error?.name === "RoundoffError") report.refused++;
    else report.failures.push(`input ${input}: ${error?.stack ?? error}`);
  }
  const { user, system } = process.cpuUsage(began);
  report.slowestMs = Math.max(report.slowestMs, (user + system) / 1000);
  if (bytes.length > 0) report.largestExpansion = Math.max(report.largestExpansion, allocated / bytes.length);
  if (allocated > factor * bytes.length + (allowance ?? ALLOWANCE))
    report.failures.push(`input ${input}: ${allocated} bytes for ${bytes.length}`);
  report.inputs++;
  if (report.failures.length > 10) break;
}
Atomics.store(current, 0, -1);
parentPort.postMessage(report);
