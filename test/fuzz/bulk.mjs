/**
 * Fuzzing of the addon's bulk entries: real conversions with their numbers changed, their arrays made too short, too long, of another
 * type, overlapping, detached, shared, resizable, and with getters that take arrays away while the addon looks at them. Every call must
 * throw in JavaScript or stay within the arrays that it was given. Runs in a process of its own, because a fault ends it.
 * Usage: node test/fuzz/bulk.mjs [--inputs N] [--seed S] [--first I] [--addon FILE] [--json]   (needs dist/ and build/)
 */
import { createRequire } from "node:module";
import { format as numberFormat } from "../../dist/formats/catalog.js";
import { createNativeBulkKernels } from "../../dist/kernels/native-bulk.js";
import { generator } from "./mutate.mjs";
import { addon, fuzzInOwnProcess, guardedArray, isIntact, show } from "./own-process.mjs";

const ENTRIES = ["bulkRound", "bulkEncode", "bulkDecode", "bulkCopy"];
const TYPES = [
  Float32Array,
  Float64Array,
  Int32Array,
  Uint32Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  BigInt64Array,
];
const NO_ARRAYS = [
  undefined,
  null,
  0,
  "array",
  [],
  {},
  new ArrayBuffer(16),
  new DataView(new ArrayBuffer(16)),
];
const ODD_NUMBERS = [
  0,
  1,
  -1,
  2,
  3,
  7,
  31,
  32,
  33,
  64,
  1 << 20,
  2 ** 31,
  2 ** 32,
  2 ** 40,
  2 ** 53,
  -(2 ** 53),
  0.5,
  1e300,
];
const ODD_VALUES = [
  0,
  -0,
  1,
  -1,
  0.5,
  1e-40,
  -1e-45,
  3e38,
  Number.NaN,
  Infinity,
  -Infinity,
  65504,
  448.5,
  1e-8,
];

/** The arrays of the input under way that lie between guards. */
const guarded = [];

await fuzzInOwnProcess({ name: "bulk", url: import.meta.url, start });

function start() {
  const { info, createEngine } = createRequire(import.meta.url)(addon);
  const engines = info().tiers.map((tier) => createEngine({ threads: 2, tier }));
  const calls = realCalls(engines[0]);
  return (input, seed) => {
    const random = generator(seed, input);
    const { name, args } = calls[random(calls.length)];
    guarded.length = 0;
    const changed = spoiled(
      args.map((arg) => copied(arg, random)),
      random,
    );
    if (show) console.error(name, changed);
    const outcome = tryCall(engines[random(engines.length)], name, changed);
    return { outcome, problem: guarded.every(isIntact) ? undefined : "an array was written beyond its ends" };
  };
}

function tryCall(engine, name, args) {
  try {
    engine[name](...args);
    return "accepted";
  } catch (error) {
    if (error instanceof Error) return "refused";
    throw error;
  }
}

/** What the package hands to the addon, for formats and layouts of every kind. */
function realCalls(engine) {
  const calls = [];
  const recording = Object.fromEntries(
    ENTRIES.map((name) => [
      name,
      (...args) => {
        calls.push({ name, args: structuredClone(args) });
        return engine[name](...args);
      },
    ]),
  );
  const kernels = createNativeBulkKernels(recording);
  const key = { seedLow: 1, seedHigh: 2, step: 3, tensorId: 4 };
  for (const [rows, columns] of [
    [6, 40],
    [1, 7],
    [0, 3],
    [33, 17],
  ]) {
    const source = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i) * 2 ** (i % 9));
    for (const request of requests([rows, columns])) {
      const whole = { rounding: "nearestEven", overflow: "saturate", key, ...request };
      kernels.round(source, new Float32Array(source.length), whole);
      kernels.decode(kernels.encode(source, whole), request);
    }
    recording.bulkCopy(source, new Float32Array(source.length), true);
  }
  return calls;
}

function requests(shape) {
  const plain = ["bf16", "fp16", "e4m3", "e5m2", "e2m3", "e2m1", "posit8", "posit16"].map(numberFormat);
  const blocks = ["mxfp8e4m3", "mxfp6e2m3", "mxfp4", "mxint8", "nvfp4", "hbfp8"].map(numberFormat);
  const integers = ["int8", "int4", "int16"].map(numberFormat);
  return [
    ...plain.map((format) => ({ format, shape })),
    ...plain.slice(0, 3).map((format) => ({ format, shape, rounding: "stochastic", randomBits: 7 })),
    ...blocks.flatMap((format) => [
      { format, shape, blockAxis: 1 },
      ...(format.block.rows === 1 ? [{ format, shape, blockAxis: 0 }] : []),
    ]),
    ...integers.flatMap((format) => [
      { format, shape },
      { format, shape, scaling: { rule: "symmetric", axis: 1 } },
      { format, shape, scaling: { rule: "affine", axis: 0 } },
    ]),
  ];
}

/** The same argument in memory between guards; objects keep their fields. */
function copied(arg, random) {
  if (isArray(arg)) return likeIt(arg, arg.length, random);
  if (typeof arg !== "object" || arg === null) return arg;
  return Object.fromEntries(Object.entries(arg).map(([key, value]) => [key, copied(value, random)]));
}

/** An array with the beginning of another one, at a place of its own: behind a cache line, in shared memory. */
function likeIt(array, length, random, Type = array.constructor) {
  const copy = guardedArray(Type, length, { offset: random(17), shared: random(8) === 0 });
  guarded.push(copy);
  if (Type === array.constructor) copy.set(array.subarray(0, length));
  if (Type === Float32Array && random(2) === 0)
    for (let i = 0; i < length; i++) copy[i] = ODD_VALUES[random(ODD_VALUES.length)];
  return copy;
}

/** The arguments with up to three of them, or of their fields, made wrong; one input in eight is left as it is. */
function spoiled(args, random) {
  for (let edits = random(8) === 0 ? 0 : 1 + random(3); edits > 0; edits--) {
    const [holder, key] = placeIn(args, random);
    const value = holder[key];
    if (!isArray(value)) holder[key] = random(2) === 0 ? ODD_NUMBERS[random(18)] : NO_ARRAYS[random(8)];
    else if (value instanceof Float64Array && random(4) > 0) oddNumber(value, random);
    else spoilArray(args, [holder, key], random);
  }
  const arrays = arraysOf(args);
  if (random(8) === 0 && arrays.length > 0) setTrap(args, arrays[random(arrays.length)], random);
  if (random(32) === 0) args.length = random(args.length + 1);
  if (random(32) === 0) args.push(args[0]);
  return args;
}

/** An argument, or a field of one that is an object. */
function placeIn(args, random) {
  const key = random(args.length);
  const arg = args[key];
  const isObject = typeof arg === "object" && arg !== null && !ArrayBuffer.isView(arg);
  const fields = isObject ? Object.keys(arg) : [];
  return fields.length === 0 || random(4) === 0 ? [args, key] : [arg, fields[random(fields.length)]];
}

function oddNumber(numbers, random) {
  const at = random(numbers.length + 1) % Math.max(1, numbers.length);
  const before = numbers[at];
  const near = [before + 1, before - 1, 2 * before, -before, before + 0.5, Number.NaN, Infinity];
  numbers[at] = random(2) === 0 ? near[random(7)] : ODD_NUMBERS[random(18)];
}

function spoilArray(args, [holder, key], random) {
  const array = holder[key];
  const others = arraysOf(args).filter(isThere);
  // One that was taken away already stays as it is.
  if (!isThere(array)) return;
  switch (random(6)) {
    case 0:
      holder[key] = likeIt(array, Math.max(0, array.length + random(5) - 2), random);
      break;
    case 1:
      holder[key] = likeIt(array, array.length, random, TYPES[random(TYPES.length)]);
      break;
    case 2:
      holder[key] = NO_ARRAYS[random(NO_ARRAYS.length)];
      break;
    case 3:
      holder[key] = overlapping(array, others[random(others.length)], random);
      break;
    case 4:
      detach(array);
      break;
    default:
      holder[key] = resizable(array, random);
  }
}

/** An array of its type in the memory of another one, up to three elements further on. */
function overlapping({ constructor: Type, length }, { buffer, byteOffset, byteLength }, random) {
  const size = Type.BYTES_PER_ELEMENT;
  const begin = Math.ceil(byteOffset / size) * size + size * random(4);
  const room = Math.floor((byteOffset + byteLength - begin) / size);
  return room < 0
    ? new Type(buffer, 0, 0)
    : new Type(buffer, begin, random(2) === 0 ? room : Math.min(room, length));
}

function isArray(value) {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function isThere({ buffer }) {
  return buffer.byteLength > 0;
}

/** Its memory goes to another owner, as with postMessage. */
function detach({ buffer }) {
  if (buffer instanceof ArrayBuffer && !buffer.resizable) structuredClone(buffer, { transfer: [buffer] });
}

/** A view of a buffer that can change its size, and of the whole of it, whatever that is. */
function resizable({ constructor: Type, length }, random) {
  const bytes = length * Type.BYTES_PER_ELEMENT;
  const buffer = new ArrayBuffer(bytes, { maxByteLength: 2 * bytes + 64 });
  const view = new Type(buffer);
  if (random(2) === 0) buffer.resize(random(2 * bytes + 64));
  return view;
}

/** A field of an object among the arguments becomes a getter that takes an array away while the addon reads. */
function setTrap(args, victim, random) {
  const holder = args.find((arg) => typeof arg === "object" && arg !== null && !ArrayBuffer.isView(arg));
  const fields = Object.keys(holder ?? {});
  if (fields.length === 0) return;
  const field = fields[random(fields.length)];
  const value = holder[field];
  const throws = random(4) === 0;
  Object.defineProperty(holder, field, {
    get() {
      if (throws) throw new RangeError("a getter that throws");
      detach(victim);
      if (victim.buffer.resizable) victim.buffer.resize(0);
      return value;
    },
  });
}

/** Every array among the arguments. */
function arraysOf(args) {
  return args.flatMap((arg) => {
    if (isArray(arg)) return [arg];
    if (typeof arg !== "object" || arg === null) return [];
    return Object.values(arg).filter(isArray);
  });
}
