/**
 * Where the time of a training step goes: what the commands of every operation took, in the best of several steps each.
 * `node bench/peers/profile-plan.mjs lstm fp32 64`, `… resnet50 bf16 16 shape 10`.
 */
import { selectKernels } from "../../dist/kernels/select.js";
import { PLANS } from "./roundoff-nets.mjs";

const [net = "lstm", recipeName = "fp32", batch = "64", by = "op", rounds = "10"] = process.argv.slice(2);
const { kernels } = selectKernels({});
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
      : (attrs.kind ?? "");
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
const groups = new Map();
plan.commands.forEach((command, i) => {
  const group = groups.get(keyOf(command)) ?? { ms: 0, count: 0 };
  groups.set(keyOf(command), { ms: group.ms + best[i] * 1e3, count: group.count + 1 });
});
console.log(`best step ${(whole * 1e3).toFixed(1)} ms; the best of each command, by ${by}:`);
for (const [key, { ms, count }] of [...groups].sort(([, a], [, b]) => b.ms - a.ms))
  if (ms > whole * 5) console.log(`${ms.toFixed(2).padStart(8)} ms ${String(count).padStart(5)} × ${key}`);
