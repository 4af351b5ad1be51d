/**
 * Learning-rate schedules: pure functions of the step (from 0), so that a resumed run needs no state of them. Names and
 * formulas as in torch.optim.lr_scheduler, with the peak rate as an argument.
 */
import { RoundoffError } from "../../base/errors.ts";

export type Schedule = (step: number) => number;

export const constant =
  (rate: number): Schedule =>
  () =>
    rate;

/** rate·gamma^⌊t/stepSize⌋. */
export const step =
  (
    rate: number,
    { stepSize, gamma = 0.1 }: { readonly stepSize: number; readonly gamma?: number },
  ): Schedule =>
  (t) =>
    rate * gamma ** Math.floor(t / stepSize);

/** rate·gamma^(milestones reached). */
export const multiStep =
  (
    rate: number,
    { milestones, gamma = 0.1 }: { readonly milestones: readonly number[]; readonly gamma?: number },
  ): Schedule =>
  (t) =>
    rate * gamma ** milestones.filter((milestone) => t >= milestone).length;

/** rate·gamma^t. */
export const exponential =
  (rate: number, { gamma }: { readonly gamma: number }): Schedule =>
  (t) =>
    rate * gamma ** t;

/** rate·(1 + gamma·t)^−power: Caffe's `inv`. */
export const inverse =
  (rate: number, { gamma, power = 1 }: { readonly gamma: number; readonly power?: number }): Schedule =>
  (t) =>
    rate * (1 + gamma * t) ** -power;

/** end + (rate − end)·(1 − t/steps)^power, `end` from `steps` on. */
export const polynomial =
  (
    rate: number,
    { steps, power = 1, end = 0 }: { readonly steps: number; readonly power?: number; readonly end?: number },
  ): Schedule =>
  (t) =>
    end + (rate - end) * (1 - Math.min(t, steps) / steps) ** power;

/** Half a cosine from `rate` down to `end` at `steps`, `end` from there on: CosineAnnealingLR within its period. */
export const cosine =
  (rate: number, { steps, end = 0 }: { readonly steps: number; readonly end?: number }): Schedule =>
  (t) =>
    end + (rate - end) * 0.5 * (1 + Math.cos((Math.PI * Math.min(t, steps)) / steps));

/**
 * CosineAnnealingWarmRestarts: half cosines of `period` steps, each `factor` times as long as the one before.
 * Loshchilov and Hutter 2017, SGDR.
 */
export const cosineRestarts =
  (
    rate: number,
    {
      period,
      factor = 1,
      end = 0,
    }: { readonly period: number; readonly factor?: number; readonly end?: number },
  ): Schedule =>
  (t) => {
    let [start, length] = [0, period];
    if (factor === 1) start = Math.floor(t / period) * period;
    else for (; t >= start + length; length *= factor) start += length;
    return end + (rate - end) * 0.5 * (1 + Math.cos((Math.PI * (t - start)) / length));
  };

/**
 * OneCycleLR with cosine phases: up from max/divFactor during the first `pctStart` of the steps, then down to
 * max/divFactor/finalDivFactor at the last one. Smith and Topin 2018, Super-Convergence.
 */
export const oneCycle =
  (
    max: number,
    {
      steps,
      pctStart = 0.3,
      divFactor = 25,
      finalDivFactor = 1e4,
    }: {
      readonly steps: number;
      readonly pctStart?: number;
      readonly divFactor?: number;
      readonly finalDivFactor?: number;
    },
  ): Schedule =>
  (t) => {
    const [initial, last] = [max / divFactor, max / divFactor / finalDivFactor];
    const [peak, end] = [pctStart * steps - 1, steps - 1];
    const anneal = (from: number, to: number, share: number) =>
      to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share));
    if (t <= peak) return anneal(initial, max, t / peak);
    return anneal(max, last, Math.min(1, (t - peak) / (end - peak)));
  };

/** From `startFactor`·first rate linearly up to `then` at step `steps`; `then` counts from there. */
export const warmUp =
  (steps: number, then: Schedule, { startFactor = 0 }: { readonly startFactor?: number } = {}): Schedule =>
  (t) =>
    t >= steps ? then(t - steps) : then(0) * (startFactor + ((1 - startFactor) * t) / steps);

/**
 * One schedule after another: `pieces[i]` from `boundaries[i − 1]` on, each with its own count from 0 (SequentialLR, and
 * LRBench's composition).
 */
export function piecewise(pieces: readonly Schedule[], boundaries: readonly number[]): Schedule {
  const ascending = boundaries.every((boundary, i) => i === 0 || boundary > boundaries[i - 1]);
  if (pieces.length !== boundaries.length + 1 || !ascending) {
    throw new RoundoffError("INVALID_ARGUMENT", {
      what: "the boundaries of a piecewise schedule do not fit its pieces",
      expected: `${pieces.length - 1} ascending steps`,
      received: `[${boundaries.join(", ")}]`,
    });
  }
  return (t) => {
    const piece = boundaries.filter((boundary) => t >= boundary).length;
    return pieces[piece](t - (piece === 0 ? 0 : boundaries[piece - 1]));
  };
}
