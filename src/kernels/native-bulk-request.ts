/**
 * A request as the numbers that the addon reads. Checking and encoding one takes as long as rounding thousands of
 * elements, so the last one of every format is kept. Knows nothing of arrays.
 */
import { require } from "../base/errors.ts";
import { isScaled, type NumberFormat } from "../formats/format.ts";
import { requireRandomBits } from "../formats/round-integer.ts";
import { groupsOf } from "../formats/scaled/quantize.ts";
import { scalesFor } from "../formats/scaled/scales.ts";
import type { BulkRequest } from "./bulk.ts";
import { refuseScaling } from "./bulk-checks.ts";
import { encodeElement, encodeScale } from "./native-bulk-encode.ts";
import { CALL_ORDER, ELEMENT_ORDER } from "./native-load.ts";

export interface EncodedRequest {
  /** In ELEMENT_ORDER, CALL_ORDER and, for formats with scales, SCALE_ORDER. Read it before the next request comes. */
  readonly numbers: Float64Array;
  /** Groups that share a scale; 0 for formats without. */
  readonly groups: number;
}

/** What the numbers follow from, beside the format and what changes from call to call. */
interface Choices {
  readonly elements: number;
  readonly request: Omit<BulkRequest, "format" | "key" | "statistics">;
  readonly tensorId: number | undefined;
}

type Remembered = EncodedRequest & { readonly choices: Choices };

/** `elements`: give elements under a step of 1 instead of values. */
export type RequestEncoder = (
  length: number,
  request: BulkRequest,
  options: { readonly elements: boolean },
) => EncodedRequest;

/** @returns an encoder that throws RoundoffError for a request that asks for what is not there. */
export function createRequestEncoder(): RequestEncoder {
  const lastOf = new WeakMap<NumberFormat, Remembered>();
  return (length, request, { elements }) => {
    const { format, key } = request;
    requireRandomness(request);
    let last = lastOf.get(format);
    if (last === undefined || !isSame(last.choices, length, request)) {
      last = encodeRequest(length, request);
      lastOf.set(format, last);
    }
    const { seedLow = 0, seedHigh = 0, step = 0 } = key ?? {};
    last.numbers.set(
      [seedLow, seedHigh, step, Number(request.statistics !== false), Number(elements)],
      ELEMENT_ORDER.length,
    );
    return last;
  };
}

function isSame(
  { elements, request: last, tensorId }: Choices,
  length: number,
  request: BulkRequest,
): boolean {
  return (
    elements === length &&
    last.rounding === request.rounding &&
    last.overflow === request.overflow &&
    last.randomBits === request.randomBits &&
    last.scaleRule === request.scaleRule &&
    last.blockAxis === request.blockAxis &&
    last.scaling?.rule === request.scaling?.rule &&
    last.scaling?.axis === request.scaling?.axis &&
    tensorId === request.key?.tensorId &&
    isSameShape(last.shape, request.shape)
  );
}

function isSameShape(a: readonly number[] | undefined, b: readonly number[] | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** A group whose range every rule has an answer for: asking for its scale refuses a rule that does not fit the format. */
const SAMPLE_RANGE = { amax: 1, min: -1, max: 1 };

/** Checks the layout as the reference does. */
function encodeRequest(length: number, request: BulkRequest): Remembered {
  const { format, key, shape, scaling, scaleRule, ...rest } = request;
  const choices = {
    elements: length,
    tensorId: key?.tensorId,
    // Copies: the caller may change what was passed.
    request: { ...rest, scaleRule, shape: shape && [...shape], scaling: scaling && { ...scaling } },
  };
  const head = [...encodeElement(format, request), ...CALL_ORDER.map(() => 0)];
  if (!isScaled(format)) {
    refuseScaling(request, length);
    return { numbers: Float64Array.from(head), groups: 0, choices };
  }
  const { count } = groupsOf(length, format, request);
  scalesFor([SAMPLE_RANGE], format, { scaling, rule: scaleRule });
  const numbers = Float64Array.from([...head, ...encodeScale(length, format, request)]);
  return { numbers, groups: count, choices };
}

function requireRandomness({ rounding, randomBits, key }: BulkRequest): void {
  requireRandomBits(randomBits);
  require(rounding !== "stochastic" || key !== undefined, "INVALID_ARGUMENT", () => ({
    what: "stochastic rounding was given no random bits",
    expected: "a key: seedLow, seedHigh, step and tensorId",
    received: "undefined",
  }));
}
