/**
 * Where the time of a training step goes: what the commands of every operation took, in the best of several steps each.
 * `node bench/peers/profile-plan.mjs lstm fp32 64`, `… resnet50 bf16 16 shape 10`; `… resnet50 int16 16 products` orders matrix
 * products and convolutions by the time that they lose against the roof of their carrier.
 */
import { rooflineProbe } from "../../dist/cli/bench/roofline.js";
import { selectKernels } from "../../dist/kernels/select.js";
import { PLANS } from "./roundoff-nets.mjs";

const [net = "lstm", recipeName = "fp32", batch = "64", by = "op", rounds = "10"] = process.argv.slice(2);
const selected = selectKernels({});
const { kernels } = selected;
const built = performance.now();
const { plan, externals } = PLANS[net](recipeName, Number(batch));
console.log(
  `${net} ${recipeName}: ${plan.commands.length} commands, arena ${(plan.arenaBytes / 2 ** 20).toFixed(1)} MiB, ` +
    `planned in ${(performance.now() - built).toFixed(0)} ms`,
);

const keyOf = ({ op, attrs, inputs, outputs }) => {
  if (by === "op") return op + (op === "unary" || op === "binary" ? ` ${attrs.kind}` : "");
  const flags =
    op === "matmul"
      ? `${attrs.transA ? "T" : "N"}${attrs.transB ? "T" : "N"} ${attrs.carrier}`
      : (attrs.carrier ?? attrs.kind ?? "");
  const text = (operands) => operands.map(({ shape, dtype }) => `${dtype}[${shape}]`).join(" ");
  return `${op} ${flags} ${text(inputs)} -> ${text(outputs)}`;
};
const prepared = kernels.prepare(plan, externals);
const best = new Float64Array(plan.commands.length).fill(Number.POSITIVE_INFINITY);
let whole = Number.POSITIVE_INFINITY;
for (let i = 0; i < Number(rounds); i++) {
  const seconds = await prepared.profile();
  whole = Math.min(
    whole,
    seconds.reduce((sum, x) => sum + x),
  );
  seconds.forEach((x, command) => {
    best[command] = Math.min(best[command], x);
  });
}

/** Multiply-adds of a convolution or matrix product, twice; 0 of anything else. */
function operationsOf({ op, attrs, inputs, outputs }) {
  const size = (shape) => shape.reduce((product, n) => product * n, 1);
  if (op === "matmul") return 2 * size(outputs[0].shape) * inputs[0].shape.at(attrs.transA ? -2 : -1);
  if (!op.startsWith("conv2d")) return 0;
  const output = op === "conv2d" ? outputs[0].shape : inputs[0].shape;
  const weight = op === "conv2dGradWeight" ? outputs[0].shape : inputs[1].shape;
  return 2 * size(output) * size(weight.slice(1));
}

/** Best GFLOP/s of each carrier in registers, all threads. */
async function roofs() {
  const probe = rooflineProbe(selected);
  const timings = probe.candidates.map(() => ({ medianMs: Number.POSITIVE_INFINITY }));
  for (let i = 0; i < 5; i++) {
    for (const [c, { run }] of probe.candidates.entries()) {
      const start = performance.now();
      await run();
      timings[c].medianMs = Math.min(timings[c].medianMs, performance.now() - start);
    }
  }
  return probe.read(timings).gflops;
}

const groups = new Map();
plan.commands.forEach((command, i) => {
  const operations = operationsOf(command);
  if (by === "products" && operations === 0) return;
  const group = groups.get(keyOf(command)) ?? {
    ms: 0,
    count: 0,
    operations: 0,
    carrier: command.attrs.carrier,
  };
  group.ms += best[i] * 1e3;
  group.count++;
  group.operations += operations;
  groups.set(keyOf(command), group);
});
const gflops = by === "products" ? await roofs() : undefined;
const rows = [...groups].map(([key, { ms, count, operations, carrier }]) => {
  const roofMs = gflops === undefined ? 0 : operations / (gflops[carrier ?? "f32"] * 1e6);
  const share =
    gflops === undefined ? "" : ` lost ${(ms - roofMs).toFixed(2)}, ${(roofMs / ms).toFixed(2)} of the roof,`;
  return { key, ms, count, lost: ms - roofMs, share };
});
rows.sort((a, b) => b.lost - a.lost);
console.log(`best step ${(whole * 1e3).toFixed(1)} ms; the best of each command, by ${by}:`);
for (const { key, ms, count, lost, share } of rows)
  if (lost > whole * (gflops === undefined ? 5 : 2))
    console.log(`${ms.toFixed(2).padStart(8)} ms${share} ${String(count).padStart(5)} × ${key}`);
