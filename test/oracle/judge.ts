/** Holds an implementation to the oracle: on sampled patterns, and on a window of consecutive ones. */
import type { Comparison } from "./compare.ts";
import { compareResults } from "./compare.ts";
import type { Runs } from "./runs.ts";
import { expandRuns, runAt } from "./runs.ts";
import type { RoundingRequest, Subject } from "./subjects.ts";

export function judgeSamples(
  subject: Subject,
  request: RoundingRequest,
  runs: Runs,
  patterns: Uint32Array,
): Comparison {
  const actual = new Uint32Array(patterns.length);
  subject.round(asFloats(patterns), asFloats(actual), request);
  const expected = patterns.map((pattern) => runs.results[runAt(runs, pattern)]);
  return compareResults(actual, expected, (i) => patterns[i]);
}

/** The arrays that a walk over windows uses again and again, of one length. */
export interface Window {
  readonly inputs: Uint32Array;
  readonly actual: Uint32Array;
  readonly expected: Uint32Array;
}

export function createWindow(length: number): Window {
  return {
    inputs: new Uint32Array(length),
    actual: new Uint32Array(length),
    expected: new Uint32Array(length),
  };
}

/** Every pattern of `window.inputs`, which must be `first`, first + 1, … */
export function judgeWindow(
  subject: Subject,
  request: RoundingRequest,
  runs: Runs,
  window: Window,
): Comparison {
  const { inputs, actual, expected } = window;
  subject.round(asFloats(inputs), asFloats(actual), request);
  expandRuns(runs, inputs[0], expected);
  return compareResults(actual, expected, (i) => inputs[i]);
}

function asFloats(patterns: Uint32Array): Float32Array {
  return new Float32Array(patterns.buffer, patterns.byteOffset, patterns.length);
}
