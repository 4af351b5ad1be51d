/**
 * Fuzzing of the addon's plans: commands of real training steps, with numbers of the plan and of the data changed at random. The
 * addon must refuse a plan or run it without touching memory outside the arrays that it was given. It runs in a process of its
 * own, because a fault ends that process. Run it with an addon built by native/test/sanitize.sh to see every stray access.
 * Usage: node test/fuzz/plans.mjs [--inputs N] [--seed S] [--first I] [--addon FILE] [--json]   (needs dist/ and build/)
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildPlan } from "../../dist/compile/build-plan.js";
import { DTYPES, encodePlan } from "../../dist/kernels/native-encode.js";
import { modelDefinition } from "../../dist/models/catalog.js";
import { createModel } from "../../dist/models/model.js";
import { recipe } from "../../dist/recipes/catalog.js";
import { trainGraph } from "../../dist/train/graphs.js";
import { generator } from "./mutate.mjs";

const SLOW_MS = 1000;
/** A plan whose buffers truly need more is not a fault, and too much for this machine: it is passed over. */
const MAX_BYTES = 1e9;
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
if (values.child === undefined) parent();
else await child(values.child);

function parent() {
  const folder = mkdtempSync(join(tmpdir(), "roundoff-plans-"));
  const progress = join(folder, "progress");
  try {
    const args = [fileURLToPath(import.meta.url), ...process.argv.slice(2), "--child", progress];
    const { status, signal, stdout } = spawnSync(process.execPath, args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    const last = readFileSync(progress, "utf8");
    const report =
      status === 0
        ? JSON.parse(stdout)
        : {
            inputs: Number(last),
            accepted: 0,
            refused: 0,
            slowestMs: 0,
            failures: [`input ${last}: the process ended with ${signal ?? status}`],
          };
    const { inputs, accepted, refused, slowestMs, failures } = report;
    process.stderr.write(
      `plans: ${inputs} inputs, ${accepted} run, ${refused} refused, slowest ${slowestMs.toFixed(1)} ms, ${failures.length} failures\n`,
    );
    for (const failure of failures) process.stderr.write(`  ${failure}\n`);
    if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`);
    process.exitCode = failures.length > 0 ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function child(progress) {
  const addon = createRequire(import.meta.url)(values.addon);
  const engines = addon.info().tiers.map((tier) => addon.createEngine({ threads: 2, tier }));
  const commands = realCommands();
  const file = openSync(progress, "w");
  const report = {
    commands: commands.length,
    inputs: 0,
    accepted: 0,
    refused: 0,
    slowestMs: 0,
    failures: [],
  };
  const first = Number(values.first);
  for (let input = first; input < first + Number(values.inputs); input++) {
    writeSync(file, String(input).padEnd(12), 0);
    const random = generator(Number(values.seed), input);
    const plan = changed(commands[random(commands.length)], random);
    if (values.show) console.error(JSON.stringify(plan));
    if (askedFor(plan) > MAX_BYTES) continue;
    const arrays = guardedArrays(plan, random);
    const began = performance.now();
    try {
      await engines[random(engines.length)]
        .prepare(
          plan,
          arrays.map(({ array }) => array),
        )
        .run();
      report.accepted++;
    } catch (error) {
      if (error instanceof Error) report.refused++;
      else report.failures.push(`input ${input}: threw ${String(error)}`);
    }
    const milliseconds = performance.now() - began;
    report.slowestMs = Math.max(report.slowestMs, milliseconds);
    if (milliseconds > SLOW_MS) report.failures.push(`input ${input}: ${milliseconds.toFixed(0)} ms`);
    if (!arrays.every(intact)) report.failures.push(`input ${input}: an array was written beyond its ends`);
    report.inputs++;
  }
  closeSync(file);
  process.stdout.write(JSON.stringify(report));
}

/** Every different command of small training steps, as a plan of its own. */
function realCommands() {
  const found = new Map();
  for (const [model, options] of [
    ["mlp", { width: 4 }],
    ["lenet", { width: 2 }],
    ["resnet20", { width: 2, blocks: 1, stemStride: 2 }],
  ]) {
    for (const name of ["fp32", "bf16-pure-stochastic", "fp16", "int16", "fp8"]) {
      const net = createModel(modelDefinition(model), { channels: 1, size: 16, classes: 3 }, options);
      const graph = trainGraph(net, recipe(name), [2, 16, 16, 1], { momentum: 0.9, weightDecay: 1e-4 });
      const { plan } = buildPlan(graph);
      for (const command of plan.commands) {
        const single = encodePlan(alone(plan, command));
        found.set(JSON.stringify(single), single);
      }
    }
  }
  return [...found.values()];
}

/** The plan of one command: what can be bound is external, the rest lies in the arena without gaps. */
function alone(plan, command) {
  const buffers = [];
  const indexOf = new Map();
  let arenaBytes = 0;
  const place = (index) => {
    if (indexOf.has(index)) return indexOf.get(index);
    const buffer = plan.buffers[index];
    const external = buffer.dtype === "f32" || buffer.dtype === "i32";
    buffers.push({
      ...buffer,
      place: external ? "external" : "arena",
      offset: external ? 0 : arenaBytes,
      name: `b${buffers.length}`,
    });
    if (!external) arenaBytes += Math.ceil((buffer.elements * 2) / 64) * 64;
    indexOf.set(index, buffers.length - 1);
    return buffers.length - 1;
  };
  const operand = (item) => ({ ...item, buffer: place(item.buffer) });
  const single = { ...command, inputs: command.inputs.map(operand), outputs: command.outputs.map(operand) };
  const clockBuffer = plan.clockBuffer < 0 ? -1 : place(plan.clockBuffer);
  return { buffers, arenaBytes, commands: [single], clockBuffer };
}

/** Bytes that the buffers of the arena take. */
function askedFor({ buffers }) {
  return Math.max(
    0,
    ...buffers.map(({ external, elements, offset }) => (external ? 0 : offset + 4 * elements || 0)),
  );
}

/** A copy with up to three numbers changed; one input in eight keeps its plan, and only its data are odd. */
function changed(plan, random) {
  const copy = structuredClone(plan);
  const places = [];
  const visit = (holder, key) => {
    const item = holder[key];
    if (typeof item === "number") places.push([holder, key]);
    else if (typeof item === "object" && item !== null)
      for (const below of Object.keys(item)) visit(item, below);
  };
  for (const key of Object.keys(copy)) visit(copy, key);
  for (let edits = random(8) === 0 ? 0 : 1 + random(3); edits > 0; edits--) {
    const [holder, key] = places[random(places.length)];
    const before = holder[key];
    const choices = [
      0,
      -1,
      1,
      2,
      3,
      7,
      before + 1,
      before - 1,
      2 * before,
      -before,
      before + 0.5,
      64,
      1 << 20,
      2 ** 31 - 1,
      2 ** 31,
      2 ** 32,
      2 ** 40,
      2 ** 53,
      Number.NaN,
      Infinity,
    ];
    holder[key] = choices[random(choices.length)];
  }
  if (random(32) === 0) copy.commands[0].inputs.splice(random(2), 1);
  if (random(32) === 0) copy.commands[0].inputs.push(copy.commands[0].outputs[0]);
  return copy;
}

/** Arrays for the external buffers, of the right size unless it is absurd, between guards, full of odd numbers. */
function guardedArrays({ buffers }, random) {
  const odd = [0, 1, -1, 0.5, 1e-40, 3e38, Number.NaN, Infinity, -Infinity, 65504, 1e-8];
  const indices = [0, 1, 2, -1, -100, 3, 1 << 30, -(2 ** 31), 255];
  return buffers
    .filter(({ external }) => external)
    .map(({ dtype, elements }) => {
      const wrong = random(64) === 0 ? random(3) - 1 : 0;
      const length = Math.max(0, Number.isSafeInteger(elements) && elements < 1e6 ? elements + wrong : 10);
      const words = new Uint32Array(length + 2 * GUARD).fill(GUARD_WORD);
      const Type = dtype === DTYPES.indexOf("i32") ? Int32Array : Float32Array;
      const array = new Type(words.buffer, 4 * GUARD, length);
      const plain = random(2) === 0;
      const source = Type === Int32Array ? indices : odd;
      for (let i = 0; i < length; i++) array[i] = plain ? random(3) : source[random(source.length)];
      return { array, words };
    });
}

function intact({ array, words }) {
  const after = GUARD + array.length;
  return (
    words.subarray(0, GUARD).every((word) => word === GUARD_WORD) &&
    words.subarray(after).every((word) => word === GUARD_WORD)
  );
}
