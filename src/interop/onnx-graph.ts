/**
 * An ONNX graph under construction: nodes, constants and the names of values. Knows the messages of onnx.proto3 and nothing of what
 * the operators mean.
 */
import { RoundoffError } from "../base/errors.ts";
import type { Node, Value } from "../graph/graph.ts";
import { Message } from "./protobuf.ts";

/** TensorProto.DataType. */
const FLOAT = 1;
const INT64 = 7;
/** AttributeProto.AttributeType. */
const INT = 2;
const INTS = 7;

/** The batch that a graph is traced with. Not 1, so that the batch axis can be told from axes of size 1. */
export const TRACED_BATCH = 2;

export type Attributes = Readonly<Record<string, number | readonly number[]>>;

interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Attributes;
}

export class OnnxGraph {
  private readonly nodes: OnnxNode[] = [];
  private readonly constants = new Map<string, Message>();
  private readonly names = new Map<number, string>();
  private readonly renamed = new Map<string, string>();

  /** Adds a node with one output and returns that output's name. All attributes are integers. */
  node(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const output = `v${this.nodes.length}`;
    this.nodes.push({ op, inputs, output, attributes });
    return output;
  }

  /** A constant of FP32, made once for each name. */
  floats(name: string, shape: readonly number[], data: () => Float32Array): string {
    if (!this.constants.has(name)) {
      const raw = data();
      const bytes = new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength);
      this.constants.set(name, constant(name, shape, FLOAT, bytes));
    }
    return name;
  }

  scalar(value: number): string {
    return this.floats(`scalar ${value}`, [], () => Float32Array.of(value));
  }

  /** A list of INT64, as shapes and axes are given. */
  integers(values: readonly number[]): string {
    const name = `integers ${values.join(",")}`;
    const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    this.constants.set(name, constant(name, [values.length], INT64, bytes));
    return name;
  }

  bind(value: Value, name: string): void {
    this.names.set(value.id, name);
  }

  /** The name of a value that a node has made; undefined for states. */
  nameOf(value: Value): string | undefined {
    return this.names.get(value.id);
  }

  /** Gives an output of the graph its name. */
  rename(value: Value, name: string): void {
    this.renamed.set(this.names.get(value.id)!, name);
  }

  /** A GraphProto without its inputs and outputs. */
  encode(name: string): Message {
    const graph = new Message();
    for (const node of this.nodes) graph.message(1, this.encodeNode(node));
    graph.text(2, name);
    for (const tensor of this.constants.values()) graph.message(5, tensor);
    return graph;
  }

  private encodeNode({ op, inputs, output, attributes }: OnnxNode): Message {
    const message = new Message();
    for (const input of inputs) message.text(1, this.renamed.get(input) ?? input);
    message
      .text(2, this.renamed.get(output) ?? output)
      .text(3, output)
      .text(4, op);
    for (const [key, value] of Object.entries(attributes)) message.message(5, attribute(key, value));
    return message;
  }
}

function attribute(key: string, value: number | readonly number[]): Message {
  const message = new Message().text(1, key);
  if (typeof value === "number") return message.int(3, value).int(20, INT);
  for (const item of value) message.int(8, item);
  return message.int(20, INTS);
}

/** A TensorProto with raw little-endian data. */
function constant(name: string, shape: readonly number[], type: number, raw: Uint8Array): Message {
  const message = new Message();
  for (const size of shape) message.int(1, size);
  return message.int(2, type).text(8, name).bytes(9, raw);
}

/** The error for what ONNX, or this export of it, does not have. */
export function notInOnnx({ op, path }: Node, what = `operation "${op}"`): RoundoffError {
  return new RoundoffError("UNSUPPORTED", {
    what: `${what} of "${path}" cannot be exported to ONNX`,
    hint: "Export the weights as safetensors instead.",
  });
}
