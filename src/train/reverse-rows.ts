/** Puts the examples of a batch in reverse order, in place: other sums, the same mean. Knows nothing of why. */

/** images: one row of elements for each label. */
export function reverseRows({
  images,
  labels,
}: {
  readonly images: Float32Array;
  readonly labels: Int32Array;
}): void {
  const size = images.length / labels.length;
  const row = new Float32Array(size);
  labels.reverse();
  for (let i = 0, j = labels.length - 1; i < j; i++, j--) {
    row.set(images.subarray(i * size, (i + 1) * size));
    images.copyWithin(i * size, j * size, (j + 1) * size);
    images.set(row, j * size);
  }
}
