/** Where a token stands: sinusoidal (Vaswani et al. 2017) and learned positional encodings, added to embeddings. */
import { Tensor } from "../../graph/tensor.ts";
import { normal } from "../initializers.ts";
import { Module, Parameter, StateBuffer } from "../module.ts";

export interface PositionOptions {
  /** Sequences are [N, T, E] instead of [T, N, E]. */
  readonly batchFirst?: boolean;
}

/** sin(t / 10000^(2i/E)) at even features 2i, the cosine at odd ones: [steps, features]. */
export function sinusoidalEncoding(steps: number, features: number): Float32Array {
  return Float32Array.from({ length: steps * features }, (_, index) => {
    const feature = index % features;
    const angle = Math.floor(index / features) / 10_000 ** ((feature - (feature % 2)) / features);
    return feature % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });
}

/** x + the first T rows of a fixed table `pe` [maxSteps, E], a buffer of the module. */
export class SinusoidalPositions extends Module {
  readonly pe: StateBuffer;
  private readonly options: PositionOptions;

  constructor(features: number, maxSteps: number, options: PositionOptions = {}) {
    super();
    this.pe = new StateBuffer([maxSteps, features], sinusoidalEncoding(maxSteps, features));
    this.options = options;
  }

  forward(x: Tensor): Tensor {
    return x.add(rowsFor(x, this.pe.in(x), this.options));
  }
}

/** x + the first T rows of a trained table `weight` [maxSteps, E], normal with deviation 0.02 at the start. */
export class LearnedPositions extends Module {
  readonly weight: Parameter;
  private readonly options: PositionOptions;

  constructor(features: number, maxSteps: number, options: PositionOptions = {}) {
    super();
    this.weight = new Parameter([maxSteps, features], "bias", normal(0.02));
    this.options = options;
  }

  forward(x: Tensor): Tensor {
    return x.add(rowsFor(x, this.weight.in(x), this.options));
  }
}

/** The table's first T rows in a shape that broadcasts to x. */
function rowsFor(x: Tensor, table: Tensor, { batchFirst = false }: PositionOptions): Tensor {
  const steps = x.shape[batchFirst ? 1 : 0];
  const features = table.shape[1];
  const attrs = { starts: [0, 0], steps: [1, 1], shape: [steps, features] };
  const rows = new Tensor(x.graph, x.graph.apply("slice", [table.value], attrs, [table.value.role])[0]);
  return batchFirst ? rows : rows.reshape([steps, 1, features]);
}
