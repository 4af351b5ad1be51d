/**
 * Runs one golden case: builds its graph, differentiates it, evaluates both, compares. The FP32 recipe: nothing is
 * quantised.
 */
import { gradients } from "../../autodiff/gradients.ts";
import { RoundoffError } from "../../base/errors.ts";
import { evaluate } from "../../compile/evaluate.ts";
import { Graph, type Role, type Value } from "../../graph/graph.ts";
import { Tensor } from "../../graph/tensor.ts";
import type { ExternalArray, KernelSet } from "../../kernels/contract.ts";
import { Attributes } from "./attributes.ts";
import type { GoldenCase, GoldenSet, GoldenTensor } from "./manifest.ts";
import { type GoldenOperation, OPERATIONS } from "./operations.ts";

/** A computed array beside its golden. */
export interface Checked {
  /** `output` or `gradient of weight`. */
  readonly label: string;
  readonly values: ExternalArray;
  readonly golden: GoldenTensor;
}

/** Computes a case. Throws UNSUPPORTED for what Roundoff does not have. */
export async function runCase(
  goldens: GoldenSet,
  golden: GoldenCase,
  kernels: KernelSet,
): Promise<Checked[]> {
  const operation = OPERATIONS.get(golden.op);
  if (operation === undefined) {
    throw new RoundoffError("UNSUPPORTED", { what: `there is no operation ${golden.op}` });
  }
  const attributes = new Attributes(golden.attrs);
  const built = new CaseGraph(goldens, golden, operation, attributes.boolean("training", false));
  const results = operation.build(built, attributes);
  attributes.finish();
  return built.evaluate(results, kernels);
}

/** The graph of a case under construction, with the arrays of its sources. */
class CaseGraph {
  private readonly graph: Graph;
  private readonly feeds = new Map<string, ExternalArray>();
  private readonly goldens: GoldenSet;
  private readonly golden: GoldenCase;
  private readonly operation: GoldenOperation;

  constructor(goldens: GoldenSet, golden: GoldenCase, operation: GoldenOperation, training: boolean) {
    this.graph = new Graph({ training });
    this.goldens = goldens;
    this.golden = golden;
    this.operation = operation;
    // Sources first: modules then find their parameters under these names.
    for (const name of Object.keys(golden.inputs)) this.source(name);
  }

  has(name: string): boolean {
    return this.golden.inputs[name] !== undefined;
  }

  get(name: string): Tensor {
    return new Tensor(this.graph, this.source(name));
  }

  private source(name: string): Value {
    const tensor = this.load(name, this.golden.inputs[name]);
    const state = this.operation.states?.[name];
    const kind = state === undefined ? "input" : "state";
    return this.bind({ kind, name: state ?? name }, tensor, roleOf(name));
  }

  private bind(source: { kind: "input" | "state"; name: string }, tensor: GoldenTensor, role: Role): Value {
    // A copy: states are written in place, and the golden may be asked for again.
    if (!this.feeds.has(source.name)) this.feeds.set(source.name, tensor.values.slice());
    return this.graph.source(source, tensor.shape, role, tensor.values instanceof Int32Array ? "i32" : "f32");
  }

  /** The tensor of a key in Roundoff's layout; `name` is the argument or result that it stands for. */
  private load(name: string, key: string): GoldenTensor {
    const tensor = this.goldens.tensor(key);
    return this.operation.channelsLast.includes(name) ? toChannelsLast(tensor) : tensor;
  }

  async evaluate(results: Readonly<Record<string, Tensor>>, kernels: KernelSet): Promise<Checked[]> {
    const { outputs, cotangents, grads } = this.golden;
    for (const [name, tensor] of Object.entries(results)) this.graph.output(name, tensor.value);
    const seeds = Object.entries(cotangents).map(([name, key]) =>
      this.bind({ kind: "input", name: `cotangent ${name}` }, this.load(name, key), "error"),
    );
    const seeded = Object.keys(cotangents).map((name) => results[name].value);
    const wanted = Object.keys(grads);
    const sources = wanted.map((name) => this.source(name));
    gradients(this.graph, seeded, seeds, sources).forEach((grad, i) => {
      if (grad !== undefined) this.graph.output(gradientLabel(wanted[i]), grad);
    });
    const arrays = await evaluate(this.graph, { kernels, feeds: this.feeds });
    const states = this.operation.states ?? {};
    return [
      ...Object.entries(outputs).map(([name, key]) =>
        this.check(name, arrays.get(name) ?? this.feeds.get(states[name]), name, key),
      ),
      ...wanted.map((name) =>
        this.check(gradientLabel(name), arrays.get(gradientLabel(name)), name, grads[name]),
      ),
    ];
  }

  private check(label: string, values: ExternalArray | undefined, name: string, key: string): Checked {
    if (values === undefined) throw new RoundoffError("UNSUPPORTED", { what: `${label} is not computed` });
    const golden = this.load(name, key);
    if (values.length !== golden.values.length) {
      throw new RoundoffError("SHAPE_MISMATCH", {
        what: `${label} has another size than its golden`,
        expected: `${golden.values.length} elements`,
        received: `${values.length} elements`,
      });
    }
    return { label, values, golden };
  }
}

const gradientLabel = (name: string) => `gradient of ${name}`;

function roleOf(name: string): Role {
  if (name === "weight" || name === "bias") return name;
  return name === "target" ? "label" : "input";
}

/** [A, B, …] → [A, …, B]: NCHW → NHWC, OIHW → KRSC, and sequences N×C×L → N×L×C. */
export function toChannelsLast({ shape, values }: GoldenTensor): GoldenTensor {
  const [a, b, ...spatial] = shape;
  const positions = spatial.reduce((product, size) => product * size, 1);
  const moved = values.slice();
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) {
      for (let k = 0; k < positions; k++) {
        moved[(i * positions + k) * b + j] = values[(i * b + j) * positions + k];
      }
    }
  }
  return { shape: [a, ...spatial, b], values: moved };
}
