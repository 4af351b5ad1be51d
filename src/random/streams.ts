/**
 * Named random streams: who draws for what. Every draw is a function of (seed, stream, id, step, index), so a run that
 * was resumed, or that works in another order, sees the same numbers. Knows nothing of tensors or data sets.
 * The generator is Philox4x32-10 with counter (index, id, step, stream) and key = the two halves of the seed.
 */
import { require } from "../base/errors.ts";
import { polarNormal } from "./normal.ts";
import { philox4x32 } from "./philox.ts";

/** The last word of the counter, by purpose. Numbers are for ever: they are part of every recorded result. */
export const STREAMS = { init: 1, shuffle: 2, augment: 3, dropout: 4, rounding: 5 } as const;
export type StreamName = keyof typeof STREAMS;

export interface StreamKey {
  /** An integer from 0 to 2^53 − 1, or a bigint from 0 to 2^64 − 1. */
  readonly seed: number | bigint;
  readonly stream: StreamName;
  /** Which parameter, layer or worker draws (uint32, default 0). */
  readonly id?: number;
  /** Training step or epoch (uint32, default 0). */
  readonly step?: number;
}

/** A sequence of draws. Each function takes as many words as it needs from it, in call order; none needs `this`. */
export interface RandomStream {
  /** An integer from 0 to 2^32 − 1. */
  readonly uint32: () => number;
  /** A multiple of 2^−24 in [0, 1): exact in FP32. */
  readonly uniform: () => number;
  /** Standard normal; see `polarNormal`. */
  readonly normal: () => number;
  /** An integer from 0 to n − 1, every one equally likely. n: 1 to 2^32. */
  readonly below: (n: number) => number;
  /** The integers 0 to n − 1 in random order (Fisher–Yates). n: 0 to 2^32 − 1. */
  readonly permutation: (n: number) => Uint32Array;
}

/**
 * The stream of a key, at its beginning. It gives 2^34 words before it repeats.
 * @throws RoundoffError INVALID_ARGUMENT for a seed, id or step out of range.
 */
export function randomStream({ seed, stream, id = 0, step = 0 }: StreamKey): RandomStream {
  const uint32 = wordSource(
    splitSeed(seed),
    STREAMS[stream],
    requireUint32("id", id),
    requireUint32("step", step),
  );
  const below = (n: number): number => drawBelow(uint32, n);
  return {
    uint32,
    uniform: () => (uint32() >>> 8) * 2 ** -24,
    normal: polarNormal(uint32),
    below,
    permutation: (n) => shuffled(n, below),
  };
}

/**
 * The two key words of a seed: [seed mod 2^32, floor(seed / 2^32)].
 * @throws RoundoffError INVALID_ARGUMENT unless it is an integer from 0 to 2^53 − 1 or a bigint from 0 to 2^64 − 1.
 */
export function splitSeed(seed: number | bigint): readonly [low: number, high: number] {
  const valid =
    typeof seed === "bigint" ? seed >= 0n && seed < 1n << 64n : Number.isSafeInteger(seed) && seed >= 0;
  require(valid, "INVALID_ARGUMENT", () => ({
    what: "the seed is out of range",
    expected: "an integer from 0 to 2^53 - 1, or a bigint from 0 to 2^64 - 1",
    received: String(seed),
  }));
  const wide = BigInt(seed);
  return [Number(wide & 0xffffffffn), Number(wide >> 32n)];
}

function wordSource(
  [keyLow, keyHigh]: readonly [number, number],
  stream: number,
  id: number,
  step: number,
): () => number {
  const words = new Uint32Array(4);
  let block = 0;
  let used = 4;
  return () => {
    if (used === 4) {
      philox4x32(block++, id, step, stream, keyLow, keyHigh, words);
      used = 0;
    }
    return words[used++];
  };
}

function drawBelow(uint32: () => number, n: number): number {
  require(Number.isInteger(n) && n >= 1 && n <= 2 ** 32, "INVALID_ARGUMENT", () => ({
    what: "below(n) cannot draw from this range",
    expected: "an integer n from 1 to 2^32",
    received: String(n),
  }));
  // Words at or above the largest multiple of n would favour small results: draw again.
  const fair = 2 ** 32 - (2 ** 32 % n);
  let word = uint32();
  while (word >= fair) word = uint32();
  return word % n;
}

function shuffled(n: number, below: (n: number) => number): Uint32Array {
  const order = Uint32Array.from({ length: requireUint32("n", n) }, (_, index) => index);
  for (let last = n - 1; last > 0; last--) {
    const other = below(last + 1);
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

function requireUint32(name: string, value: number): number {
  require(Number.isInteger(value) && value >= 0 && value < 2 ** 32, "INVALID_ARGUMENT", () => ({
    what: `${name} of a random stream is out of range`,
    expected: "an integer from 0 to 2^32 - 1",
    received: String(value),
  }));
  return value;
}
