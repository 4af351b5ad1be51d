/**
 * Do the networks of the papers train at full size in every recipe? A few SGD steps on one fixed batch of 224 or 227 px, 1000 classes,
 * each pair of model and recipe in a process of its own: the loss, whether every number is finite, the time of a step, the memory.
 * Ends with 1 if a loss does not fall or is not a number. Times of one run compare recipes only when nothing else runs.
 * Usage: node bench/full-size-models.mjs [--models a,b] [--recipes a,b] [--batch N] [--steps N] [--learning-rate X]
 *        [--json FILE] [--markdown FILE]   (needs dist/ and build/: npm run setup)
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const CLASSES = 1000;
const SEED = 1;
/** Rows and columns by model; AlexNet's paper has 227. */
const IMAGE = { alexnet: 227 };
/**
 * With momentum 0.9 and a batch this small: rates at which FP32 falls from the first steps on. At 0.01 the loss of ResNet-50, whose last
 * blocks normalise over few pixels, first rises above its start (7.1 to 11.4 in six steps). VGG-16 and AlexNet have no batch norm
 * to forgive more: VGG-16 at 0.003 rises to 10.1 in the seventh step.
 */
const RATES = { resnet50: 0.002, alexnet: 0.01, vgg16: 0.001 };
const RATE = 0.01;

const { values } = parseArgs({
  options: {
    models: { type: "string", default: "resnet18,resnet34,resnet50,googlenet,alexnet,vgg16" },
    // The scale 10000 of `fp8` is for batches of 256: the loss is a mean, and four pictures have gradients 64 times as large.
    recipes: { type: "string", default: "fp32,bf16,int16,fp16,fp8:scale=160" },
    batch: { type: "string", default: "4" },
    steps: { type: "string", default: "10" },
    "learning-rate": { type: "string" },
    json: { type: "string" },
    markdown: { type: "string" },
    child: { type: "string" },
  },
});

/** Trains one model under one recipe and prints what happened. */
async function child(modelName, recipeName) {
  const api = await import("../dist/index.js");
  const { randomStream } = await import("../dist/random/streams.js");
  const size = IMAGE[modelName] ?? 224;
  const batch = Number(values.batch);
  const learningRate = Number(values["learning-rate"] ?? RATES[modelName] ?? RATE);
  const recipe = api.recipe(recipeName);
  const task = { channels: 3, size, classes: CLASSES };
  const model = api.createModel(api.modelDefinition(modelName), task);
  const state = api.initialState(model, SEED);
  const parameters = api.nn
    .namedParameters(model)
    .reduce((sum, [, { shape }]) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const { kernels, info } = api.selectKernels({});
  const step = api.compileClassifierStep(model, {
    recipe,
    kernels,
    state,
    batchShape: [batch, size, size, 3],
    optimizer: new api.optim.SGD({ lr: learningRate, momentum: 0.9 }),
    seed: SEED,
  });
  const random = randomStream({ seed: SEED, stream: "augment" });
  for (let i = 0; i < step.images.length; i++) step.images[i] = random.normal();
  for (let i = 0; i < step.labels.length; i++) step.labels[i] = random.below(CLASSES);
  const losses = [];
  const times = [];
  let skippedSteps = 0;
  for (let i = 0; i < Number(values.steps); i++) {
    const began = performance.now();
    const result = await step.run(i);
    times.push(performance.now() - began);
    losses.push(result.loss);
    skippedSteps = result.skippedSteps;
  }
  const finite =
    losses.every(Number.isFinite) && [...state.values()].every(({ data }) => data.every(Number.isFinite));
  const row = {
    model: modelName,
    recipe: recipeName,
    image: size,
    batch,
    parameters,
    learningRate,
    losses,
    falls: losses.at(-1) < losses[0],
    finite,
    skippedSteps,
    bestMs: Math.min(...times.slice(1)),
    arenaBytes: step.plan.built.plan.arenaBytes,
    stateBytes: [...state.values()].reduce((sum, { data }) => sum + data.byteLength, 0),
    peakBytes: process.resourceUsage().maxRSS * 1024,
    threads: info.threads,
  };
  process.stdout.write(JSON.stringify(row));
}

function parent() {
  const rows = [];
  for (const model of values.models.split(",")) {
    for (const recipe of values.recipes.split(",")) {
      const args = [
        fileURLToPath(import.meta.url),
        ...process.argv.slice(2),
        "--child",
        `${model}:${recipe}`,
      ];
      const { status, signal, stdout } = spawnSync(process.execPath, args, {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "inherit"],
      });
      if (status !== 0) {
        process.stderr.write(`${model} ${recipe}: ended with ${signal ?? status}\n`);
        process.exitCode = 1;
        continue;
      }
      const row = JSON.parse(stdout);
      rows.push(row);
      if (!row.falls || !row.finite) process.exitCode = 1;
      process.stderr.write(`${markdownRow(row)}\n`);
      // After every row: a run that is stopped keeps what it has.
      save(rows);
    }
  }
}

function save(rows) {
  const machine = `${cpus()[0].model}, ${rows[0].threads} threads, load ${loadavg()[1].toFixed(1)} at the end`;
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ machine, rows }, null, 1)}\n`);
  const head = [
    "| model | px | parameters | recipe | loss, first to last | finite | skipped | best ms a step | pictures/s | arena, MB | state, MB | peak, MB |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
  ];
  const text = [...head, ...rows.map(markdownRow), "", machine, ""].join("\n");
  if (values.markdown !== undefined) writeFileSync(values.markdown, text);
}

function markdownRow({
  model,
  image,
  batch,
  parameters,
  recipe,
  losses,
  falls,
  finite,
  skippedSteps,
  ...row
}) {
  const megabytes = (bytes) => Math.round(bytes / 1e6);
  const cells = [
    model,
    image,
    `${(parameters / 1e6).toFixed(2)} M`,
    `\`${recipe}\``,
    `${losses[0].toFixed(3)} → ${losses.at(-1).toFixed(3)}${falls ? "" : " (does not fall)"}`,
    finite ? "yes" : "no",
    skippedSteps,
    Math.round(row.bestMs),
    ((1000 * batch) / row.bestMs).toFixed(2),
    megabytes(row.arenaBytes),
    megabytes(row.stateBytes),
    megabytes(row.peakBytes),
  ];
  return `| ${cells.join(" | ")} |`;
}

if (values.child === undefined) parent();
else await child(...splitOnce(values.child));

/** The first colon ends the model's name; a recipe may have more. */
function splitOnce(text) {
  const at = text.indexOf(":");
  return [text.slice(0, at), text.slice(at + 1)];
}
