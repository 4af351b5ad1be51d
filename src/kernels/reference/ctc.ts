/**
 * Reference connectionist temporal classification and its gradient: forward and backward variables in the log domain, FP64.
 * Meaning: contract/losses.ts. Source: Graves et al. 2006; conventions as PyTorch's ctc_loss.
 */
import type { CtcAttrs } from "../contract.ts";
import type { ReferenceKernel, RefTensor } from "./tensor.ts";

/** One sequence of the batch: its extended target (blanks between, before and after the labels) and its log probabilities. */
interface Sequence {
  readonly steps: number;
  /** Class of every state. */
  readonly states: readonly number[];
  readonly labels: number;
  /** False if lengths or labels are impossible. */
  readonly valid: boolean;
  readonly logProb: (step: number, state: number) => number;
}

/** logProbs, targets, inputLengths, targetLengths → loss. */
export const ctcLoss: ReferenceKernel<"ctcLoss"> = (operands, [loss], attrs) => {
  const sequences = operands[0].shape[1];
  let total = 0;
  for (let n = 0; n < sequences; n++) {
    const sequence = sequenceOf(operands, n, attrs);
    const nll = sequence.valid ? -logLikelihood(sequence, forwardVariables(sequence)) : Number.NaN;
    const value = attrs.zeroInfinity && nll === Infinity ? 0 : nll;
    if (attrs.reduction === "none") loss.data[n] = value;
    total += value / share(sequence, sequences, attrs);
  }
  if (attrs.reduction !== "none") loss.data[0] = total;
};

/** gLoss, logProbs, targets, inputLengths, targetLengths → gLogProbs. */
export const ctcLossGrad: ReferenceKernel<"ctcLossGrad"> = ([gLoss, ...operands], [gLogProbs], attrs) => {
  const [logProbs] = operands;
  const [, sequences, classes] = logProbs.shape;
  gLogProbs.data.fill(0);
  for (let n = 0; n < sequences; n++) {
    const sequence = sequenceOf(operands, n, attrs);
    const occupancy = sequence.valid ? occupancies(sequence, classes) : undefined;
    if (occupancy === "impossible" && attrs.zeroInfinity) continue;
    const g = gLoss.data[attrs.reduction === "none" ? n : 0] / share(sequence, sequences, attrs);
    for (let t = 0; t < Math.min(sequence.steps, logProbs.shape[0]); t++) {
      for (let c = 0; c < classes; c++) {
        const at = (t * sequences + n) * classes + c;
        const share = occupancy instanceof Float64Array ? occupancy[t * classes + c] : Number.NaN;
        gLogProbs.data[at] = g * (Math.exp(logProbs.data[at]) - share);
      }
    }
  }
};

function sequenceOf(operands: readonly RefTensor[], n: number, { blank }: CtcAttrs): Sequence {
  const [logProbs, targets, inputLengths, targetLengths] = operands;
  const [maximum, sequences, classes] = logProbs.shape;
  const [steps, labels] = [inputLengths.data[n], targetLengths.data[n]];
  const first =
    targets.shape.length === 2
      ? n * targets.shape[1]
      : Array.from(targetLengths.data.slice(0, n)).reduce((sum, length) => sum + Math.max(length, 0), 0);
  const room = targets.shape.length === 2 ? targets.shape[1] : targets.data.length - first;
  const known = Array.from(targets.data.slice(first, first + Math.max(0, Math.min(labels, room))));
  const valid =
    steps >= 0 &&
    steps <= maximum &&
    labels >= 0 &&
    labels <= room &&
    known.every((label) => label >= 0 && label < classes);
  const states = [blank, ...known.flatMap((label) => [label, blank])];
  const logProb = (t: number, s: number) => logProbs.data[(t * sequences + n) * classes + states[s]];
  return { steps, states, labels, valid, logProb };
}

/** What a sequence's loss is divided by. */
function share({ labels }: Sequence, sequences: number, { reduction }: CtcAttrs): number {
  return reduction === "mean" ? Math.max(labels, 1) * sequences : 1;
}

/** alpha[t][s]: log probability of all ways to be in state s at step t; the start is a row before the first step. */
function forwardVariables({ steps, states, logProb }: Sequence): Float64Array[] {
  const rows: Float64Array[] = [];
  for (let t = 0; t < steps; t++) {
    const before = rows.at(-1);
    rows.push(
      Float64Array.from(states, (_, s) => {
        const reached = before === undefined ? start(s) : logSum(arrivals(states, s, before));
        return reached + logProb(t, s);
      }),
    );
  }
  return rows;
}

const start = (state: number) => (state < 2 ? 0 : Number.NEGATIVE_INFINITY);

/** A state is reached from itself, from the one before and, past a blank, from another label. */
function arrivals(states: readonly number[], s: number, before: Float64Array): number[] {
  const from = [before[s]];
  if (s > 0) from.push(before[s - 1]);
  if (s > 1 && maySkip(states, s)) from.push(before[s - 2]);
  return from;
}

/** States at odd places are labels; equal labels need the blank between them. */
const maySkip = (states: readonly number[], s: number) => s % 2 === 1 && states[s] !== states[s - 2];

function logLikelihood({ states, steps }: Sequence, alpha: readonly Float64Array[]): number {
  // Without a step only the empty target has an alignment.
  if (steps === 0) return states.length === 1 ? 0 : Number.NEGATIVE_INFINITY;
  return logSum(Array.from(alpha[steps - 1].slice(-2)));
}

/** [t, class]: the share of all alignments that are in a state of the class at step t. */
function occupancies(sequence: Sequence, classes: number): Float64Array | "impossible" {
  const { steps, states, logProb } = sequence;
  const alpha = forwardVariables(sequence);
  const total = logLikelihood(sequence, alpha);
  if (total === Number.NEGATIVE_INFINITY) return "impossible";
  const occupancy = new Float64Array(steps * classes);
  let after: Float64Array | undefined;
  for (let t = steps - 1; t >= 0; t--) {
    const next = after;
    // beta[s]: log probability of the rest after step t, from state s.
    const beta = Float64Array.from(states, (_, s) => {
      if (next === undefined) return s >= states.length - 2 ? 0 : Number.NEGATIVE_INFINITY;
      const onwards = [s, s + 1, ...(s + 2 < states.length && maySkip(states, s + 2) ? [s + 2] : [])];
      return logSum(onwards.filter((to) => to < states.length).map((to) => next[to] + logProb(t + 1, to)));
    });
    states.forEach((label, s) => {
      occupancy[t * classes + label] += Math.exp(alpha[t][s] + beta[s] - total);
    });
    after = beta;
  }
  return occupancy;
}

function logSum(values: readonly number[]): number {
  const maximum = Math.max(...values);
  if (maximum === Number.NEGATIVE_INFINITY || Number.isNaN(maximum)) return maximum;
  return maximum + Math.log(values.reduce((sum, value) => sum + Math.exp(value - maximum), 0));
}
