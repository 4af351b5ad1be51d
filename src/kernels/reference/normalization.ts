/**
 * Reference batch normalisation over all axes but the last. Statistics in FP64 in two passes (mean, then squared
 * differences), outputs rounded once. Source: Ioffe & Szegedy 2015; running statistics as PyTorch's. See contract.ts.
 */
import type { RefArray, ReferenceKernel } from "./tensor.ts";

/** x[…,C], weight, bias, runningMean, runningVar → y, mean, invStd, runningMean′, runningVar′. */
export const batchNormTrain: ReferenceKernel<"batchNormTrain"> = (
  [x, weight, bias, runningMean, runningVar],
  [y, mean, invStd, nextMean, nextVar],
  { eps, momentum },
) => {
  const channels = weight.data.length;
  const rows = x.data.length / channels;
  const { means, variances } = statistics(x.data, channels);
  const inverse = variances.map((variance) => 1 / Math.sqrt(variance + eps));
  const unbiased = rows / Math.max(rows - 1, 1);
  for (let c = 0; c < channels; c++) {
    mean.data[c] = means[c];
    invStd.data[c] = inverse[c];
    nextMean.data[c] = (1 - momentum) * runningMean.data[c] + momentum * means[c];
    nextVar.data[c] = (1 - momentum) * runningVar.data[c] + momentum * variances[c] * unbiased;
  }
  for (let row = 0, i = 0; row < rows; row++) {
    for (let c = 0; c < channels; c++, i++) {
      y.data[i] = (x.data[i] - means[c]) * inverse[c] * weight.data[c] + bias.data[c];
    }
  }
};

/** gy, x, weight, mean, invStd → gx, gWeight[C], gBias[C]. */
export const batchNormTrainGrad: ReferenceKernel<"batchNormTrainGrad"> = (
  [gy, x, weight, mean, invStd],
  [gx, gWeight, gBias],
) => {
  const channels = weight.data.length;
  const rows = x.data.length / channels;
  const sumG = new Float64Array(channels);
  const sumGX = new Float64Array(channels);
  for (let row = 0, i = 0; row < rows; row++) {
    for (let c = 0; c < channels; c++, i++) {
      sumG[c] += gy.data[i];
      sumGX[c] += gy.data[i] * (x.data[i] - mean.data[c]) * invStd.data[c];
    }
  }
  // gx may be gy: element i is read before it is written.
  for (let row = 0, i = 0; row < rows; row++) {
    for (let c = 0; c < channels; c++, i++) {
      const normalized = (x.data[i] - mean.data[c]) * invStd.data[c];
      const centred = gy.data[i] - sumG[c] / rows - (normalized * sumGX[c]) / rows;
      gx.data[i] = weight.data[c] * invStd.data[c] * centred;
    }
  }
  gWeight.data.set(sumGX);
  gBias.data.set(sumG);
};

/** Mean and biased variance of each channel of x[rows, channels]. */
function statistics(x: RefArray, channels: number): { means: Float64Array; variances: Float64Array } {
  const rows = x.length / channels;
  const means = new Float64Array(channels);
  const variances = new Float64Array(channels);
  for (let i = 0; i < x.length; i++) means[i % channels] += x[i];
  for (let c = 0; c < channels; c++) means[c] /= rows;
  for (let i = 0; i < x.length; i++) variances[i % channels] += (x[i] - means[i % channels]) ** 2;
  for (let c = 0; c < channels; c++) variances[c] /= rows;
  return { means, variances };
}
