/** What the addon's bulk entries refuse, one mistake each: a TypeError in JavaScript, and no array touched. */
import { beforeEach, describe, expect, it } from "vitest";
import { floatFormat, scaledFormat } from "../formats/catalog.ts";
import type { NumberFormat } from "../formats/format.ts";
import { encodeElement, encodeScale } from "./native-bulk-encode.ts";
import { CALL_ORDER, loadAddon, TALLY_ORDER } from "./native-load.ts";

const loaded = loadAddon();
const skipped = "reason" in loaded ? ` (skipped: ${loaded.reason})` : "";

/** The addon as one that knows nothing of types calls it. */
type Untyped = Readonly<Record<string, (...args: unknown[]) => unknown>>;
function engine(): Untyped {
  if ("reason" in loaded) throw new Error(loaded.reason);
  return loaded.addon.createEngine({ threads: 2, tier: "portable" }) as unknown as Untyped;
}

const ELEMENTS = 64;
const element = (format: NumberFormat) =>
  encodeElement(format, { rounding: "nearestEven", overflow: "saturate" });
const plain = Float64Array.from([...element(floatFormat("e4m3")), ...CALL_ORDER.map(() => 1)]);
const mx = scaledFormat("mxfp8e4m3");
const scale = encodeScale(ELEMENTS, mx, { shape: [2, 32], blockAxis: 1 });
const scaled = Float64Array.from([...element(mx), ...CALL_ORDER.map(() => 1), ...scale]);

const memory = () => Float32Array.from({ length: 2 * ELEMENTS }, (_, i) => i + 0.1);
let x = memory();
let y = memory();
const tally = new Float64Array(TALLY_ORDER.length);
const codes = new Uint8Array(ELEMENTS);
beforeEach(() => {
  x = memory();
  y = memory();
});

const source = () => x.subarray(0, ELEMENTS);
const target = () => y.subarray(0, ELEMENTS);
const changed = (numbers: Float64Array, at: number, value: number) => numbers.with(at, value);
const kept = () => ({ scales: new Float32Array(2) });
function detached(): Float32Array {
  const array = new Float32Array(ELEMENTS);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}
/** Takes `array` away while the addon reads the request. */
const thief = (array: Float32Array) => ({
  get scales() {
    structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
    return new Float32Array(2);
  },
});

describe.skipIf(skipped !== "")(`the addon's bulk entries refuse${skipped}`, () => {
  it.each<[string, string, () => unknown[]]>([
    ["a target of another length", "bulkRound", () => [source(), y.subarray(1, ELEMENTS), plain, tally]],
    ["no target", "bulkRound", () => [source(), undefined, plain, tally]],
    ["a source of doubles", "bulkRound", () => [new Float64Array(ELEMENTS), target(), plain, tally]],
    ["an array of JavaScript", "bulkRound", () => [[1, 2], target(), plain, tally]],
    ["a buffer", "bulkRound", () => [x.buffer, target(), plain, tally]],
    ["a view of data", "bulkRound", () => [new DataView(x.buffer), target(), plain, tally]],
    ["a detached source", "bulkRound", () => [detached(), target(), plain, tally]],
    ["a detached target", "bulkRound", () => [source(), detached(), plain, tally]],
    ["memory that overlaps", "bulkRound", () => [source(), x.subarray(1, ELEMENTS + 1), plain, tally]],
    ["too few numbers", "bulkRound", () => [source(), target(), plain.slice(1), tally]],
    ["numbers of no scale", "bulkRound", () => [source(), target(), scaled.slice(0, -1), tally, kept()]],
    ["numbers beyond a scale", "bulkRound", () => [source(), target(), new Float64Array(99), tally, kept()]],
    ["NaN for a number", "bulkRound", () => [source(), target(), changed(plain, 5, Number.NaN), tally]],
    ["an unknown kind of element", "bulkRound", () => [source(), target(), changed(plain, 0, 3), tally]],
    ["half a bit", "bulkRound", () => [source(), target(), changed(plain, 1, 7.5), tally]],
    ["an infinite maximum", "bulkRound", () => [source(), target(), changed(plain, 7, Infinity), tally]],
    ["an unknown rounding", "bulkRound", () => [source(), target(), changed(plain, 12, 99), tally]],
    ["a seed of 33 bits", "bulkRound", () => [source(), target(), changed(plain, 16, 2 ** 32), tally]],
    ["a tally that is too short", "bulkRound", () => [source(), target(), plain, tally.subarray(1)]],
    [
      "a layout of another size",
      "bulkRound",
      () => [source(), target(), changed(scaled, 23, 3), tally, kept()],
    ],
    ["blocks of no rows", "bulkRound", () => [source(), target(), changed(scaled, 27, 0), tally, kept()]],
    [
      "too few scales",
      "bulkRound",
      () => [source(), target(), scaled, tally, { scales: new Float32Array(1) }],
    ],
    [
      "scales of integers",
      "bulkRound",
      () => [source(), target(), scaled, tally, { scales: new Int32Array(2) }],
    ],
    [
      "scales in the target",
      "bulkRound",
      () => [source(), target(), scaled, tally, { scales: y.subarray(3, 5) }],
    ],
    ["a source that is taken away", "bulkRound", () => [source(), target(), scaled, tally, thief(x)]],
    ["codes of another length", "bulkEncode", () => [source(), codes.subarray(1), plain.slice(0, 16)]],
    ["codes of 16 bits", "bulkEncode", () => [source(), new Uint16Array(ELEMENTS), plain.slice(0, 16)]],
    [
      "codes in the source",
      "bulkEncode",
      () => [source(), new Uint8Array(x.buffer, 4, ELEMENTS), plain.slice(0, 16)],
    ],
    ["an element with a call", "bulkEncode", () => [source(), codes, plain]],
    ["no request", "bulkDecode", () => [codes, target(), undefined]],
    ["a request without an element", "bulkDecode", () => [codes, target(), {}]],
    [
      "codes for other values",
      "bulkDecode",
      () => [codes.subarray(2), target(), { element: plain.slice(0, 16) }],
    ],
    [
      "a tensor scale that is no number",
      "bulkDecode",
      () => [
        codes,
        target(),
        { element: scaled.slice(0, 16), scale: scaled.slice(21), tensorScale: "1", ...kept() },
      ],
    ],
    ["values that overlap", "bulkCopy", () => [source(), x.subarray(8, ELEMENTS + 8), false]],
    ["itself", "bulkCopy", () => [source(), source(), false]],
    ["a stream that is no boolean", "bulkCopy", () => [source(), target(), 1]],
  ])("%s (%s)", (_, entry, args) => {
    const call = args();
    expect(() => engine()[entry](...call)).toThrow(TypeError);
    if (x.length > 0) expect(x).toEqual(memory());
    expect(y).toEqual(memory());
  });

  it("nothing that is right: the same calls without the mistake go through", () => {
    const right = engine();
    right.bulkRound(source(), target(), plain, tally, undefined);
    right.bulkRound(source(), source(), scaled, tally, kept());
    right.bulkEncode(target(), codes, plain.slice(0, 16));
    right.bulkDecode(codes, target(), { element: plain.slice(0, 16) });
    right.bulkCopy(source(), target(), true);
    const shared = new Float32Array(new SharedArrayBuffer(4 * ELEMENTS + 4), 4);
    right.bulkRound(source(), shared, plain, tally, undefined);
    expect(shared).toEqual(y.subarray(0, ELEMENTS));
  });
});
