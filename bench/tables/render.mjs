/**
 * Results of the benchmarks as the Markdown tables of docs/performance.md: what the commands of tables.mjs wrote as JSON goes in, text
 * comes out. Runs nothing.
 */

/** A table: `columns` are `[title, cell]`, where `cell(row)` is a text or a number that is shown with its digits. */
function table(rows, columns) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [
    line(columns.map(([title]) => title)),
    line(columns.map(() => "---")),
    ...rows.map((row) => line(columns.map(([, cell]) => cell(row)))),
  ].join("\n");
}

const code = (text) => `\`${text}\``;
const fixed = (digits) => (value) => (value === undefined ? "–" : value.toFixed(digits));
const [whole, tenths, hundredths] = [0, 1, 2].map(fixed);
/** Milliseconds to three digits. */
const milliseconds = (value) => (value === undefined ? "–" : Number(value.toPrecision(3)).toString());
const quotient = (over, under) => (over === undefined || under === undefined ? undefined : over / under);
const unique = (values) => [...new Set(values)];

/** `roundoff bench quantize --json`: a row for each format, two columns for each size of the array. */
export function quantizeTable({ rows }) {
  const of = (name, size) => rows.find((row) => row.name === name && row.size === size) ?? {};
  return table(unique(rows.map(({ name }) => name)), [
    ["format", code],
    ...unique(rows.map(({ size }) => size)).flatMap((size) => [
      [`${size}: to copy`, (name) => hundredths(of(name, size).ratioToCopy)],
      [`${size}: GB/s`, (name) => whole(of(name, size).gbPerSecond)],
    ]),
  ]);
}

/** Several results of compare-steps.mjs with PyTorch's candidates: a row for each network, medians. */
export function peerStepsTable(results) {
  const of = ({ rows }, name) => rows.find((row) => row.name === name)?.medianMs;
  const ms = (name) => (result) => milliseconds(of(result, name));
  const ratio = (over, under) => (result) => hundredths(quotient(of(result, over), of(result, under)));
  return table(results, [
    ["net, batch, rounds", ({ net, batch, rounds }) => `${code(net)}, ${batch}, ${rounds}`],
    ["torch FP32", ms("torch:fp32")],
    ["FP32", ms("fp32")],
    ["ratio", ratio("torch:fp32", "fp32")],
    ["torch BF16", ms("torch:bf16")],
    ["BF16", ms("bf16")],
    ["ratio", ratio("torch:bf16", "bf16")],
    ["INT16", ms("int16")],
    ["FP8", ms("fp8")],
    ["FP32 over BF16", ratio("fp32", "bf16")],
    ["FP32 over INT16", ratio("fp32", "int16")],
    ["FP8 over BF16", ratio("fp8", "bf16")],
  ]);
}

/** One result of compare-steps.mjs: a row for each candidate, with how far its numbers are from the first one's. */
export function agreementTable({ rows }) {
  const short = (value) => value.toExponential(1);
  return table(rows, [
    ["candidate", ({ name }) => code(name)],
    ["median ms", ({ medianMs }) => milliseconds(medianMs)],
    ["best ms", ({ bestMs }) => milliseconds(bestMs)],
    ["time over the first, medians", ({ speed }) => tenths(1 / speed)],
    ["bests", ({ bestMs }) => tenths(bestMs / rows[0].bestMs)],
    ["loss apart", ({ agreement }) => short(agreement.loss)],
    ["gradient of `fc` apart", ({ agreement }) => short(agreement.fc)],
    ["of `conv1`", ({ agreement }) => short(agreement.conv1)],
  ]);
}

/** `roundoff bench step --unfused --json`. */
export function fusionTable({ rows }) {
  const fused = rows.filter(({ fusion }) => fusion);
  const other = ({ recipe }) => rows.find((row) => row.recipe === recipe && !row.fusion);
  return table(fused, [
    ["recipe", ({ recipe }) => code(recipe)],
    ["fused, ms", ({ medianMs }) => milliseconds(medianMs)],
    ["unfused, ms", (row) => milliseconds(other(row).medianMs)],
    ["ratio of medians", (row) => hundredths(other(row).medianMs / row.medianMs)],
    ["ratio of bests", (row) => hundredths(other(row).bestMs / row.bestMs)],
    ["arena, MiB", ({ arenaBytes }) => whole(arenaBytes / 2 ** 20)],
    ["unfused, MiB", (row) => whole(other(row).arenaBytes / 2 ** 20)],
  ]);
}

/** `roundoff bench step --json`. */
export function recipesTable({ rows }) {
  return table(rows, [
    ["recipe", ({ recipe }) => code(recipe)],
    ["ms", ({ medianMs }) => milliseconds(medianMs)],
    [`time over ${rows[0].recipe.toUpperCase()}`, ({ ratioToFirst }) => hundredths(ratioToFirst)],
    ["bests", ({ bestRatioToFirst }) => hundredths(bestRatioToFirst)],
    ["arena, MiB", ({ arenaBytes }) => whole(arenaBytes / 2 ** 20)],
  ]);
}

const DIRECTIONS = { output: "forward", gradInput: "input gradient", gradWeight: "weight gradient" };

/** compare-products.mjs: a row for each product and direction, GFLOP/s from the medians. */
export function productsTable({ rows }) {
  const title = ({ work, gemm }) => (work.includes("/") ? `${work}: ${DIRECTIONS[gemm]}` : work);
  const of = (product, name) => rows.find((row) => title(row) === product && row.name === name);
  const rate = (name) => (product) => {
    const row = of(product, name);
    return whole(row && row.operations / (row.medianMs * 1e6));
  };
  const ratio = (over, under) => (product) =>
    hundredths(quotient(of(product, over)?.medianMs, of(product, under)?.medianMs));
  return table(unique(rows.map(title)), [
    ["product", (product) => product],
    ["oneDNN FP32", rate("torch:fp32")],
    ["FP32", rate("fp32")],
    ["ratio", ratio("torch:fp32", "fp32")],
    ["oneDNN BF16", rate("torch:bf16")],
    ["BF16", rate("bf16")],
    ["ratio", ratio("torch:bf16", "bf16")],
    ["INT16", rate("int16")],
    ["INT16 over FP32", ratio("fp32", "int16")],
  ]);
}

/** compare-products.mjs over accumulators of one product: time over that of the first candidate. */
export function accumulatorsTable({ rows }) {
  return table(rows.slice(1), [
    ["accumulator", ({ name }) => code(name.replace(/^.*accumulator=/, ""))],
    ["time over FP32's", ({ medianMs }) => tenths(medianMs / rows[0].medianMs)],
    ["bests", ({ bestMs }) => tenths(bestMs / rows[0].bestMs)],
  ]);
}

/** compare-emulation.mjs. */
export function emulationTable({ rows }) {
  const theirs = ({ name }) => rows.find((row) => row.name === `QPyTorch ${name}`);
  return table(
    rows.filter((row) => !row.name.startsWith("QPyTorch")),
    [
      ["format", ({ name }) => code(name)],
      ["here", ({ medianNs }) => hundredths(medianNs)],
      ["over a copy", ({ overCopy }) => tenths(overCopy)],
      ["QPyTorch", (row) => hundredths(theirs(row).medianNs)],
      ["over its copy", (row) => tenths(theirs(row).overCopy)],
    ],
  );
}
