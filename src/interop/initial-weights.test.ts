/** Weights that a run begins with: out of one run and into another, byte for byte. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeSafetensors } from "../data/safetensors.ts";
import type { StoredTensor } from "../data/safetensors-dtype.ts";
import { modelDefinition } from "../models/catalog.ts";
import { createModel } from "../models/model.ts";
import { init } from "../nn/index.ts";
import { readRecord } from "../runlog/reader.ts";
import { newestCheckpoint, readCheckpoint } from "../train/checkpoint.ts";
import { tinyRun } from "../train/run.fixture.ts";
import { train } from "../train/run.ts";
import { flattenedReaders } from "./flatten-order.ts";
import { checkpointWeights, initialWeights, loadWeights, readStateDict, writeStateDict } from "./weights.ts";

let root: string;
let file: Uint8Array;
const lenet = { model: "lenet", modelOptions: { width: 2 }, epochs: 1 };
/** A learning rate so small that FP32 weights of this size do not move. */
const still = {
  learningRate: 1e-30,
  momentum: 0,
  weightDecay: 0,
  schedule: { kind: "constant", warmupSteps: 0 },
} as const;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "roundoff-init-"));
  await train(tinyRun(join(root, "first"), lenet));
  file = await weightsFile("first");
});
afterAll(() => rm(root, { recursive: true, force: true }));

const weightsFile = async (run: string) =>
  writeSafetensors(checkpointWeights((await newestCheckpoint(join(root, run)))!));

describe("a run that begins with weights", () => {
  it("has them, all and to the bit, and says in its record and its checkpoint which they were", async () => {
    const weights = initialWeights(file, { strict: true });
    const options = tinyRun(join(root, "second"), { ...lenet, seed: 99, optimizer: still });
    const { checkpointPath, recordPath } = await train({ ...options, initialWeights: weights });
    expect(await weightsFile("second")).toEqual(file);
    const { manifest } = await readCheckpoint(join(checkpointPath, ".."));
    expect(manifest.initialWeightsSha256).toBe(weights.sha256);
    expect((await readRecord(recordPath)).header.initialWeightsSha256).toBe(weights.sha256);
  });

  it("goes on only as the one that it was", async () => {
    const options = {
      ...tinyRun(join(root, "third"), lenet),
      initialWeights: initialWeights(file, { strict: true }),
    };
    await train(options);
    await train({ ...options, resume: true });
    await expect(train({ ...options, initialWeights: undefined, resume: true })).rejects.toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: expect.stringContaining("initialWeightsSha256"),
      }),
    );
  });

  it("refuses what does not fit, naming it, unless it may take a part", async () => {
    const dict = readStateDict(file);
    const bias = dict.get("fc3.bias")!;
    dict.delete("fc3.bias");
    dict.set("head.bias", bias);
    const other = writeStateDict(dict);
    const begin = (name: string, strict: boolean) =>
      train({ ...tinyRun(join(root, name), lenet), initialWeights: initialWeights(other, { strict }) });
    await expect(begin("fourth", true)).rejects.toThrow(/fc3\.bias.*head\.bias/);
    expect((await begin("fifth", false)).status).toBe("finished");
  });
});

describe("loadWeights", () => {
  const task = { channels: 3, size: 32, classes: 4 };
  const fresh = (name: string, options: Record<string, number>, seed: number) =>
    init(createModel(modelDefinition(name), task, options), { seed });

  it.each([
    ["lenet", {}, ["fc1.weight"]],
    ["mlp", { width: 8 }, ["fc1.weight"]],
    // Flattened channels first by the models themselves.
    ["alexnet", { width: 4, hidden: 8, stemKernel: 3 }, []],
    ["vgg16", { width: 2, hidden: 8 }, []],
    ["resnet20", { width: 4, blocks: 1 }, []],
  ] as const)("knows which columns of %s run over pixels in another order", (name, options, readers) => {
    expect([...flattenedReaders(fresh(name, options, 1), task).keys()]).toEqual(readers);
  });

  it("takes nothing that has no tensor of the model, and no file that is damaged", () => {
    const model = fresh("lenet", {}, 1);
    const before = model.stateDict();
    const strange = new Map([["other", { shape: [1], data: Float32Array.of(1) }]]);
    expect(() => loadWeights(model, strange, task, { strict: false })).toThrow(
      /no tensor of the model.*conv1/,
    );
    expect(() => loadWeights(model, strange, task)).toThrow(/conv1\.weight.*unexpected keys other/);
    expect(() => readStateDict(file.subarray(0, 100))).toThrow(
      expect.objectContaining({ code: "DATA_CORRUPT" }),
    );
    expect(model.stateDict()).toEqual(before);
  });

  it("leaves out PyTorch's counters of batches, which are 64-bit integers", () => {
    const tensors = new Map<string, StoredTensor>([
      ["bn.num_batches_tracked", { dtype: "I64", shape: [], bytes: new Uint8Array(8) }],
      ["bn.weight", { dtype: "F16", shape: [2], bytes: Uint8Array.of(0, 0x3c, 0, 0xc0) }],
    ]);
    const stored = writeSafetensors(tensors);
    expect([...readStateDict(stored)]).toEqual([["bn.weight", { shape: [2], data: Float32Array.of(1, -2) }]]);
  });
});
