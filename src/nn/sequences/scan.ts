/**
 * One direction of one recurrent layer over a whole sequence, as a row of commands in one plan: a GEMM x·W_ihᵀ over all steps,
 * then per step a GEMM h·W_hhᵀ and a cell. The gradient walks back in the same way and ends in one GEMM over all steps per
 * weight. Which roundings a recipe puts where follows from the roles: see kernels/contract/sequences.ts.
 */
import type { CompositeRule, Graph, Role, Value } from "../../graph/graph.ts";
import { type Cell, type StateGradients, type StepGradient, type StepResult, zeros } from "./cells.ts";

export interface ScanOperands {
  /** [T, N, F]. */
  readonly x: Value;
  readonly weightIh: Value;
  readonly weightHh: Value;
  /** Both or none. */
  readonly biases: readonly Value[];
  /** [N, H] each: h, and c if the cell has one. None: zeros. */
  readonly initial: readonly Value[];
}

export interface ScanOptions {
  /** From the last step to the first. */
  readonly reverse: boolean;
  /** [T, N]: 1 where a step belongs to its sequence. Elsewhere states stay as they are and outputs are 0. */
  readonly active?: Value;
}

export interface ScanResult {
  /** [T, N, H]. */
  readonly output: Value;
  /** After the last step: h, and c if the cell has one. */
  readonly final: readonly Value[];
}

/** Runs `cell` over the steps of x. */
export function scan(graph: Graph, cell: Cell, operands: ScanOperands, options: ScanOptions): ScanResult {
  const { x, weightIh, weightHh, biases, initial } = operands;
  const inputs = [x, weightIh, weightHh, ...biases, ...initial];
  const [output, ...final] = graph.composite(inputs, () => {
    const run = new Scan(graph, cell, operands, options);
    return { outputs: run.forward(), backward: run.backward };
  });
  return { output, final };
}

/** A step that was run, for its gradient. */
interface Past {
  readonly t: number;
  readonly before: readonly Value[];
  readonly result: StepResult;
  /** The states that the next step sees: the result's, or `before` where the step is not active. */
  readonly after: readonly Value[];
  /** [N, 1]. */
  readonly active?: Value;
}

/** The same step with the values that are at hand in the backward pass. */
function pastAt({ t, before, result, after, active }: Past, at: (value: Value) => Value): Past {
  return {
    t,
    before: before.map(at),
    result: { after: result.after.map(at), saved: result.saved.map(at) },
    after: after.map(at),
    ...(active === undefined ? {} : { active: at(active) }),
  };
}

class Scan {
  private readonly graph: Graph;
  private readonly cell: Cell;
  private readonly operands: ScanOperands;
  private readonly reverse: boolean;
  private readonly steps: number;
  private readonly batch: number;
  private readonly hidden: number;
  /** x as [T·N, F], and [T·N, 1]. */
  private readonly rows: Value;
  private readonly active?: Value;
  private readonly past: Past[] = [];
  /** The state before every step in the order of time, [T·N, H]: the other factor of the gradient of W_hh. */
  private previous?: Value;

  constructor(graph: Graph, cell: Cell, operands: ScanOperands, { reverse, active }: ScanOptions) {
    const [steps, batch, features] = operands.x.shape;
    [this.graph, this.cell, this.operands, this.reverse] = [graph, cell, operands, reverse];
    [this.steps, this.batch, this.hidden] = [steps, batch, operands.weightHh.shape[1]];
    this.rows = this.reshape(operands.x, [steps * batch, features]);
    if (active !== undefined) this.active = this.reshape(active, [steps * batch, 1]);
  }

  /** Output and final states. */
  forward(): Value[] {
    const { initial, weightIh } = this.operands;
    const zx = this.product(this.rows, weightIh, { transB: true }, "statistic");
    const first = initial.length > 0 ? initial : this.zeroStates();
    let states = first;
    for (const t of this.order()) {
      const step = this.step(t, this.stepOf(zx, t, "statistic"), states);
      this.past.push(step);
      states = step.after;
    }
    const hidden = this.past.map(({ after }) => after[0]);
    // In the order of time; the initial state is before the first step or, in reverse, behind the last.
    const inTime = this.reverse ? [...hidden.reverse(), first[0]] : [first[0], ...hidden];
    const [all] = this.graph.apply("concat", inTime, { axis: 0 });
    this.previous = this.part(all, this.reverse ? this.batch : 0, this.steps * this.batch);
    const output = this.part(all, this.reverse ? 0 : this.batch, this.steps * this.batch);
    return [this.reshape(this.masked(output), this.outputShape()), ...states];
  }

  /** Gradients of the output and the final states → of x, both weights, the biases and the initial states. */
  readonly backward: CompositeRule = ({ needs, roles, at }, [gOutput, gh, gc]) => {
    const { weightIh, weightHh, biases, initial } = this.operands;
    const past = this.past.map((step) => pastAt(step, at));
    const gRows =
      gOutput === undefined
        ? undefined
        : this.masked(this.reshape(gOutput, [this.steps * this.batch, this.hidden]));
    let grads: StateGradients = { y: undefined, h: gh, passed: undefined, c: gc };
    const zx: Value[] = [];
    const zh: Value[] = [];
    for (const step of [...past].reverse()) {
      const y = gRows === undefined ? undefined : this.stepOf(gRows, step.t);
      const { gradient, carried } = this.stepBackward(step, { ...grads, y });
      zx.push(gradient.zx);
      zh.push(gradient.zh);
      // Nobody reads what flows into a state of zeros.
      const isFirst = step === past[0] && initial.length === 0;
      const h = isFirst ? undefined : this.product(gradient.zh, weightHh);
      grads = {
        y: undefined,
        h,
        passed: this.sum(gradient.passed, carried.h),
        c: this.sum(gradient.c, carried.c),
      };
    }
    const gzx = this.joined(zx);
    const gzh = this.cell.sharedGradient ? gzx : this.joined(zh);
    const gx = () => this.reshape(this.product(gzx, weightIh, {}, roles[0]), this.operands.x.shape, roles[0]);
    const bias = (g: Value, i: number) => this.columnSums(g, roles[3 + i]);
    const gBiases = biases.length === 0 ? [] : this.biasGradients(gzx, gzh, bias);
    const gInitial = [this.sum(grads.h, grads.passed), grads.c];
    return [
      needs[0] ? gx() : undefined,
      needs[1] ? this.product(gzx, at(this.rows), { transA: true }, roles[1]) : undefined,
      needs[2] ? this.product(gzh, at(this.previous!), { transA: true }, roles[2]) : undefined,
      ...gBiases,
      ...gInitial.slice(0, initial.length),
    ];
  };

  private order(): number[] {
    const forward = Array.from({ length: this.steps }, (_, t) => t);
    return this.reverse ? forward.reverse() : forward;
  }

  private step(t: number, zx: Value, before: readonly Value[]): Past {
    const { weightHh, biases, initial } = this.operands;
    const fromZeros = this.past.length === 0 && initial.length === 0;
    const zh = fromZeros
      ? zeros(this.graph, zx.shape)
      : this.product(before[0], weightHh, { transB: true }, "statistic");
    const result = this.cell.forward(this.graph, { zx, zh, before, biases });
    if (this.active === undefined) return { t, before, result, after: result.after };
    const active = this.stepOf(this.active, t, "control");
    const after = result.after.map((state, i) => this.where(active, state, before[i]));
    return { t, before, result, after, active };
  }

  /** `carried`: what goes past a step that is not active. */
  private stepBackward(
    step: Past,
    grads: StateGradients,
  ): { gradient: StepGradient; carried: { readonly h?: Value; readonly c?: Value } } {
    const { active } = step;
    if (active === undefined) {
      return { gradient: this.cell.backward(this.graph, grads, step), carried: {} };
    }
    const none = zeros(this.graph, []);
    const h = this.sum(grads.h, grads.passed);
    const inside = (g: Value | undefined) => (g === undefined ? g : this.where(active, g, none));
    const outside = (g: Value | undefined) => (g === undefined ? g : this.where(active, none, g));
    const reaching = { y: grads.y, h: inside(h), passed: undefined, c: inside(grads.c) };
    const gradient = this.cell.backward(this.graph, reaching, step);
    return { gradient, carried: { h: outside(h), c: outside(grads.c) } };
  }

  private biasGradients(gzx: Value, gzh: Value, sums: (g: Value, i: number) => Value): Value[] {
    const first = sums(gzx, 0);
    return [first, gzh === gzx ? first : sums(gzh, 1)];
  }

  private columnSums(g: Value, role: Role): Value {
    const [sum] = this.graph.apply("reduceSum", [g], { axes: [0] }, [role]);
    return this.reshape(sum, [g.shape[1]], role);
  }

  /** Per-step values, from the last that was run to the first, as one tensor in the order of time. */
  private joined(steps: readonly Value[]): Value {
    const inTime = this.reverse ? steps : [...steps].reverse();
    return this.graph.apply("concat", inTime, { axis: 0 })[0];
  }

  private zeroStates(): Value[] {
    const state = zeros(this.graph, [this.batch, this.hidden]);
    return this.cell.hasCellState ? [state, state] : [state];
  }

  private outputShape(): readonly number[] {
    return [this.steps, this.batch, this.hidden];
  }

  private masked(rows: Value): Value {
    return this.active === undefined ? rows : this.where(this.active, rows, zeros(this.graph, []));
  }

  private where(condition: Value, yes: Value, no: Value): Value {
    return this.graph.apply("where", [condition, yes, no], {})[0];
  }

  private sum(a: Value | undefined, b: Value | undefined): Value | undefined {
    if (a === undefined || b === undefined) return a ?? b;
    return this.graph.apply("binary", [a, b], { kind: "add" })[0];
  }

  private product(a: Value, b: Value, { transA = false, transB = false } = {}, role?: Role): Value {
    const attrs = { transA, transB, carrier: "f32" } as const;
    return this.graph.apply("matmul", [a, b], attrs, role === undefined ? [] : [role])[0];
  }

  private reshape(x: Value, shape: readonly number[], role: Role = x.role): Value {
    return this.graph.apply("reshape", [x], { shape }, [role])[0];
  }

  private stepOf(rows: Value, t: number, role?: Role): Value {
    return this.part(rows, t * this.batch, this.batch, role);
  }

  /** `count` rows of x from `start`. */
  private part(x: Value, start: number, count: number, role: Role = x.role): Value {
    const attrs = { starts: [start, 0], steps: [1, 1], shape: [count, x.shape[1]] };
    return this.graph.apply("slice", [x], attrs, [role])[0];
  }
}
