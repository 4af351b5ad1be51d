// A matrix product needs its blocks along the axis that is summed over. The forward product sums over the columns of W,
// the input gradient over its rows: the same W, quantised twice, is two different matrices.
import { format, quantize } from "roundoff/formats";

const [rows, columns] = [64, 64];
// Rows of very different size, as the channels of a trained network have.
const weights = Float32Array.from({ length: rows * columns }, (_, i) => {
  const row = Math.floor(i / columns);
  return Math.sin(i * 12.9898) * 2 ** -(row % 8);
});

const quantized = (blockAxis) =>
  quantize(weights, format("mxfp4"), { shape: [rows, columns], blockAxis }).values;
const [forward, backward] = [quantized(1), quantized(0)];

const distance = (a, b) => Math.sqrt(a.reduce((sum, x, i) => sum + (x - b[i]) ** 2, 0));
const length = distance(weights, new Float32Array(weights.length));
const relative = (a, b) => (distance(a, b) / length).toFixed(3);
const differing = forward.reduce((count, x, i) => count + (x === backward[i] ? 0 : 1), 0);

console.log(`blocks along rows:    error ${relative(forward, weights)}`);
console.log(`blocks along columns: error ${relative(backward, weights)}`);
console.log(
  `${differing} of ${weights.length} weights differ between the two; distance ${relative(forward, backward)}`,
);

// Quantising the quantised matrix again along the other axis is not the same as quantising the original.
const twice = quantize(forward, format("mxfp4"), { shape: [rows, columns], blockAxis: 0 }).values;
console.log(`columns after rows:   error ${relative(twice, weights)}`);

// Square tiles are the same for a matrix and its transpose.
const transposed = (matrix) => matrix.map((_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]);
const inTiles = (matrix) =>
  quantize(matrix, format("nvfp4t16x16"), { shape: [rows, columns], blockAxis: 1 }).values;
const [tiles, ofTranspose] = [inTiles(weights), inTiles(transposed(weights))];
const same = transposed(tiles).every((x, i) => x === ofTranspose[i]);
console.log(
  `16 × 16 tiles:        error ${relative(tiles, weights)}, ${same ? "the same" : "not the same"} both ways`,
);
