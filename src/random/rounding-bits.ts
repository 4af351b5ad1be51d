/**
 * The random bits of stochastic rounding: one word per element of a tensor, keyed by (seed, step, tensor, element), so
 * that every kernel set, thread count and resumed run rounds alike. The C++ kernels compute the same words.
 * Knows nothing of formats: rounding takes the word as an argument.
 */
import { philox4x32 } from "./philox.ts";
import { STREAMS, type StreamName } from "./streams.ts";

const words = new Uint32Array(4);

/**
 * The uint32 for one element: word [element mod 4] of Philox at counter (⌊element / 4⌋ mod 2^32, tensorId, step,
 * STREAMS.rounding), key (seedLow, seedHigh). `element` is an integer from 0 to 2^53 − 1.
 */
export function roundingWord(
  seedLow: number,
  seedHigh: number,
  step: number,
  tensorId: number,
  element: number,
): number {
  philox4x32(Math.floor(element / 4), tensorId, step, STREAMS.rounding, seedLow, seedHigh, words);
  return words[element % 4];
}

/** What the words of one tensor are keyed by. All uint32; `splitSeed` gives the halves of a seed. */
export interface RoundingKey {
  readonly seedLow: number;
  readonly seedHigh: number;
  readonly step: number;
  readonly tensorId: number;
  /** The element that index 0 stands for, when an array is a part of a tensor (default 0). */
  readonly offset?: number;
}

/** A function from element index to `roundingWord`. Any order is right; neighbours are cheap: four words are kept. */
export function roundingCursor(key: RoundingKey): (element: number) => number {
  return keyedCursor({ ...key, stream: "rounding" });
}

/** The same words of another stream: what else draws one word per element of a tensor. */
export function keyedCursor(key: RoundingKey & { readonly stream: StreamName }): (element: number) => number {
  const { seedLow, seedHigh, step, tensorId, offset = 0 } = key;
  const stream = STREAMS[key.stream];
  const cached = new Uint32Array(4);
  let cachedBlock = -1;
  return (index) => {
    const element = index + offset;
    const block = Math.floor(element / 4);
    if (block !== cachedBlock) {
      philox4x32(block, tensorId, step, stream, seedLow, seedHigh, cached);
      cachedBlock = block;
    }
    return cached[element % 4];
  };
}
