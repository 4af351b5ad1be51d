/**
 * Where the time of a training step goes: runs the commands of every operation of a plan alone (the numbers do not matter) and
 * prints the share of each. `node bench/peers/profile-plan.mjs lstm fp32 64`.
 */
import { selectKernels } from "../../dist/kernels/select.js";
import { SEQUENCE_NETS } from "./sequence-nets.mjs";

const [net = "lstm", recipeName = "fp32", batch = "64", by = "op"] = process.argv.slice(2);
const { kernels } = selectKernels({});
const built = performance.now();
const { plan, externals } = SEQUENCE_NETS[net](recipeName, Number(batch));
console.log(
  `${net} ${recipeName}: ${plan.commands.length} commands, arena ${(plan.arenaBytes / 2 ** 20).toFixed(1)} MiB, ` +
    `planned in ${(performance.now() - built).toFixed(0)} ms`,
);

async function best(commands, rounds = 5) {
  const prepared = kernels.prepare({ ...plan, commands }, externals);
  let shortest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < rounds; i++) {
    const start = performance.now();
    await prepared.run();
    shortest = Math.min(shortest, performance.now() - start);
  }
  return shortest;
}

const keyOf = ({ op, attrs, inputs, outputs }) => {
  if (by === "op") return op + (op === "unary" || op === "binary" ? ` ${attrs.kind}` : "");
  const flags =
    op === "matmul"
      ? `${attrs.transA ? "T" : "N"}${attrs.transB ? "T" : "N"} ${attrs.carrier}`
      : (attrs.kind ?? "");
  const text = (operands) => operands.map(({ shape, dtype }) => `${dtype}[${shape}]`).join(" ");
  return `${op} ${flags} ${text(inputs)} -> ${text(outputs)}`;
};
const groups = new Map();
for (const command of plan.commands) {
  const key = keyOf(command);
  groups.set(key, [...(groups.get(key) ?? []), command]);
}
const whole = await best(plan.commands);
const rows = [];
for (const [key, commands] of groups) rows.push([await best(commands), commands.length, key]);
rows.sort((a, b) => b[0] - a[0]);
console.log(
  `whole ${whole.toFixed(1)} ms; the parts add up to ${rows.reduce((sum, [ms]) => sum + ms, 0).toFixed(1)} ms`,
);
for (const [ms, count, key] of rows)
  if (ms > whole / 200) console.log(`${ms.toFixed(2).padStart(8)} ms ${String(count).padStart(5)} × ${key}`);
