/**
 * What one step of a recurrent layer computes and how its gradient goes back: LSTM, GRU and the plain cells. Appends primitives
 * to the graph; the loop over steps and the weights are scan.ts's business. Gate orders are PyTorch's (i f g o; r z n).
 */
import type { Graph, Value } from "../../graph/graph.ts";

/** The gradients that arrive at the states after a step; undefined: zero. */
export interface StateGradients {
  /** From the layer's output at this step. */
  readonly y: Value | undefined;
  /** From the next step: what came through W_hh, and what went past it. */
  readonly h: Value | undefined;
  readonly passed: Value | undefined;
  /** Of the cell state. */
  readonly c: Value | undefined;
}

export interface Step {
  /** Products with both weights, [N, gates·H], without biases. */
  readonly zx: Value;
  readonly zh: Value;
  /** [h] or [h, c], each [N, H], before the step. */
  readonly before: readonly Value[];
  readonly biases: readonly Value[];
}

export interface StepResult {
  readonly after: readonly Value[];
  /** What only the gradient reads. */
  readonly saved: readonly Value[];
}

export interface StepGradient {
  readonly zx: Value;
  readonly zh: Value;
  /** The part of the gradient of h before the step that does not come through W_hh. */
  readonly passed?: Value;
  readonly c?: Value;
}

export interface Cell {
  /** Rows of the weights over H. */
  readonly gates: number;
  readonly hasCellState: boolean;
  /** True if zx and zh have one gradient, so that the biases have too. */
  readonly sharedGradient: boolean;
  readonly forward: (graph: Graph, step: Step) => StepResult;
  readonly backward: (
    graph: Graph,
    grads: StateGradients,
    step: { readonly before: readonly Value[]; readonly result: StepResult },
  ) => StepGradient;
}

/** A tensor of zeros that no recipe rounds. */
export function zeros(graph: Graph, shape: readonly number[]): Value {
  return graph.apply("fill", [], { value: 0, shape }, ["control"])[0];
}

/** The sum of those that are there. */
function sum(graph: Graph, ...parts: readonly (Value | undefined)[]): Value | undefined {
  return parts.reduce((total, part) => {
    if (total === undefined || part === undefined) return total ?? part;
    return graph.apply("binary", [total, part], { kind: "add" })[0];
  });
}

export const lstm: Cell = {
  gates: 4,
  hasCellState: true,
  sharedGradient: true,
  forward(graph, { zx, zh, before, biases }) {
    const [h, c, gates] = graph.apply("lstmCell", [zx, zh, before[1], ...biases], {});
    return { after: [h, c], saved: [gates] };
  },
  backward(graph, { y, h, passed, c }, { before, result }) {
    const none = zeros(graph, before[0].shape);
    const states = [y ?? none, sum(graph, h, passed) ?? none, c ?? none];
    const inputs = [...states, result.saved[0], before[1], result.after[1]];
    const [gz, gc] = graph.apply("lstmCellGrad", inputs, {});
    return { zx: gz, zh: gz, c: gc };
  },
};

export const gru: Cell = {
  gates: 3,
  hasCellState: false,
  sharedGradient: false,
  forward(graph, { zx, zh, before, biases }) {
    const [h, gates] = graph.apply("gruCell", [zx, zh, before[0], ...biases], {});
    return { after: [h], saved: [gates] };
  },
  backward(graph, { y, h, passed }, { before, result }) {
    const none = zeros(graph, before[0].shape);
    const inputs = [y ?? none, h ?? none, passed ?? none, result.saved[0], before[0]];
    const [gzx, gzh, straight] = graph.apply("gruCellGrad", inputs, {});
    return { zx: gzx, zh: gzh, passed: straight };
  },
};

/** h′ = tanh(z) or relu(z), z = zx + zh + biases. */
export const plainCell = (kind: "tanh" | "relu"): Cell => ({
  gates: 1,
  hasCellState: false,
  sharedGradient: true,
  forward(graph, { zx, zh, biases }) {
    const add = (a: Value, b: Value) => graph.apply("binary", [a, b], { kind: "add" }, ["statistic"])[0];
    const [h] = graph.apply("unary", [biases.reduce(add, add(zx, zh))], { kind });
    return { after: [h], saved: [] };
  },
  backward(graph, { y, h, passed }, { before, result }) {
    const g = sum(graph, y, h, passed) ?? zeros(graph, before[0].shape);
    const [gz] = graph.apply("unaryGrad", [result.after[0], g], { kind });
    return { zx: gz, zh: gz };
  },
});
