/** Reference softmax and running sums along one axis, in FP64, rounded once. Meaning: contract/reductions.ts. */
import type { ReferenceKernel } from "./tensor.ts";
import { forEachLine, linesAlong } from "./walk.ts";

/** x → y: softmax or its logarithm. */
export const softmax: ReferenceKernel<"softmax"> = ([x], [y], { axis, log }) => {
  const lines = linesAlong(x.shape, axis);
  forEachLine(lines, (first) => {
    let largest = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < lines.length; i++) largest = Math.max(largest, x.data[first + i * lines.inner]);
    let sum = 0;
    for (let i = 0; i < lines.length; i++) sum += Math.exp(x.data[first + i * lines.inner] - largest);
    for (let i = 0; i < lines.length; i++) {
      const at = first + i * lines.inner;
      const shifted = x.data[at] - largest;
      y.data[at] = log ? shifted - Math.log(sum) : Math.exp(shifted) / sum;
    }
  });
};

/** y, gy → gx. */
export const softmaxGrad: ReferenceKernel<"softmaxGrad"> = ([y, gy], [gx], { axis, log }) => {
  const lines = linesAlong(y.shape, axis);
  forEachLine(lines, (first) => {
    let sum = 0;
    for (let i = 0; i < lines.length; i++) {
      const at = first + i * lines.inner;
      sum += log ? gy.data[at] : y.data[at] * gy.data[at];
    }
    for (let i = 0; i < lines.length; i++) {
      const at = first + i * lines.inner;
      gx.data[at] = log ? gy.data[at] - Math.exp(y.data[at]) * sum : y.data[at] * (gy.data[at] - sum);
    }
  });
};

/** x → running sums. */
export const cumsum: ReferenceKernel<"cumsum"> = ([x], [y], { axis, reverse }) => {
  const lines = linesAlong(x.shape, axis);
  forEachLine(lines, (first) => {
    let sum = 0;
    for (let i = 0; i < lines.length; i++) {
      const at = first + (reverse ? lines.length - 1 - i : i) * lines.inner;
      sum += x.data[at];
      y.data[at] = sum;
    }
  });
};
