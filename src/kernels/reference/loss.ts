/**
 * Reference softmax cross entropy and its gradient. Evaluated in FP64 with the row maximum subtracted, outputs rounded
 * once. Meaning, label smoothing and the labels that do not count: contract.ts (as PyTorch's crossEntropy).
 */
import type { ReferenceKernel, RefTensor } from "./tensor.ts";

/** logits[N,C], labels i32[N] → loss[], correct[]. */
export const softmaxCrossEntropy: ReferenceKernel<"softmaxCrossEntropy"> = (
  [logits, labels],
  [loss, correct],
  { labelSmoothing, ignoreIndex },
) => {
  const [rows, classes] = logits.shape;
  let total = 0;
  let right = 0;
  let counted = 0;
  for (let n = 0; n < rows; n++) {
    const label = labels.data[n];
    if (label === ignoreIndex) continue;
    counted++;
    const { logSum, sum, best } = rowStatistics(logits, n);
    const picked = label >= 0 && label < classes ? logits.data[n * classes + label] : Number.NaN;
    total += (1 - labelSmoothing) * (logSum - picked);
    // Without smoothing a logit of −Inf elsewhere in the row must not make 0 · Inf.
    if (labelSmoothing !== 0) total += labelSmoothing * (logSum - sum / classes);
    if (best === label) right++;
  }
  loss.data[0] = total / counted;
  correct.data[0] = right;
};

/** gLoss[], logits[N,C], labels i32[N] → gLogits[N,C] = gLoss / counted rows · (softmax − target). */
export const softmaxCrossEntropyGrad: ReferenceKernel<"softmaxCrossEntropyGrad"> = (
  [gLoss, logits, labels],
  [gLogits],
  { labelSmoothing, ignoreIndex },
) => {
  const [rows, classes] = logits.shape;
  const counted = Array.from(labels.data).filter((label) => label !== ignoreIndex).length;
  const factor = gLoss.data[0] / counted;
  for (let n = 0; n < rows; n++) {
    const label = labels.data[n];
    const known = label >= 0 && label < classes;
    const { logSum } = rowStatistics(logits, n);
    for (let c = 0, i = n * classes; c < classes; c++, i++) {
      const target = (c === label ? 1 - labelSmoothing : 0) + labelSmoothing / classes;
      const gradient = known ? factor * (Math.exp(logits.data[i] - logSum) - target) : Number.NaN;
      gLogits.data[i] = label === ignoreIndex ? 0 : gradient;
    }
  }
};

/** log Σ eˣ and Σ x of row n, and its first maximum (−1 if the row holds NaN). */
function rowStatistics(logits: RefTensor, n: number): { logSum: number; sum: number; best: number } {
  const classes = logits.shape[1];
  const row = logits.data.subarray(n * classes, (n + 1) * classes);
  let best = 0;
  let sum = 0;
  for (let c = 0; c < classes; c++) {
    if (row[c] > row[best]) best = c;
    sum += row[c];
  }
  const maximum = row[best];
  let exponentials = 0;
  for (let c = 0; c < classes; c++) exponentials += Math.exp(row[c] - maximum);
  return { logSum: maximum + Math.log(exponentials), sum, best: row.some(Number.isNaN) ? -1 : best };
}
