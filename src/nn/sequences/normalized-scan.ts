/**
 * One direction of an LSTM or GRU with layer norm inside: the products with x and with h are normalised, each with gains and
 * shifts of its own, and so is the cell state on its way to the output. Source: Ba, Kiros, Hinton 2016, Layer Normalization,
 * supplementary material (LSTM and GRU); gates in PyTorch's order. An unrolled row of operations: the gradient is that of its
 * parts.
 */
import { Tensor } from "../../graph/tensor.ts";
import { LayerNorm } from "../layers/normalization.ts";
import { Module } from "../module.ts";
import { type Cell, gru, zeros } from "./cells.ts";

/** The norms of one direction of one layer. */
export class RecurrentNorms extends Module {
  /** Of W_ih·x and of W_hh·h. A GRU normalises r and z together, and n by itself. */
  readonly ih: readonly LayerNorm[];
  readonly hh: readonly LayerNorm[];
  /** Of the cell state of an LSTM. */
  readonly cell?: LayerNorm;

  constructor(cell: Cell, hiddenSize: number) {
    super();
    const groups = cell === gru ? [2, 1] : [cell.gates];
    const norms = () => groups.map((gates) => new LayerNorm(gates * hiddenSize));
    this.ih = norms();
    this.hh = norms();
    if (cell.hasCellState) this.cell = new LayerNorm(hiddenSize);
  }

  /** Products with x, [rows, gates·H]. */
  forward(products: Tensor): Tensor {
    return normalized(products, this.ih);
  }

  recurrent(product: Tensor): Tensor {
    return normalized(product, this.hh);
  }
}

/** Each part of the last axis by its own norm. */
function normalized(x: Tensor, norms: readonly LayerNorm[]): Tensor {
  if (norms.length === 1) return norms[0].forward(x);
  const parts = x.split(
    norms.map(({ size }) => size),
    1,
  );
  const [first, ...others] = parts.map((part, i) => norms[i].forward(part));
  return first.concat(others, 1);
}

export interface NormalizedScan {
  readonly cell: Cell;
  readonly norms: RecurrentNorms;
  /** [T, N, F]. */
  readonly x: Tensor;
  readonly weightIh: Tensor;
  readonly weightHh: Tensor;
  /** [N, H] each: h, and c if the cell has one. None: zeros. */
  readonly initial: readonly Tensor[];
  readonly reverse: boolean;
  /** [T, N]: 1 where a step belongs to its sequence. */
  readonly active?: Tensor;
}

/** Output [T, N, H] and the final states. */
export function normalizedScan(run: NormalizedScan): { output: Tensor; final: readonly Tensor[] } {
  const { cell, norms, x, weightIh, weightHh, reverse, active } = run;
  const [steps, batch, features] = x.shape;
  const product = x.reshape([steps * batch, features]).matmul(weightIh, { transB: true });
  const zx = norms.forward(product).split(batch, 0);
  const outputs: Tensor[] = [];
  let states = run.initial.length > 0 ? run.initial : zeroStates(run);
  for (let i = 0; i < steps; i++) {
    const t = reverse ? steps - 1 - i : i;
    const zh = norms.recurrent(states[0].matmul(weightHh, { transB: true }));
    const after =
      norms.cell === undefined ? gruStep(zx[t], zh, states[0]) : lstmStep(zx[t], zh, states[1], norms.cell);
    const inside = active?.select(0, t).reshape([batch, 1]);
    const kept = (state: Tensor, other: Tensor | number) =>
      inside === undefined ? state : state.where(inside, other);
    outputs[t] = kept(after[0], 0);
    states = after.map((state, s) => kept(state, states[s]));
  }
  const [first, ...others] = outputs;
  return { output: first.concat(others, 0).reshape([steps, batch, weightHh.shape[1]]), final: states };

  function zeroStates({ weightHh: { shape } }: NormalizedScan): Tensor[] {
    const zero = new Tensor(x.graph, zeros(x.graph, [batch, shape[1]]));
    return cell.hasCellState ? [zero, zero] : [zero];
  }
}

function lstmStep(zx: Tensor, zh: Tensor, c: Tensor, norm: LayerNorm): Tensor[] {
  const [i, f, g, o] = zx.add(zh).chunk(4, 1);
  const next = f.sigmoid().mul(c).add(i.sigmoid().mul(g.tanh()));
  return [o.sigmoid().mul(norm.forward(next).tanh()), next];
}

function gruStep(zx: Tensor, zh: Tensor, h: Tensor): Tensor[] {
  const operands = [zx, zh, h].map(({ value }) => value);
  return [new Tensor(h.graph, h.graph.apply("gruCell", operands, {})[0])];
}
