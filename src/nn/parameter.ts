/**
 * What a module holds: trained parameters and other state. Each knows its shape, how it starts and, once the model was
 * initialised, its numbers.
 */
import { elementCount, type Graph, type Value } from "../graph/graph.ts";
import { Tensor } from "../graph/tensor.ts";
import { randomStream } from "../random/streams.ts";
import type { Initializer } from "./initializers.ts";

/** `weight`: read by a GEMM. `bias`: added or multiplied per channel (biases and norm parameters). */
export type ParameterKind = "weight" | "bias";

/** What parameters and buffers have in common: a shape, a name, and numbers that all plans of the model share. */
abstract class Member {
  readonly shape: readonly number[];
  /** Full name, `layer1.0.conv1.weight`; set by `bindNames`. */
  name = "";
  /** The numbers, once the model was initialised. */
  data?: Float32Array;
  /**
   * PyTorch's layout of the same tensor: its axis i is our axis torchAxes[i]. Absent: the same layout. State dicts and
   * files are in PyTorch's layout.
   */
  readonly torchAxes?: readonly number[];
  /** PyTorch has it as a vector of all elements, in the order of its axes. */
  readonly torchVector: boolean = false;

  constructor(shape: readonly number[], torchAxes?: readonly number[]) {
    this.shape = shape;
    this.torchAxes = torchAxes;
  }

  protected abstract readonly role: ParameterKind | "statistic";

  /** The member as a tensor of the graph that `like` belongs to. */
  in(like: Tensor): Tensor {
    return new Tensor(like.graph, this.valueIn(like.graph));
  }

  valueIn(graph: Graph): Value {
    return graph.source({ kind: "state", name: this.name, holder: this }, this.shape, this.role);
  }
}

/** A trained tensor. */
export class Parameter extends Member {
  readonly kind: ParameterKind;
  readonly initialize: Initializer;
  /** Only rows of it are read in a step, and optimizers that would change the others are refused. */
  sparse = false;
  protected readonly role: ParameterKind;

  constructor(
    shape: readonly number[],
    kind: ParameterKind,
    initialize: Initializer,
    torchAxes?: readonly number[],
  ) {
    super(shape, torchAxes);
    this.kind = kind;
    this.role = kind;
    this.initialize = initialize;
  }
}

/** State that is not trained: running statistics, fixed tables. `fill`: one number for all elements, or the elements. */
export class StateBuffer extends Member {
  readonly fill: number | Float32Array | Initializer;
  protected readonly role = "statistic";

  override readonly torchVector: boolean;

  constructor(
    shape: readonly number[],
    fill: number | Float32Array | Initializer,
    { torchAxes, torchVector = false }: { torchAxes?: readonly number[]; torchVector?: boolean } = {},
  ) {
    super(shape, torchAxes);
    this.fill = fill;
    this.torchVector = torchVector;
  }
}

export function initialNumbers(
  name: string,
  member: Parameter | StateBuffer,
  seed: number | bigint,
): Float32Array {
  const data = new Float32Array(elementCount(member.shape));
  const start = member instanceof Parameter ? member.initialize : member.fill;
  if (typeof start === "function") start(data, randomStream({ seed, stream: "init", id: nameHash(name) }));
  else if (typeof start === "number") data.fill(start);
  else data.set(start);
  return data;
}

/** 32-bit FNV-1a: a number for a name that does not depend on the order of parameters. */
function nameHash(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}
