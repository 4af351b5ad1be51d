/** `roundoff export`: weights and results of a run for other tools. */
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { RoundoffError } from "../../base/errors.ts";
import { writeNpz } from "../../data/npz.ts";
import { writeSafetensors } from "../../data/safetensors.ts";
import { OPSET, onnxModel } from "../../interop/onnx.ts";
import { recordCsv, recordSummaries } from "../../interop/record-tables.ts";
import { eventFile, type Summary } from "../../interop/tensorboard.ts";
import { checkpointWeights, modelOfCheckpoint } from "../../interop/weights.ts";
import { readRecord } from "../../runlog/reader.ts";
import {
  CHECKPOINTS,
  type Checkpoint,
  newestCheckpoint,
  readCheckpoint,
  STATE_FILE,
} from "../../train/checkpoint.ts";
import { packageVersion } from "../../train/header.ts";
import { RECORD_FILE } from "../../train/journal.ts";
import { type OutputRequest, withOutputs } from "../atomic-file.ts";
import { type CliContext, printResult } from "../context.ts";
import { textTable } from "../text-table.ts";
import { declareCommand, type JsonOption } from "./declare.ts";

interface ExportOptions extends JsonOption {
  readonly safetensors?: string;
  readonly npz?: string;
  readonly onnx?: string;
  readonly csv?: string;
  readonly tensorboard?: string;
}

/** What can be made of a run: option → bytes. */
const EXPORTS: {
  readonly [Option in keyof Omit<Required<ExportOptions>, "json">]: (run: string) => Promise<Uint8Array>;
} = {
  safetensors: async (run) => {
    const { metadata, weights } = await weightsOf(run);
    return writeSafetensors(weights, { format: "pt", ...metadata });
  },
  npz: async (run) => writeNpz((await weightsOf(run)).weights),
  onnx: async (run) => {
    const checkpoint = await checkpointOf(run);
    const { config, task } = checkpoint.manifest;
    const options = { task, name: config.model, version: packageVersion(), metadata: metadataOf(checkpoint) };
    return onnxModel(modelOfCheckpoint(checkpoint), options);
  },
  csv: async (run) => new TextEncoder().encode(recordCsv(await readRecord(recordOf(run)))),
  tensorboard: async (run) => {
    const summaries = [...recordSummaries(await readRecord(recordOf(run))), ...(await histograms(run))];
    return eventFile(summaries, Date.now() / 1000);
  },
};

export function registerExport(program: Command, context: CliContext): void {
  declareCommand(program, "export <run>", "weights and results of a run for other tools")
    .option("--safetensors <file>", "weights, by PyTorch's names and in its layouts")
    .option("--npz <file>", "the same for NumPy")
    .option("--onnx <file>", `the network in evaluation mode, FP32, opset ${OPSET}`)
    .option("--csv <file>", "the record as a table, a line for each step")
    .option("--tensorboard <file>", "the record as an event file; name it events.out.tfevents.…")
    .action((run: string, options: ExportOptions) => runExport(context, run, options));
}

async function runExport(context: CliContext, run: string, options: ExportOptions): Promise<void> {
  const kinds = (Object.keys(EXPORTS) as (keyof typeof EXPORTS)[]).filter(
    (kind) => options[kind] !== undefined,
  );
  if (kinds.length === 0) {
    throw new RoundoffError("INVALID_ARGUMENT", {
      what: "nothing to export was named",
      expected: Object.keys(EXPORTS)
        .map((kind) => `--${kind}`)
        .join(", "),
      received: "none of them",
    });
  }
  const requests = kinds.map((kind): OutputRequest => ({ path: options[kind]!, option: `--${kind}` }));
  const files = await withOutputs(requests, async (outputs) => {
    const written: { kind: string; path: string; bytes: number }[] = [];
    for (const [i, kind] of kinds.entries()) {
      const bytes = await EXPORTS[kind](run);
      await outputs[i].write(bytes);
      written.push({ kind, path: requests[i].path, bytes: bytes.length });
    }
    return written;
  });
  printResult(context, options.json ?? false, { files }, () =>
    textTable(
      ["kind", "file", "bytes"],
      files.map(({ kind, path, bytes }) => [kind, path, String(bytes)]),
    ),
  );
}

/** `run` is the output folder of a run, one of its checkpoints, or the arrays of one. */
async function checkpointOf(run: string): Promise<Omit<Checkpoint, "passedOver">> {
  const path = existsSync(run) && statSync(run).isFile() ? dirname(run) : run;
  if (existsSync(join(path, STATE_FILE))) return readCheckpoint(path);
  const found = await newestCheckpoint(path);
  if (found !== undefined) return found;
  throw new RoundoffError("DATA_MISSING", {
    what: `"${run}" holds no checkpoint`,
    expected: `the --out folder of \`roundoff train\`, or a folder below its ${CHECKPOINTS}/`,
  });
}

function recordOf(run: string): string {
  return join(run, RECORD_FILE);
}

async function weightsOf(run: string) {
  const checkpoint = await checkpointOf(run);
  return { weights: checkpointWeights(checkpoint), metadata: metadataOf(checkpoint) };
}

function metadataOf({
  manifest: { config, position },
}: Omit<Checkpoint, "passedOver">): Record<string, string> {
  return { model: config.model, recipe: config.recipe, step: String(position.step) };
}

/** The distribution of every trained tensor in the newest checkpoint. */
async function histograms(run: string): Promise<Summary[]> {
  const checkpoint = await newestCheckpoint(run);
  if (checkpoint === undefined) return [];
  const { step } = checkpoint.manifest.position;
  const dict = modelOfCheckpoint(checkpoint).stateDict();
  return [...dict].map(([tag, { data }]) => ({
    kind: "histogram",
    tag: `weights/${tag}`,
    step,
    values: data,
  }));
}
