/**
 * Reference softmax of attention with scale and masks, and its gradient. In FP64 with the row maximum subtracted,
 * rounded once when stored. Meaning: contract/attention.ts.
 */
import { elementCount } from "../../base/shape.ts";
import type { ReferenceKernel, RefTensor } from "./tensor.ts";
import { broadcastStrides } from "./walk.ts";

/** scores[…,T,S] (, masks) → p. */
export const maskedSoftmax: ReferenceKernel<"maskedSoftmax"> = (
  [scores, ...masks],
  [p],
  { scale, causal },
) => {
  const places = scores.shape.at(-1) ?? 1;
  const steps = scores.shape.at(-2) ?? 1;
  const readers = masks.map((mask) => maskReader(mask, scores.shape));
  for (let row = 0; row < scores.data.length / places; row++) {
    const logits = new Float64Array(places);
    for (let s = 0; s < places; s++) {
      const at = row * places + s;
      const terms = readers.map((read) => read(at));
      const excluded = (causal && s > row % steps) || terms.includes(Number.NEGATIVE_INFINITY);
      const biased = terms.reduce((sum, term) => sum + term, scale * scores.data[at]);
      logits[s] = excluded ? Number.NEGATIVE_INFINITY : biased;
    }
    p.data.set(softmaxOf(logits), row * places);
  }
};

/** gp, p → gScores. */
export const maskedSoftmaxGrad: ReferenceKernel<"maskedSoftmaxGrad"> = ([gp, p], [gScores], { scale }) => {
  const places = p.shape.at(-1) ?? 1;
  for (let first = 0; first < p.data.length; first += places) {
    let dot = 0;
    for (let i = first; i < first + places; i++) dot += gp.data[i] * p.data[i];
    for (let i = first; i < first + places; i++) gScores.data[i] = scale * p.data[i] * (gp.data[i] - dot);
  }
};

/** Element of the scores → what its mask adds: −Inf where it excludes. */
function maskReader(mask: RefTensor, shape: readonly number[]): (index: number) => number {
  const strides = broadcastStrides(mask.shape, shape);
  const below = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
  return (index) => {
    const offset = strides.reduce(
      (sum, stride, axis) => sum + stride * (Math.floor(index / below[axis]) % shape[axis]),
      0,
    );
    const value = mask.data[offset];
    if (mask.dtype !== "i32") return value;
    return value === 0 ? Number.NEGATIVE_INFINITY : 0;
  };
}

function softmaxOf(logits: Float64Array): Float64Array {
  const maximum = logits.reduce((largest, x) => Math.max(largest, x));
  const excluded = (x: number) => x === Number.NEGATIVE_INFINITY;
  if (excluded(maximum) || Number.isNaN(maximum)) return logits.map((x) => (excluded(x) ? 0 : Number.NaN));
  const exponentials = logits.map((x) => Math.exp(x - maximum));
  const sum = exponentials.reduce((total, x) => total + x, 0);
  return exponentials.map((x) => x / sum);
}
