/** What every layer knows of shapes. Knows nothing of what has one. */

/** Elements of a shape: the product, 1 for the empty shape. May exceed 2^53, and is then not exact. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
