/**
 * Tensors that shared scales find hard, and which of their elements share one, found by brute force over coordinates.
 * Knows nothing of formats but the size of their blocks.
 */
import type { BlockSize } from "../../src/formats/format.ts";

/**
 * The elements of each block, blocks in row-major order of their place. `axis` carries the columns of a block, the axis
 * before it the rows.
 */
export function elementsByBlock(
  shape: readonly number[],
  axis: number,
  { rows, columns }: BlockSize,
): number[][] {
  return elementsBy(shape, (place) =>
    place.map((at, i) => {
      if (i === axis) return Math.floor(at / columns);
      return i === axis - 1 ? Math.floor(at / rows) : at;
    }),
  );
}

/** The elements of each index of an axis; all in one group without an axis. */
export function elementsBySlice(shape: readonly number[], axis: number | undefined): number[][] {
  return elementsBy(shape, (place) => (axis === undefined ? [] : [place[axis]]));
}

/** Groups in the order of their first elements, which is that of their places. */
function elementsBy(
  shape: readonly number[],
  groupOf: (place: readonly number[]) => readonly number[],
): number[][] {
  const groups = new Map<string, number[]>();
  for (let element = 0; element < elementsOf(shape); element++) {
    const name = groupOf(coordinates(element, shape)).join(",");
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [element]);
    else group.push(element);
  }
  return [...groups.values()];
}

export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function coordinates(element: number, shape: readonly number[]): number[] {
  const place: number[] = [];
  let rest = element;
  for (const size of [...shape].reverse()) {
    place.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return place;
}

/** Numbers in (0, 1), the same ones every time: multiples of the golden ratio. */
function fractionsFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    return (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) >>> 0) / 2 ** 32;
  };
}

/** Fills by stretches of `period` elements, each of another kind; with `numbersOnly` all elements are finite. */
export function adversarialValues(
  elements: number,
  period: number,
  numbersOnly: boolean,
): Float32Array<ArrayBuffer> {
  const next = fractionsFrom(elements);
  const kinds = numbersOnly ? STRETCHES.slice(0, -2) : STRETCHES;
  let kind = 0;
  return Float32Array.from({ length: elements }, (_, i) => {
    if (i % period === 0) kind = Math.floor(i / period) % kinds.length;
    return kinds[kind](i % period, next) * (next() < 0.5 ? -1 : 1);
  });
}

type Stretch = (index: number, next: () => number) => number;

const STRETCHES: readonly Stretch[] = [
  (_, next) => next(),
  // amax just below a power of two, and exactly at it.
  (index, next) => (index === 3 ? 8 - 2 ** -21 : 4 * next()),
  (index, next) => (index === 0 ? 16 : 16 * next()),
  () => 0,
  // Ties in units of small powers of two.
  (index) => (index % 29) / 8,
  // Just above 1.5 and 1.75 times a power of two, where scale rules part.
  (index, next) => (index === 1 ? 1.5 * 2 ** 20 : 2 ** 20 * next()),
  (index, next) => (index === 1 ? 1.75 * 2 ** -20 * (1 + 2 ** -23) : 2 ** -20 * next()),
  // A huge range within one block.
  (index) => 2 ** (((index * 37) % 250) - 125),
  // Subnormal maxima.
  (_, next) => Math.round(next() * 100) * 2 ** -149,
  (index) => (index === 5 ? 2 ** -126 * (1 - 2 ** -23) : 2 ** -149),
  // The upper end of FP32.
  (_, next) => next() * 3.4028234663852886e38,
  (index, next) => (index === 2 ? NaN : next()),
  (index, next) => (index === 4 ? Infinity : next()),
];
