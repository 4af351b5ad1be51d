/**
 * Recurrent layers over whole sequences: LSTM, GRU, RNN. Layers, directions, lengths and states as PyTorch's, with its names
 * (`weight_ih_l0`, `bias_hh_l1_reverse`), its order of gates and its start (uniform in ±1/√H). One direction of one layer
 * is scan.ts, one step is cells.ts.
 */
import type { Graph, Value } from "../../graph/graph.ts";
import { Tensor } from "../../graph/tensor.ts";
import { uniformFanIn } from "../initializers.ts";
import { Module, Parameter } from "../module.ts";
import { type Cell, gru, lstm, plainCell, zeros } from "./cells.ts";
import { normalizedScan, RecurrentNorms } from "./normalized-scan.ts";
import { scan } from "./scan.ts";

export interface RecurrentOptions {
  readonly numLayers?: number;
  readonly bias?: boolean;
  /** Sequences are [N, T, F] instead of [T, N, F]; states are [L·D, N, H] in both. */
  readonly batchFirst?: boolean;
  readonly bidirectional?: boolean;
  /** Applied to the output of every layer but the last: dropout, or anything else. */
  readonly betweenLayers?: (output: Tensor, layer: number) => Tensor;
}

/** Of LSTM and GRU. */
export interface GatedOptions extends RecurrentOptions {
  /**
   * Layer norm inside every step, as in Ba et al. 2016: of the products with x and with h, and of the cell state. Its shifts
   * stand for the biases, which are left out. Norms are named `norm_l0.ih.0.weight`, after PyTorch's `weight_ih_l0`.
   */
  readonly layerNorm?: boolean;
}

export interface RnnOptions extends RecurrentOptions {
  readonly nonlinearity?: "tanh" | "relu";
}

/** L layers, D directions, H hidden units. */
export interface RecurrentInputs {
  /** [L·D, N, H]; default zeros. */
  readonly h0?: Tensor;
  /** Of an LSTM, with h0. */
  readonly c0?: Tensor;
  /**
   * i32[N]: steps of each sequence, as PyTorch's packed sequences (which need no order here). Behind its length a
   * sequence's output is 0, its final state is that of its last step, and the backward direction starts there.
   */
  readonly lengths?: Tensor;
}

export interface RecurrentOutput {
  /** [T, N, D·H] (or [N, T, D·H]). */
  readonly output: Tensor;
  /** [L·D, N, H]. */
  readonly hn: Tensor;
}

export interface LstmOutput extends RecurrentOutput {
  readonly cn: Tensor;
}

abstract class RecurrentLayers<Out extends RecurrentOutput> extends Module<Out> {
  private readonly cell: Cell;
  private readonly options: GatedOptions;

  constructor(cell: Cell, inputSize: number, hiddenSize: number, options: GatedOptions) {
    super();
    // Private members are not children: parameters are the tensors with PyTorch's names.
    this.cell = cell;
    this.options = options;
    const { numLayers = 1, bias = true, layerNorm = false } = options;
    const rows = cell.gates * hiddenSize;
    const start = uniformFanIn(hiddenSize);
    for (let layer = 0; layer < numLayers; layer++) {
      const features = layer === 0 ? inputSize : hiddenSize * this.suffixes().length;
      for (const suffix of this.suffixes()) {
        this.add(`weight_ih_l${layer}${suffix}`, new Parameter([rows, features], "weight", start));
        this.add(`weight_hh_l${layer}${suffix}`, new Parameter([rows, hiddenSize], "weight", start));
        if (layerNorm) this.add(`norm_l${layer}${suffix}`, new RecurrentNorms(cell, hiddenSize));
        if (!bias || layerNorm) continue;
        this.add(`bias_ih_l${layer}${suffix}`, new Parameter([rows], "bias", start));
        this.add(`bias_hh_l${layer}${suffix}`, new Parameter([rows], "bias", start));
      }
    }
  }

  private suffixes(): readonly string[] {
    return this.options.bidirectional === true ? ["", "_reverse"] : [""];
  }

  private add(name: string, member: Parameter | RecurrentNorms): void {
    Object.defineProperty(this, name, { value: member, enumerable: true });
  }

  private parameter(name: string, like: Tensor): Value | undefined {
    const parameter: unknown = Reflect.get(this, name);
    return parameter instanceof Parameter ? parameter.in(like).value : undefined;
  }

  /** Output of the last layer, and the final states of all layers and directions, [h] or [h, c] each. */
  protected run(x: Tensor, inputs: RecurrentInputs): { output: Tensor; final: (readonly Tensor[])[] } {
    const { numLayers = 1, batchFirst = false, betweenLayers } = this.options;
    const final: (readonly Tensor[])[] = [];
    let output = batchFirst ? x.transpose([1, 0, 2]) : x;
    const active = inputs.lengths === undefined ? undefined : activeSteps(output, inputs.lengths);
    for (let layer = 0; layer < numLayers; layer++) {
      const directions = this.suffixes().map((suffix, direction) => {
        const index = layer * this.suffixes().length + direction;
        return this.direction(output, `l${layer}${suffix}`, this.initial(inputs, index), active);
      });
      final.push(...directions.map((result) => result.final));
      const [first, ...others] = directions.map((result) => result.output);
      output = others.length === 0 ? first : first.concat(others, 2);
      if (betweenLayers !== undefined && layer < numLayers - 1) output = betweenLayers(output, layer);
    }
    return { output: batchFirst ? output.transpose([1, 0, 2]) : output, final };
  }

  private direction(
    x: Tensor,
    name: string,
    initial: readonly Value[],
    active: Value | undefined,
  ): { output: Tensor; final: readonly Tensor[] } {
    const { graph } = x;
    const norms: unknown = Reflect.get(this, `norm_${name}`);
    if (norms instanceof RecurrentNorms) return this.normalized(norms, { x, name, initial, active });
    const biases = ["bias_ih", "bias_hh"].flatMap((kind) => this.parameter(`${kind}_${name}`, x) ?? []);
    const operands = {
      x: x.value,
      weightIh: this.parameter(`weight_ih_${name}`, x)!,
      weightHh: this.parameter(`weight_hh_${name}`, x)!,
      biases,
      initial,
    };
    const options = { reverse: name.endsWith("_reverse"), ...(active === undefined ? {} : { active }) };
    const { output, final } = scan(graph, this.cell, operands, options);
    return { output: new Tensor(graph, output), final: final.map((state) => new Tensor(graph, state)) };
  }

  private normalized(
    norms: RecurrentNorms,
    { x, name, initial, active }: { x: Tensor; name: string; initial: readonly Value[]; active?: Value },
  ): { output: Tensor; final: readonly Tensor[] } {
    const tensorOf = (value: Value) => new Tensor(x.graph, value);
    return normalizedScan({
      cell: this.cell,
      norms,
      x,
      weightIh: tensorOf(this.parameter(`weight_ih_${name}`, x)!),
      weightHh: tensorOf(this.parameter(`weight_hh_${name}`, x)!),
      initial: initial.map(tensorOf),
      reverse: name.endsWith("_reverse"),
      active: active === undefined ? undefined : tensorOf(active),
    });
  }

  private initial({ h0, c0 }: RecurrentInputs, index: number): readonly Value[] {
    const states = this.cell.hasCellState ? [h0, c0] : [h0];
    const given = states.find((state) => state !== undefined);
    if (given === undefined) return [];
    const missing = () => zeros(given.graph, given.shape.slice(1));
    return states.map((state) => state?.select(0, index).value ?? missing());
  }

  protected stacked(states: readonly Tensor[]): Tensor {
    const [first, ...others] = states.map((state) => state.reshape([1, ...state.shape]));
    return first.concat(others, 0);
  }
}

/** [T, N]: 1 where step t is before the end of its sequence. */
function activeSteps(x: Tensor, lengths: Tensor): Value {
  const [steps, batch] = x.shape;
  const { graph }: { graph: Graph } = x;
  const times = graph.apply("arange", [], { start: 0, step: 1, shape: [steps, 1], dtype: "f32" })[0];
  const ends = lengths.cast("f32").reshape([1, batch]).value;
  return graph.apply("binary", [ends, times], { kind: "gt" }, ["control"])[0];
}

/** Long short-term memory. */
export class LSTM extends RecurrentLayers<LstmOutput> {
  constructor(inputSize: number, hiddenSize: number, options: GatedOptions = {}) {
    super(lstm, inputSize, hiddenSize, options);
  }

  forward(x: Tensor, inputs: RecurrentInputs = {}): LstmOutput {
    const { output, final } = this.run(x, inputs);
    const [hn, cn] = [0, 1].map((state) => this.stacked(final.map((states) => states[state])));
    return { output, hn, cn };
  }
}

/** Gated recurrent units; the reset gate acts after the product, as in PyTorch and cuDNN. */
export class GRU extends RecurrentLayers<RecurrentOutput> {
  constructor(inputSize: number, hiddenSize: number, options: GatedOptions = {}) {
    super(gru, inputSize, hiddenSize, options);
  }

  forward(x: Tensor, inputs: RecurrentInputs = {}): RecurrentOutput {
    const { output, final } = this.run(x, inputs);
    return { output, hn: this.stacked(final.map(([h]) => h)) };
  }
}

/** h′ = tanh(W_ih·x + b_ih + W_hh·h + b_hh), or relu. */
export class RNN extends RecurrentLayers<RecurrentOutput> {
  constructor(inputSize: number, hiddenSize: number, { nonlinearity = "tanh", ...options }: RnnOptions = {}) {
    super(plainCell(nonlinearity), inputSize, hiddenSize, options);
  }

  forward(x: Tensor, inputs: RecurrentInputs = {}): RecurrentOutput {
    const { output, final } = this.run(x, inputs);
    return { output, hn: this.stacked(final.map(([h]) => h)) };
  }
}
