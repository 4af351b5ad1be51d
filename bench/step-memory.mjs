/**
 * Does a training step leak? Runs a small convolutional net for 10 and for N steps, each in a process of its own, and
 * compares their peak resident sizes. Run: npm run build && node bench/step-memory.mjs [steps] [batch]
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const IMAGE = 32;

async function child(steps, batch) {
  const { compileTrainStep, nn, optim, recipe, tensor } = await import("../dist/index.js");
  const block = (from, to) => [
    new nn.Conv2d(from, to, 3, { padding: 1, bias: false }),
    new nn.BatchNorm2d(to),
    new nn.ReLU(),
  ];
  const layers = [...block(3, 32), ...block(32, 32), new nn.GlobalAvgPool2d(), new nn.Linear(32, 10)];
  const model = nn.init(new nn.Sequential(...layers));
  const step = compileTrainStep(model, {
    loss: (net, { x, labels }) => nn.crossEntropy(net.forward(x), labels),
    optimizer: new optim.AdamW({ lr: 1e-3 }),
    recipe: recipe("bf16"),
  });
  // New numbers in the same arrays, as a loader hands them out: what grows is then the product's.
  const x = new Float32Array(batch * IMAGE * IMAGE * 3);
  const labels = new Int32Array(batch);
  for (let i = 0; i < steps; i++) {
    for (let j = 0; j < x.length; j++) x[j] = ((i * 7919 + j * 104729) % 1000) / 500 - 1;
    for (let j = 0; j < labels.length; j++) labels[j] = (i + j) % 10;
    await step({ x: tensor(x, { shape: [batch, IMAGE, IMAGE, 3] }), labels: tensor(labels) });
  }
  console.log(process.resourceUsage().maxRSS);
}

function peakKilobytes(steps, batch) {
  const script = fileURLToPath(import.meta.url);
  const { stdout, stderr, status } = spawnSync(process.execPath, [
    script,
    "--child",
    String(steps),
    String(batch),
  ]);
  if (status !== 0) throw new Error(String(stderr));
  return Number(stdout);
}

if (process.argv[2] === "--child") {
  await child(Number(process.argv[3]), Number(process.argv[4]));
} else {
  const steps = Number(process.argv[2] ?? 1000);
  const batch = Number(process.argv[3] ?? 256);
  const [few, many] = [10, steps].map((count) => peakKilobytes(count, batch));
  const row = { steps, batch, peakOf10: few, peak: many, growth: (many - few) / few };
  console.log(JSON.stringify(row));
}
