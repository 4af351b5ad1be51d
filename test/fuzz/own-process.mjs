/**
 * Runs a fuzzer of native code in a process of its own, since a fault there ends the process: the input under way is written down
 * before it is tried, so that it has a name then. Guard words around arrays show what was written beside them.
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** Of the processor, all threads together: what else runs on the machine does not count. */
const SLOW_MS = 1000;
/** Elements around every array that must stay as they are. */
const GUARD = 64;
const GUARD_WORD = 0x5a5a5a5a;

const { values } = parseArgs({
  options: {
    inputs: { type: "string", default: "20000" },
    seed: { type: "string", default: "1" },
    first: { type: "string", default: "0" },
    addon: { type: "string", default: fileURLToPath(new URL("../../build/roundoff.node", import.meta.url)) },
    json: { type: "boolean", default: false },
    show: { type: "boolean", default: false },
    child: { type: "string" },
  },
});

/** The options of the command line; `addon` is the file of the kernels, `show` asks for every input on stderr. */
export const { addon, show } = values;

/**
 * The whole program: `start()` gives a function that tries one input and says whether it was "accepted", "refused" or "skipped";
 * it throws only what is no Error, or a string that says what was wrong. `url`: that of the program, to start it again.
 */
export async function fuzzInOwnProcess({ name, url, start }) {
  if (values.child === undefined) parent(name, fileURLToPath(url));
  else await child(values.child, start());
}

function parent(name, program) {
  const folder = mkdtempSync(join(tmpdir(), "roundoff-fuzz-"));
  const progress = join(folder, "progress");
  writeFileSync(progress, "none");
  try {
    const { status, signal, stdout } = spawnSync(
      process.execPath,
      [program, ...process.argv.slice(2), "--child", progress],
      { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
    );
    const report =
      status === 0 ? JSON.parse(stdout) : fallen(readFileSync(progress, "utf8"), signal ?? status);
    const { inputs, accepted, refused, slowestMs, failures } = report;
    process.stderr.write(
      `${name}: ${inputs} inputs, ${accepted} run, ${refused} refused, slowest ${slowestMs.toFixed(1)} ms, ${failures.length} failures\n`,
    );
    for (const failure of failures) process.stderr.write(`  ${failure}\n`);
    if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`);
    process.exitCode = failures.length > 0 ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function fallen(last, end) {
  const failures = [`input ${last.trim()}: the process ended with ${end}`];
  return { inputs: Number(last) || 0, accepted: 0, refused: 0, slowestMs: 0, failures };
}

async function child(progress, tryInput) {
  const file = openSync(progress, "w");
  const report = { inputs: 0, accepted: 0, refused: 0, slowestMs: 0, failures: [] };
  const first = Number(values.first);
  for (let input = first; input < first + Number(values.inputs); input++) {
    writeSync(file, String(input).padEnd(12), 0);
    const began = process.cpuUsage();
    const { outcome, problem } = await tryInput(input, Number(values.seed));
    const { user, system } = process.cpuUsage(began);
    const milliseconds = (user + system) / 1000;
    if (outcome === "skipped") continue;
    report.inputs++;
    report[outcome]++;
    report.slowestMs = Math.max(report.slowestMs, milliseconds);
    if (milliseconds > SLOW_MS) report.failures.push(`input ${input}: ${milliseconds.toFixed(0)} ms`);
    if (problem !== undefined) report.failures.push(`input ${input}: ${problem}`);
    if (report.failures.length > 20) break;
  }
  closeSync(file);
  process.stdout.write(JSON.stringify(report));
}

/** A new array between guard words; `offset` elements further on, and in shared memory if asked for. */
export function guardedArray(Type, length, { offset = 0, shared = false } = {}) {
  const size = Type.BYTES_PER_ELEMENT;
  const begin = 4 * GUARD + offset * size;
  const bytes = 8 * Math.ceil((begin + length * size + 4 * GUARD) / 8);
  const buffer = shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
  new Uint32Array(buffer).fill(GUARD_WORD);
  return new Type(buffer, begin, length);
}

/** Whether nothing but the array itself has changed in its memory. True for arrays whose memory has gone elsewhere. */
export function isIntact(array) {
  if (array.buffer.byteLength === 0) return true;
  const bytes = new Uint8Array(array.buffer);
  const { byteOffset, byteLength } = array;
  const isGuard = (byte) => byte === (GUARD_WORD & 0xff);
  return (
    bytes.subarray(0, byteOffset).every(isGuard) && bytes.subarray(byteOffset + byteLength).every(isGuard)
  );
}
