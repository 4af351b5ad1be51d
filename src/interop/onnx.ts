/**
 * A model in evaluation mode as an ONNX model: the graph that its `forward` traces, in FP32, with its numbers inside. Images come in
 * as ONNX has them, [batch, C, H, W], for any batch. The roundings of a recipe are not part of it. Source: onnx.proto3 (IR
 * version 8), ONNX operator schemas of opset 17.
 */
import { Graph, type Value } from "../graph/graph.ts";
import { Tensor } from "../graph/tensor.ts";
import { type Classifier, classifierLogits } from "../models/classifier.ts";
import type { ImageTask } from "../models/model.ts";
import { namedStates } from "../nn/index.ts";
import { OnnxGraph, TRACED_BATCH } from "./onnx-graph.ts";
import { appendOnnxNode } from "./onnx-nodes.ts";
import { Message } from "./protobuf.ts";

export const OPSET = 17;
const IR_VERSION = 8;

export interface OnnxOptions {
  readonly task: ImageTask;
  readonly name: string;
  /** Written into the model's metadata: which run the numbers are from. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly version: string;
}

/** The bytes of the model. Throws UNSUPPORTED with the operation that has no counterpart here. */
export function onnxModel(
  model: Classifier,
  { task, name, metadata = {}, version }: OnnxOptions,
): Uint8Array {
  const { channels, size, classes } = task;
  const graph = new Graph({ training: false });
  const images = graph.source(
    { kind: "input", name: "images" },
    [TRACED_BATCH, size, size, channels],
    "input",
  );
  const { logits } = classifierLogits(model.forward(new Tensor(graph, images)));
  const target = new OnnxGraph();
  const members = new Map(namedStates(model));
  target.bind(images, target.node("Transpose", ["images"], { perm: [0, 2, 3, 1] }));
  for (const node of graph.nodes)
    appendOnnxNode(target, node, { numbers: (value) => numbersOf(value, members) });
  target.rename(logits.value, "logits");
  const proto = target
    .encode(name)
    .message(11, valueInfo("images", ["batch", channels, size, size]))
    .message(12, valueInfo("logits", ["batch", classes]));
  const file = new Message()
    .int(1, IR_VERSION)
    .text(2, "roundoff")
    .text(3, version)
    .message(7, proto)
    .message(8, new Message().text(1, "").int(2, OPSET));
  for (const [key, text] of Object.entries(metadata))
    file.message(14, new Message().text(1, key).text(2, text));
  return file.encode();
}

/** What a state holds, if the value is one. */
function numbersOf({ source }: Value, members: ReadonlyMap<string, { readonly data?: Float32Array }>) {
  return source?.kind === "state" ? members.get(source.name)?.data : undefined;
}

/** A ValueInfoProto of FP32; a name stands for a size that is free. */
function valueInfo(name: string, shape: readonly (number | string)[]): Message {
  const axes = new Message();
  for (const size of shape) {
    axes.message(1, typeof size === "string" ? new Message().text(2, size) : new Message().int(1, size));
  }
  const type = new Message().message(1, new Message().int(1, 1).message(2, axes));
  return new Message().text(1, name).message(2, type);
}
