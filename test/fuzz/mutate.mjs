/** Changes valid files: input N of seed S is always the same bytes. Knows nothing of what the files mean. */

/** xorshift32 of the seed and the number of the input. */
export function generator(seed, input) {
  let state = (Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(input + 1, 0x85ebca6b)) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}

/** What breaks length fields and numbers in texts. */
const INTERESTING = [
  [0],
  [0xff],
  [0x7f],
  [0x80],
  [0, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0x7f],
  [0, 0, 0, 0, 0, 0, 0, 0x80],
  ...[
    "-1",
    "1e999",
    "9007199254740993",
    "null",
    '"',
    "{",
    "[",
    "]",
    "}",
    ",",
    "\n",
    "\\u0000",
    "NaN",
    "true",
    "__proto__",
    "0x1",
    "-0",
  ].map((text) => [...new TextEncoder().encode(text)]),
];

/** `bytes` with `count` bytes at `at` replaced by `insert`. */
function spliced(bytes, at, count, insert) {
  const rest = bytes.subarray(Math.min(at + count, bytes.length));
  const result = new Bytes(at + insert.length + rest.length);
  result.set(bytes.subarray(0, at));
  result.set(insert, at);
  result.set(rest, at + insert.length);
  return result;
}

/** Taken before the worker counts what readers make. */
const Bytes = Uint8Array;

function withByte(bytes, at, value) {
  bytes[at] = value;
  return bytes;
}

/** Each gives the changed bytes; the given ones may be changed in place. */
const EDITS = [
  (bytes, at, random) => withByte(bytes, at, bytes[at] ^ (1 << random(8))),
  (bytes, at, random) => withByte(bytes, at, random(256)),
  (bytes, at, random) => withByte(bytes, at, bytes[at] + [1, -1, 2, 127, -128][random(5)]),
  (bytes, at, random) => {
    const insert = INTERESTING[random(8)];
    return spliced(bytes, at, insert.length, insert);
  },
  (bytes, at, random) => spliced(bytes, at, random(2), INTERESTING[random(INTERESTING.length)]),
  (bytes, at, random) => spliced(bytes, at, 1 + random(16), []),
  (bytes, at, random) => {
    const from = random(bytes.length);
    return spliced(bytes, at, 0, bytes.slice(from, from + random(64)));
  },
  (bytes, at) => bytes.slice(0, at),
];

/** A changed copy of one of `seeds`: half of them with one edit, the others with up to six, the begin favoured. */
export function mutated(seeds, random) {
  let bytes = seeds[random(seeds.length)].slice();
  for (let edits = random(2) === 0 ? 1 : 1 + random(6); edits > 0 && bytes.length > 0; edits--) {
    const near = random(2) === 0 ? Math.min(bytes.length, 64) : bytes.length;
    // Cutting off is one edit in 64, or there would be little left to change.
    const edit = random(64) === 0 ? EDITS.length - 1 : random(EDITS.length - 1);
    bytes = EDITS[edit](bytes, random(near), random);
  }
  return bytes;
}
