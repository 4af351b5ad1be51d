/**
 * Reference kernels of the optimizers: each is a rule for one element, and everything they share is `update`. Every
 * arithmetic operation is rounded on its own in the order of ../contract/updates.ts, so that a native kernel without
 * contraction gives the same bits.
 */

import type { OptimizerAttrs, OptimizerOp } from "../contract/updates.ts";
import type { AdamAttrs, OpAttrs } from "../contract.ts";
import type { ReferenceKernel, RefTensor } from "./tensor.ts";
import { sumOfSquares } from "./update-control.ts";

type Round = (x: number) => number;

/** What a rule may depend on beside the element: the step's scalars, and the tensors for norms. */
interface Step {
  readonly round: Round;
  /** Learning rate. */
  readonly rate: number;
  /** Counts from 1. */
  readonly count: number;
  readonly weights: ArrayLike<number>;
  /** The gradient of element i, unscaled and clipped, without weight decay. */
  readonly gradient: (i: number) => number;
  readonly states: readonly RefTensor[];
}

/** w, g and the element's states → w′; the successors of the states are written over them. */
type ElementRule = (weight: number, gradient: number, states: Float64Array) => number;

/** An optimizer from the rule that it makes for a step. */
function optimizer<Op extends OptimizerOp>(
  rule: (attrs: OpAttrs[Op], step: Step) => ElementRule,
): ReferenceKernel<Op> {
  return (inputs, outputs, attrs, { round }) => {
    const count = outputs.length - 1;
    const states = inputs.slice(2, 2 + count);
    const [w, g] = inputs;
    const [lr, step, scaleState, found, clip] = inputs.slice(2 + count);
    if (found !== undefined && found.data[0] > 0) {
      [w, ...states].forEach(({ data }, i) => {
        outputs[i].data.set(data);
      });
      return;
    }
    const gradient = gradientOf(g, attrs, round, scaleState?.data[0] ?? 1, clip?.data[0] ?? 1);
    const next = rule(attrs, {
      round,
      rate: lr.data[0],
      count: step.data[0],
      weights: w.data,
      gradient,
      states,
    });
    const element = new Float64Array(count);
    for (let i = 0; i < w.data.length; i++) {
      for (let s = 0; s < count; s++) element[s] = states[s].data[i];
      outputs[0].data[i] = next(w.data[i], gradient(i), element);
      for (let s = 0; s < count; s++) outputs[1 + s].data[i] = element[s];
    }
  };
}

function gradientOf(
  { data }: RefTensor,
  { clipValue }: OptimizerAttrs,
  round: Round,
  lossScale: number,
  clip: number,
): (i: number) => number {
  const limit = round(clipValue);
  return (i) => {
    const scaled = round(round(data[i] / lossScale) * clip);
    return Math.max(-limit, Math.min(limit, scaled));
  };
}

/** b^n for an integer n ≥ 0 by repeated squaring in FP64: the same bits as in C++. */
export function power(base: number, exponent: number): number {
  let result = 1;
  for (let square = base, n = exponent; n > 0; n = Math.floor(n / 2), square *= square) {
    if (n % 2 === 1) result *= square;
  }
  return result;
}

/** a + t·(b − a), written as PyTorch does so that t = 1 gives b. */
function lerp(a: number, b: number, t: number, round: Round): number {
  const difference = round(b - a);
  const weight = round(t);
  if (t < 0.5) return round(a + round(weight * difference));
  return round(b - round(difference * round(1 - weight)));
}

const norm = (values: ArrayLike<number>): number => Math.sqrt(sumOfSquares(values));

/** factor·x·x added to decayed·s: the running mean of squares. */
function meanSquare(s: number, x: number, decay: number, round: Round): number {
  return round(round(round(decay) * s) + round(round(round(1 - decay) * x) * x));
}

export const sgdUpdate = optimizer<"sgdUpdate">((attrs, { round, rate, count }) => {
  const momentum = round(attrs.momentum);
  const weightDecay = round(attrs.weightDecay);
  const share = round(1 - attrs.dampening);
  return (weight, g, states) => {
    const gradient = round(g + round(weightDecay * weight));
    if (momentum === 0) return weight - round(rate * gradient);
    const velocity = count === 1 ? gradient : round(round(momentum * states[0]) + round(share * gradient));
    states[0] = velocity;
    const direction = attrs.nesterov ? round(gradient + round(momentum * velocity)) : velocity;
    return weight - round(rate * direction);
  };
});

/** Writes m′ and v′ and returns √a / √(1 − β₂^step) + eps. */
function moments(attrs: AdamAttrs, { round, count }: Step, amsgrad: boolean) {
  const { beta1, beta2 } = attrs;
  const root = round(Math.sqrt(1 - power(beta2, count)));
  const eps = round(attrs.eps);
  return (gradient: number, states: Float64Array): number => {
    states[0] = lerp(states[0], gradient, 1 - beta1, round);
    states[1] = meanSquare(states[1], gradient, beta2, round);
    if (amsgrad) states[2] = Math.max(states[2], states[1]);
    return round(round(round(Math.sqrt(states[amsgrad ? 2 : 1])) / root) + eps);
  };
}

export const adamUpdate = optimizer<"adamUpdate">((attrs, step) => {
  const { round, rate, count } = step;
  const { decoupled } = attrs;
  const weightDecay = round(attrs.weightDecay);
  const kept = round(1 - rate * attrs.weightDecay);
  const size = round(rate / (1 - power(attrs.beta1, count)));
  const denominator = moments(attrs, step, attrs.amsgrad);
  return (w, g, states) => {
    const weight = decoupled ? round(w * kept) : w;
    const gradient = decoupled ? g : round(g + round(weightDecay * w));
    const below = denominator(gradient, states);
    return weight - round(round(size * states[0]) / below);
  };
});

export const rmspropUpdate = optimizer<"rmspropUpdate">((attrs, { round, rate }) => {
  const { alpha, centered } = attrs;
  const momentum = round(attrs.momentum);
  const weightDecay = round(attrs.weightDecay);
  const eps = round(attrs.eps);
  return (weight, g, states) => {
    const gradient = round(g + round(weightDecay * weight));
    states[0] = meanSquare(states[0], gradient, alpha, round);
    if (centered) states[1] = lerp(states[1], gradient, 1 - alpha, round);
    const variance = centered ? round(states[0] - round(states[1] * states[1])) : states[0];
    const root = round(round(Math.sqrt(variance)) + eps);
    if (!(momentum > 0)) return weight - round(round(rate * gradient) / root);
    const at = centered ? 2 : 1;
    states[at] = round(round(momentum * states[at]) + round(gradient / root));
    return weight - round(rate * states[at]);
  };
});

export const adagradUpdate = optimizer<"adagradUpdate">((attrs, { round, rate, count }) => {
  const weightDecay = round(attrs.weightDecay);
  const eps = round(attrs.eps);
  const size = round(rate / (1 + (count - 1) * attrs.lrDecay));
  return (weight, g, states) => {
    const gradient = round(g + round(weightDecay * weight));
    states[0] = round(states[0] + round(gradient * gradient));
    const root = round(round(Math.sqrt(states[0])) + eps);
    return weight - round(round(size * gradient) / root);
  };
});

export const larsUpdate = optimizer<"larsUpdate">((attrs, { round, rate, weights, gradient: gradientAt }) => {
  const weightNorm = norm(weights);
  const gradientNorm = norm(Float64Array.from({ length: weights.length }, (_, i) => gradientAt(i)));
  const adapts = weightNorm > 0 && gradientNorm > 0;
  const below = gradientNorm + attrs.weightDecay * weightNorm + attrs.eps;
  const local = adapts ? round((attrs.trust * weightNorm) / below) : 1;
  const momentum = round(attrs.momentum);
  const weightDecay = round(attrs.weightDecay);
  return (weight, g, states) => {
    const gradient = round(local * round(g + round(weightDecay * weight)));
    const velocity = round(round(momentum * states[0]) + gradient);
    states[0] = velocity;
    const direction = attrs.nesterov ? round(gradient + round(momentum * velocity)) : velocity;
    return weight - round(rate * direction);
  };
});

export const lambUpdate = optimizer<"lambUpdate">((attrs, step) => {
  const { round, rate, count, weights, states, gradient } = step;
  const weightDecay = round(attrs.weightDecay);
  const correction = round(1 - power(attrs.beta1, count));
  const denominator = moments(attrs, step, false);
  const direction: ElementRule = (weight, g, element) => {
    const below = denominator(g, element);
    const adam = round(round(element[0] / correction) / below);
    return round(adam + round(weightDecay * weight));
  };
  const directions = Float64Array.from({ length: weights.length }, (_, i) =>
    direction(
      weights[i],
      gradient(i),
      Float64Array.from(states, ({ data }) => data[i]),
    ),
  );
  const [weightNorm, directionNorm] = [norm(weights), norm(directions)];
  const ratio = weightNorm > 0 && directionNorm > 0 ? weightNorm / directionNorm : 1;
  const size = round(rate * ratio);
  return (weight, g, element) => weight - round(size * direction(weight, g, element));
});

/** average, w (, found[]) → average′; may be the same array. */
export const emaUpdate: ReferenceKernel<"emaUpdate"> = (
  [average, w, found],
  [next],
  { decay },
  { round },
) => {
  const skipped = found !== undefined && found.data[0] > 0;
  for (let i = 0; i < next.data.length; i++) {
    const before = average.data[i];
    next.data[i] = skipped ? before : lerp(before, w.data[i], 1 - decay, round);
  }
};
