/**
 * What writes to a disk: a training run, a study, an export, a fetch into the cache of data. Each is a function of a folder that can
 * be called again after it was stopped, and then goes on. From the built package: what is tried is what is shipped.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { RoundoffError } from "../../dist/base/errors.js";
import { runCli } from "../../dist/cli/run-cli.js";
import { locate } from "../../dist/data/locate.js";
import { selectKernels } from "../../dist/kernels/select.js";
import { runStudy } from "../../dist/studies/run.js";
import { parseStudySpec } from "../../dist/studies/spec.js";
import { train } from "../../dist/train/run.js";

/** Files whose content is of the clock: they must be there, and may differ. */
const OF_THE_CLOCK = new Set(["timing.jsonl", "report.html", "report.md"]);

/** Pictures with one bright square each, by class. */
function pictures(count) {
  const labels = Uint8Array.from({ length: count }, (_, i) => (7 * i) % 10);
  const images = Uint8Array.from({ length: count * 784 }, (_, i) => {
    const [example, row, column] = [Math.floor(i / 784), Math.floor((i % 784) / 28), i % 28];
    return Math.floor(row / 6) * 2 + Math.floor(column / 14) === labels[example] ? 200 : (i * 31) % 64;
  });
  const shape = { height: 28, width: 28, channels: 1, classes: 10 };
  return { name: "made-up", images, labels, ...shape, mean: 0.2, std: 0.25, sha256: "0" };
}

const splits = (examples) => ({
  train: pictures(examples),
  test: pictures(20),
  provenance: { name: "made-up", path: "none", source: "directory", sha256: "0" },
});
const optimizer = {
  learningRate: 0.05,
  momentum: 0.9,
  weightDecay: 1e-4,
  schedule: { kind: "cosine", warmupSteps: 2 },
};

function kernelOptions() {
  const { kernels } = selectKernels({ threads: 1 });
  return { kernels, kernelRecord: { name: kernels.name, tier: "any", threads: 1, cpu: "any" } };
}

/** A tiny LeNet; always with resume. `examples` in batches of 8. */
function trainTiny(out, { recipe = "fp32", epochs = 4, examples = 96, onProgress } = {}) {
  const config = {
    model: "lenet",
    modelOptions: { width: 2 },
    data: "made-up",
    recipe,
    epochs,
    seed: 11,
    batchSize: 8,
    optimizer,
  };
  const options = { config, data: splits(examples), ...kernelOptions(), out, resume: true };
  return train({ ...options, checkpointEvery: 5, command: "tiny", onProgress });
}

function studyTiny(out) {
  const setting = {
    id: "one",
    title: "One",
    model: "mlp",
    modelOptions: { width: 4 },
    data: "made-up",
    epochs: 1,
    batchSize: 8,
    optimizer,
    recipes: ["fp32", "bf16"],
    expected: {},
  };
  const judged = { baseline: "fp32", metric: "testAccuracy", margin: 0.01, chance: 0.1 };
  const text = { name: "tiny", title: "Tiny", question: "Does it go on?" };
  const spec = parseStudySpec({ ...text, seeds: [1], ...judged, settings: [setting] }, "study");
  const loadData = async () => splits(48);
  const told = { loadData, command: "tiny", machine: {}, checkpointEvery: 3 };
  return runStudy({ spec, out, ...kernelOptions(), ...told });
}

/** The command itself; a failure is thrown as the user reads it. `run` is a finished run. */
async function exportTiny(out, run) {
  let errors = "";
  const exit = await runCli(
    ["export", run, "--safetensors", join(out, "w.safetensors"), "--csv", join(out, "run.csv")],
    {
      environment: {},
      stdout: () => undefined,
      stderr: (text) => {
        errors += text;
      },
      terminal: false,
      columns: 80,
      takeSignal: () => new AbortController().signal,
    },
  );
  if (exit !== 0) throw commandError(errors);
}

/** `error[CODE]: sentence` and nothing else on stderr. */
function commandError(errors) {
  const [, code, what] = /^error\[([A-Z_]+)\]: (.*)\n$/.exec(errors) ?? [];
  return code === undefined ? new Error(errors) : new RoundoffError(code, { what });
}

const payloads = { "tiny-images": Buffer.from("pictures"), "tiny-labels": Buffer.from("labels") };
const source = {
  name: "tiny",
  description: "two files",
  files: Object.entries(payloads).map(([name, bytes]) => ({
    name,
    bytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  })),
  rows: { train: 1, test: 1 },
  licence: "none",
  citation: "none",
  addresses: ["http://only.invalid/tiny"],
};

function fetchTiny(out) {
  const download = async (address) => gzipSync(payloads[/([^/]+)\.gz$/.exec(address)[1]]);
  const system = { run: async () => ({ exit: "notFound", output: "" }), download, isRoot: () => false };
  return locate(source, { cacheDir: out, allowFetch: true, system });
}

/**
 * name → { prepare, run }. `prepare(folder)` makes, once and undisturbed, what `run(out, prepared, tell)` needs.
 * @type {Record<string, { prepare?: (folder: string) => Promise<unknown>, run: Function }>}
 */
export const SUBJECTS = {
  ...Object.fromEntries(
    // One recipe of each family: FP32, BF16, FP16 with dynamic loss scaling, INT16, FP8 with stochastic rounding.
    ["fp32", "bf16", "fp16", "int16", "fp8"].map((recipe) => [
      recipe,
      { run: (out, _, tell) => trainTiny(out, { recipe, onProgress: ({ phase }) => tell?.(phase) }) },
    ]),
  ),
  short: { run: (out) => trainTiny(out, { epochs: 2, examples: 56 }) },
  study: { run: (out) => studyTiny(out) },
  export: {
    prepare: async (folder) => {
      await trainTiny(folder, { epochs: 1, examples: 16 });
      return folder;
    },
    run: exportTiny,
  },
  fetch: { run: (out) => fetchTiny(out) },
};

/** Verdicts hold, beside what they judge by, how fast the runs were. */
function withoutSpeed(name, content) {
  return name === "verdicts.json"
    ? Buffer.from(content.toString().replaceAll(/"samplesPerSecond": [^,\n]+/g, ""))
    : content;
}

/** Path below `folder` → content, of every file there is. */
export function filesBelow(folder, below = "") {
  return new Map(
    readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
      const path = join(below, entry.name);
      if (entry.isDirectory()) return [...filesBelow(folder, path), [`${path}/`, Buffer.alloc(0)]];
      const content = readFileSync(join(folder, path));
      return [[path, OF_THE_CLOCK.has(entry.name) ? Buffer.alloc(0) : withoutSpeed(entry.name, content)]];
    }),
  );
}

/** One sentence for every file that is missing, differs, or that `expected` does not have. */
export function differences(expected, found) {
  return [
    ...[...expected]
      .filter(([path, content]) => !found.get(path)?.equals(content))
      .map(([path]) => (found.has(path) ? `${path} differs` : `${path} is missing`)),
    ...[...found.keys()].filter((path) => !expected.has(path)).map((path) => `${path} was left behind`),
  ];
}
