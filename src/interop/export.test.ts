/** Weights out of a checkpoint and back, the ONNX model of a small network, and a record as a table. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSafetensors, writeSafetensors } from "../data/safetensors.ts";
import { modelDefinition } from "../models/catalog.ts";
import { createModel } from "../models/model.ts";
import { Conv2d, Module, namedStates, Sequential } from "../nn/index.ts";
import { END, HEADER, stepLine } from "../runlog/fixtures.ts";
import { newestCheckpoint } from "../train/checkpoint.ts";
import { tinyRun } from "../train/run.fixture.ts";
import { train } from "../train/run.ts";
import { flattenedReaders, reorderColumns } from "./flatten-order.ts";
import { onnxModel } from "./onnx.ts";
import { recordCsv } from "./record-tables.ts";
import { checkpointWeights, loadWeights, modelOfCheckpoint, readStateDict } from "./weights.ts";

let out: string;
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), "roundoff-export-"));
  await train(tinyRun(out, { model: "lenet", modelOptions: { width: 2 }, recipe: "bf16-pure", epochs: 1 }));
});
afterAll(() => rm(out, { recursive: true, force: true }));

describe("weights of a checkpoint", () => {
  it("go out in PyTorch's layout and in the type that the recipe keeps, and come back the same", async () => {
    const checkpoint = (await newestCheckpoint(out))!;
    const file = writeSafetensors(checkpointWeights(checkpoint));
    const { tensors } = readSafetensors(file);
    const dict = readStateDict(file);
    expect(tensors.get("conv1.weight")).toMatchObject({ dtype: "BF16", shape: [2, 1, 5, 5] });
    expect([...tensors.keys()].some((name) => name.includes("momentum"))).toBe(false);
    const { config, task } = checkpoint.manifest;
    const fresh = createModel(modelDefinition(config.model), task, config.modelOptions);
    loadWeights(fresh, dict, task);
    const trained = new Map(namedStates(modelOfCheckpoint(checkpoint)));
    for (const [name, { data }] of namedStates(fresh)) expect(data, name).toEqual(trained.get(name)!.data);
  });
});

it("columns behind a flattened image go out in PyTorch's order", async () => {
  const checkpoint = (await newestCheckpoint(out))!;
  const ours = checkpointWeights(checkpoint).get("fc1.weight")!;
  const model = modelOfCheckpoint(checkpoint);
  // lenet flattens 5 × 5 pixels of 16 channels.
  expect([...flattenedReaders(model, checkpoint.manifest.task)]).toEqual([["fc1.weight", [5, 5, 16]]]);
  const inside = model.stateDict().get("fc1.weight")!.data;
  const view = new DataView(ours.bytes.buffer, ours.bytes.byteOffset);
  const bf16 = (index: number) =>
    new Float32Array(Uint32Array.of(view.getUint16(2 * index, true) << 16).buffer)[0];
  for (const [row, channel, y, x] of [
    [0, 0, 0, 0],
    [3, 15, 4, 4],
    [7, 2, 1, 3],
    [119, 9, 0, 4],
  ]) {
    expect(bf16(row * 400 + (channel * 5 + y) * 5 + x)).toBe(inside[row * 400 + (y * 5 + x) * 16 + channel]);
  }
  const columns = Float32Array.from({ length: 24 }, (_, i) => i);
  const there = reorderColumns(columns, [2, 2, 3]);
  expect([...there.subarray(0, 12)]).toEqual([0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]);
  expect(reorderColumns(there, [2, 2, 3], { back: true })).toEqual(columns);
});

/** A message taken apart again: field number → values. */
function decode(bytes: Uint8Array): Map<number, (number | Uint8Array)[]> {
  const fields = new Map<number, (number | Uint8Array)[]>();
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    let value: number | Uint8Array = tag % 8 === 0 ? varint() : 0;
    if (tag % 8 === 2) {
      const length = varint();
      value = bytes.subarray(at, at + length);
      at += length;
    } else if (tag % 8 === 5) at += 4;
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value]);
  }
  return fields;
}
const textOf = (value: number | Uint8Array | undefined) => Buffer.from(value as Uint8Array).toString();

describe("onnxModel", () => {
  const task = { channels: 3, size: 8, classes: 4 };

  it("writes opset, operators, and convolution weights as OIHW", () => {
    const conv = new Conv2d(3, 2, 3, { padding: 1 });
    const model = new Sequential(conv);
    model.stateDict();
    for (const [name, member] of namedStates(model)) member.name = name;
    conv.weight.data!.forEach((_, i, data) => {
      data[i] = i;
    });
    const file = decode(onnxModel(model, { task, name: "one", version: "1" }));
    const opset = decode(file.get(8)![0] as Uint8Array);
    expect(opset.get(2)).toEqual([17]);
    const graph = decode(file.get(7)![0] as Uint8Array);
    const operators = graph.get(1)!.map((node) => textOf(decode(node as Uint8Array).get(4)![0]));
    expect(operators).toEqual(["Transpose", "Transpose", "Conv", "Transpose", "Add"]);
    const weight = graph
      .get(5)!
      .map((tensor) => decode(tensor as Uint8Array))
      .find((tensor) => textOf(tensor.get(8)![0]).endsWith("OIHW"))!;
    expect(weight.get(1)).toEqual([2, 3, 3, 3]);
    const raw = weight.get(9)![0] as Uint8Array;
    const values = new Float32Array(raw.slice().buffer);
    // Element (o, i, y, x) is ours at ((o·3 + y)·3 + x)·3 + i.
    expect(values[((1 * 3 + 2) * 3 + 0) * 3 + 1]).toBe(((1 * 3 + 0) * 3 + 1) * 3 + 2);
    expect(textOf(decode(graph.get(12)![0] as Uint8Array).get(1)![0])).toBe("logits");
  });

  it("names the operation that it cannot write", () => {
    class Odd extends Module {
      forward(x: Parameters<Conv2d["forward"]>[0]) {
        return x.cumsum(1);
      }
    }
    expect(() => onnxModel(new Odd(), { task, name: "odd", version: "1" })).toThrow(
      expect.objectContaining({
        code: "UNSUPPORTED",
        message: expect.stringMatching(/cannot be exported to ONNX/),
      }),
    );
  });
});

it("a record becomes a table, with the figures of an epoch in the line of its last step", () => {
  const epoch = {
    type: "epoch",
    epoch: 1,
    step: 2,
    trainLoss: 1,
    trainAccuracy: 0.5,
    testLoss: Number.NaN,
    testAccuracy: 0.25,
  } as const;
  const steps = [stepLine(1, { loss: Number.POSITIVE_INFINITY, lossScale: 8, skippedSteps: 1 }), stepLine(2)];
  const csv = recordCsv({ header: HEADER, steps, epochs: [epoch], warnings: [], end: END, torn: false });
  expect(csv.split("\n")).toEqual([
    "step,epoch,loss,learningRate,lossScale,skippedSteps,correct,examples,trainLoss,trainAccuracy,testLoss,testAccuracy",
    "1,0,Infinity,0.1,8,1,1,64,,,,",
    "2,0,1,0.1,,,2,64,1,0.5,NaN,0.25",
    "",
  ]);
});
