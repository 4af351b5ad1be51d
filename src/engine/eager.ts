/**
 * Eager tensors, for exploring and as arguments of compiled functions: they hold numbers, or know the operations that would
 * compute them. `await t.data()` runs what is needed as one small plan. Nothing but the tensors themselves keeps their
 * numbers and operations alive.
 */
import { RoundoffError } from "../base/errors.ts";
import { evaluate } from "../compile/evaluate.ts";
import {
  elementCount,
  formatShape,
  Graph,
  type Node,
  type Role,
  type Source,
  type Value,
} from "../graph/graph.ts";
import type { Primitive, PrimitiveAttrs } from "../graph/primitives.ts";
import { Tensor } from "../graph/tensor.ts";
import type { ExternalArray } from "../kernels/contract.ts";
import { defaultKernels } from "./default-kernels.ts";

export type Numbers = Float32Array | Int32Array;
/** Numbers, lists of numbers, lists of those, … of one size each. */
export type NestedNumbers = number | readonly NestedNumbers[];

export interface TensorOptions {
  /** Default: that of a typed array, else f32. Labels and indices are i32. */
  readonly dtype?: "f32" | "i32";
  /** Default: that of the nesting. */
  readonly shape?: readonly number[];
}

/** A graph that remembers nodes only as long as their results are in use. In evaluation mode. */
class EagerGraph extends Graph {
  private readonly producers = new WeakMap<Value, Node>();
  private readonly arrays = new WeakMap<Value, Numbers>();

  override apply<P extends Primitive>(
    op: P,
    inputs: readonly Value[],
    attrs: PrimitiveAttrs[P],
    roles: readonly Role[] = [],
  ): readonly Value[] {
    const outputs = super.apply(op, inputs, attrs, roles);
    const node = this.nodes.pop()!;
    for (const output of outputs) this.producers.set(output, node);
    return outputs;
  }

  override composite(
    _: readonly Value[],
    body: () => { readonly outputs: readonly Value[] },
  ): readonly Value[] {
    return body().outputs;
  }

  override source({ name, holder }: Source, shape: readonly number[], role: Role): Value {
    if (holder?.data === undefined) {
      throw new RoundoffError("INVALID_ARGUMENT", {
        what: `"${name}" has no numbers yet`,
        hint: "Initialise the model first: nn.init(model).",
      });
    }
    return this.hold(holder.data, shape, role);
  }

  hold(array: Numbers, shape: readonly number[], role: Role = "input"): Value {
    const dtype = array instanceof Int32Array ? "i32" : "f32";
    const value: Value = { id: 0, shape, dtype, role, path: "" };
    this.arrays.set(value, array);
    return value;
  }

  held(value: Value): Numbers | undefined {
    return this.arrays.get(value);
  }

  override async read(value: Value): Promise<Numbers> {
    const known = this.arrays.get(value);
    if (known !== undefined) return known;
    const { graph, feeds } = this.programOf(value);
    const results = await evaluate(graph, { kernels: defaultKernels(), feeds });
    const array = results.get("result") as Numbers;
    this.arrays.set(value, array);
    this.producers.delete(value);
    return array;
  }

  /** The operations behind `value` as an ordinary graph, with the numbers that they start from. */
  private programOf(value: Value): { graph: Graph; feeds: Map<string, ExternalArray> } {
    const graph = new Graph();
    const feeds = new Map<string, ExternalArray>();
    const made = new Map<Value, Value>();
    const place = (source: Value): void => {
      const name = `input ${feeds.size}`;
      feeds.set(name, this.arrays.get(source)!);
      made.set(source, graph.source({ kind: "input", name }, source.shape, source.role, source.dtype));
    };
    // Depth first without recursion: chains of operations may be long.
    const pending = [value];
    while (pending.length > 0) {
      const next = pending.at(-1)!;
      const node = this.arrays.has(next) ? undefined : this.producers.get(next)!;
      const missing = node?.inputs.filter((input) => !made.has(input)) ?? [];
      if (made.has(next) || missing.length === 0) pending.pop();
      if (made.has(next)) continue;
      if (node === undefined) place(next);
      else if (missing.length > 0) pending.push(...missing);
      else {
        const inputs = node.inputs.map((input) => made.get(input)!);
        const roles = node.outputs.map(({ role }) => role);
        const outputs = graph.scope(node.path, () =>
          graph.apply(node.op, inputs, node.attrs as never, roles),
        );
        node.outputs.forEach((output, i) => {
          made.set(output, outputs[i]);
        });
      }
    }
    graph.output("result", made.get(value)!);
    return { graph, feeds };
  }
}

const eager = new EagerGraph();

/**
 * A tensor of the numbers given: nested lists, or a typed array, which is not copied. @throws RoundoffError
 * SHAPE_MISMATCH for lists of unequal sizes and for a shape that the numbers do not fill.
 */
export function tensor(values: NestedNumbers | Numbers | Float64Array, options: TensorOptions = {}): Tensor {
  const typed = ArrayBuffer.isView(values);
  const shape = options.shape ?? (typed ? [values.length] : shapeOf(values));
  const flat = typed ? values : (([values] as unknown[]).flat(Infinity) as number[]);
  if (flat.length !== elementCount(shape)) {
    throw new RoundoffError("SHAPE_MISMATCH", {
      what: "the numbers do not fill the tensor",
      expected: `${elementCount(shape)} numbers for shape ${formatShape(shape)}`,
      received: `${flat.length}, or lists of unequal sizes`,
    });
  }
  const dtype = options.dtype ?? (values instanceof Int32Array ? "i32" : "f32");
  const type = dtype === "i32" ? Int32Array : Float32Array;
  return new Tensor(eager, eager.hold(flat instanceof type ? flat : type.from(flat), shape));
}

function shapeOf(values: NestedNumbers): number[] {
  return typeof values === "number" ? [] : [values.length, ...(values.length > 0 ? shapeOf(values[0]) : [])];
}

/** The numbers of an eager tensor that need not be computed. */
export function heldNumbers(one: Tensor): Numbers | undefined {
  return one.graph === eager ? eager.held(one.value) : undefined;
}

/** The eager tensors of a structure's numbers; refuses symbolic ones, which belong to another program. */
export async function numbersOf(one: Tensor, path: string): Promise<Numbers> {
  if (one.graph === eager) return eager.read(one.value);
  throw new RoundoffError("INVALID_ARGUMENT", {
    what: `argument "${path}" is a tensor of another program`,
    expected: "a tensor with numbers, made by tensor(…) or returned by a compiled function",
  });
}
