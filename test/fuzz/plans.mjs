/**
 * Fuzzing of the addon's plans: commands of real training steps, with numbers of the plan and of the data changed at random. The
 * addon must refuse a plan or run it without touching memory outside the arrays that it was given. It runs in a process of its
 * own, because a fault ends that process. Run it with an addon built by native/test/sanitize.sh to see every stray access.
 * Usage: node test/fuzz/plans.mjs [--inputs N] [--seed S] [--first I] [--addon FILE] [--json]   (needs dist/ and build/)
 */
import { createRequire } from "node:module";
import { buildPlan } from "../../dist/compile/build-plan.js";
import { DTYPES, encodePlan } from "../../dist/kernels/native-encode.js";
import { modelDefinition } from "../../dist/models/catalog.js";
import { createModel } from "../../dist/models/model.js";
import { SGD } from "../../dist/optim/optimizers.js";
import { recipe } from "../../dist/recipes/catalog.js";
import { batchArrays, trainGraph } from "../../dist/train/graphs.js";
import { generator } from "./mutate.mjs";
import { addon, fuzzInOwnProcess, guardedArray, isIntact, show } from "./own-process.mjs";

/** A plan whose buffers truly need more is not a fault, and too much for this machine: it is passed over. */
const MAX_BYTES = 1e9;

await fuzzInOwnProcess({ name: "plans", url: import.meta.url, start });

function start() {
  const { info, createEngine } = createRequire(import.meta.url)(addon);
  const engines = info().tiers.map((tier) => createEngine({ threads: 2, tier }));
  const commands = realCommands();
  return async (input, seed) => {
    const random = generator(seed, input);
    const plan = changed(commands[random(commands.length)], random);
    if (show) console.error(JSON.stringify(plan));
    if (askedFor(plan) > MAX_BYTES) return { outcome: "skipped" };
    const arrays = externalArrays(plan, random);
    const engine = engines[random(engines.length)];
    const outcome = await runPlan(engine, plan, arrays);
    const problem = arrays.every(isIntact) ? undefined : "an array was written beyond its ends";
    return { outcome, problem };
  };
}

async function runPlan(engine, plan, arrays) {
  try {
    await engine.prepare(plan, arrays).run();
    return "accepted";
  } catch (error) {
    if (error instanceof Error) return "refused";
    throw error;
  }
}

/** Every different command of small training steps, as a plan of its own. */
function realCommands() {
  const found = new Map();
  for (const [model, options] of [
    ["mlp", { width: 4 }],
    ["lenet", { width: 2 }],
    ["resnet20", { width: 2, blocks: 1, stemStride: 2 }],
  ]) {
    for (const name of ["fp32", "bf16-pure-stochastic", "fp16", "int16", "fp8", "mxfp8", "nvfp4", "int8"]) {
      const net = createModel(modelDefinition(model), { channels: 1, size: 16, classes: 3 }, options);
      const optimizer = new SGD({ momentum: 0.9, weightDecay: 1e-4 });
      const batch = batchArrays([2, 16, 16, 1]);
      const graph = trainGraph(net, { recipe: recipe(name), batch, optimizer });
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
  const step = (item) => ({ ...item, operand: item.operand && operand(item.operand) });
  const single = {
    ...command,
    inputs: command.inputs.map(operand),
    outputs: command.outputs.map(operand),
    epilogue: command.epilogue?.map(step),
  };
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
function externalArrays({ buffers }, random) {
  const odd = [0, 1, -1, 0.5, 1e-40, 3e38, Number.NaN, Infinity, -Infinity, 65504, 1e-8];
  const indices = [0, 1, 2, -1, -100, 3, 1 << 30, -(2 ** 31), 255];
  return buffers
    .filter(({ external }) => external)
    .map(({ dtype, elements }) => {
      const wrong = random(64) === 0 ? random(3) - 1 : 0;
      const length = Math.max(0, Number.isSafeInteger(elements) && elements < 1e6 ? elements + wrong : 10);
      const Type = dtype === DTYPES.indexOf("i32") ? Int32Array : Float32Array;
      const array = guardedArray(Type, length);
      const plain = random(2) === 0;
      const source = Type === Int32Array ? indices : odd;
      for (let i = 0; i < length; i++) array[i] = plain ? random(3) : source[random(source.length)];
      return array;
    });
}
