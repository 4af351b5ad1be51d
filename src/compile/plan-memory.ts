/**
 * The memory plan: gives every tensor that lives only within a step a place in one arena, reusing memory as soon as its
 * last reader is done. Greedy by size: large tensors first, each at the lowest offset that is free for its lifetime.
 */

export interface Lifetime {
  readonly bytes: number;
  /** Index of the command that writes it first. */
  readonly first: number;
  /** Index of the last command that touches it. */
  readonly last: number;
}

export interface MemoryPlan {
  /** Byte offset of each tensor, in the order given. */
  readonly offsets: readonly number[];
  readonly arenaBytes: number;
}

/** Cache-line alignment: vector loads never straddle two tensors. */
const ALIGNMENT = 64;

export function planMemory(lifetimes: readonly Lifetime[]): MemoryPlan {
  const order = lifetimes.map((_, index) => index);
  order.sort(
    (a, b) => lifetimes[b].bytes - lifetimes[a].bytes || lifetimes[a].first - lifetimes[b].first || a - b,
  );
  const offsets = new Array<number>(lifetimes.length).fill(0);
  const placed: number[] = [];
  for (const index of order) {
    offsets[index] = lowestFreeOffset(index, placed, lifetimes, offsets);
    placed.push(index);
  }
  const ends = lifetimes.map(({ bytes }, index) => offsets[index] + align(bytes));
  return { offsets, arenaBytes: Math.max(0, ...ends) };
}

function lowestFreeOffset(
  index: number,
  placed: readonly number[],
  lifetimes: readonly Lifetime[],
  offsets: readonly number[],
): number {
  const { first, last, bytes } = lifetimes[index];
  const neighbours = placed
    .filter((other) => lifetimes[other].first <= last && lifetimes[other].last >= first)
    .sort((a, b) => offsets[a] - offsets[b]);
  let offset = 0;
  for (const other of neighbours) {
    if (offset + bytes <= offsets[other]) break;
    offset = Math.max(offset, offsets[other] + align(lifetimes[other].bytes));
  }
  return offset;
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
