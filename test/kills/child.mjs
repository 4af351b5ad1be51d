/**
 * The process that is killed: one subject of test/faults/subjects.mjs, which goes on from what is in OUT. Says on stdout in which part
 * of its life it is. With --self-kill N it kills itself before its N-th file operation: the state after one is that before the next.
 * Usage: node child.mjs SUBJECT OUT [--prepared FOLDER] [--self-kill N]
 */
import fs from "node:fs";
import { parseArgs } from "node:util";

const { writeSync } = fs;
const say = (phase) => writeSync(1, `${phase}\n`);
say("loading");

const { watchFileOperations } = await import("../faults/file-operations.mjs");
const { SUBJECTS } = await import("../faults/subjects.mjs");

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { prepared: { type: "string" }, "self-kill": { type: "string" } },
});
const [subject, out] = positionals;

/** The part of a run's files that an operation belongs to; a number is that of an open record. */
function partOf(path) {
  if (/^\d+$/.test(path) || path.endsWith(".jsonl")) return "record";
  const [, part = "other"] = /(lock|checkpoints|report|verdicts)/.exec(path) ?? [];
  return part;
}

let operations = 0;
watchFileOperations((_, path) => {
  if (++operations !== Number(values["self-kill"])) return;
  say(partOf(path));
  process.kill(process.pid, "SIGKILL");
});
say("preparing");
await SUBJECTS[subject].run(out, values.prepared, say);
say("done");
say(`operations ${operations}`);
