/**
 * The readers that are fuzzed: valid files to begin from, the call, and how many bytes of typed arrays the reader may make for a
 * byte of file. Imports the built package, so that what is fuzzed is what is shipped.
 */
import { readFileSync } from "node:fs";
import { crc32, deflateRawSync, gzipSync } from "node:zlib";
import { encode as encodePng } from "fast-png";
import jpeg from "jpeg-js";
import { parseManifest as parseGoldens } from "../../dist/cli/goldens/manifest.js";
import { parseOptimizer, parseSchedule } from "../../dist/cli/train-settings.js";
import { npzSplits } from "../../dist/data/arrays/array-splits.js";
import { readCifar } from "../../dist/data/cifar.js";
import { readIdx } from "../../dist/data/idx.js";
import { decodePicture, loadCodecs } from "../../dist/data/images/decode-picture.js";
import { encodePpm } from "../../dist/data/images/ppm.js";
import { readNpy, writeNpy } from "../../dist/data/npy.js";
import { MAX_EXPANSION, readNpz, writeNpz } from "../../dist/data/npz.js";
import { readSafetensors, writeSafetensors } from "../../dist/data/safetensors.js";
import { readTar } from "../../dist/data/tar.js";
import { readWav, WAV_EXPANSION } from "../../dist/data/wav.js";
import { format } from "../../dist/formats/catalog.js";
import { loadWeights, readStateDict, writeStateDict } from "../../dist/interop/weights.js";
import { modelDefinition } from "../../dist/models/catalog.js";
import { createModel } from "../../dist/models/model.js";
import { recipe } from "../../dist/recipes/catalog.js";
import { parseRecord, parseTimings } from "../../dist/runlog/parse.js";
import { parseArchive } from "../../dist/studies/archive.js";
import { parseStudySpec } from "../../dist/studies/spec.js";
import { parseManifest } from "../../dist/train/manifest.js";

const utf8 = (text) => new TextEncoder().encode(text);
const decode = (bytes) => new TextDecoder().decode(bytes);
const tensor = (dtype, shape, bytes) => ({
  dtype,
  shape,
  bytes: Uint8Array.from({ length: bytes }, (_, i) => i * 37),
});

const tensors = new Map([
  ["conv1.weight", tensor("F32", [2, 3], 24)],
  ["bn.running_mean", tensor("BF16", [5], 10)],
  ["scale", tensor("F8_E8M0", [], 1)],
  ["packed", tensor("F4", [2, 4], 4)],
  ["none", tensor("I64", [0, 7], 0)],
]);
const arrays = new Map([
  ["w", tensor("F32", [2, 3], 24)],
  ["labels", tensor("I32", [4], 16)],
]);

/** The same archive with deflated members: what `numpy.savez_compressed` writes. */
function deflatedNpz() {
  const parts = [];
  const directory = [];
  let at = 0;
  for (const [name, stored] of arrays) {
    const content = writeNpy(stored);
    const packed = deflateRawSync(content);
    const key = utf8(`${name}.npy`);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(key.length, 22);
    parts.push(Buffer.from("PK\x03\x04"), common, key, packed);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(at, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\0"), common, rest, key);
    at += 30 + key.length + packed.length;
  }
  const bytes = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06");
  end.writeUInt16LE(arrays.size, 8);
  end.writeUInt16LE(arrays.size, 10);
  end.writeUInt32LE(bytes.length, 12);
  end.writeUInt32LE(at, 16);
  return new Uint8Array(Buffer.concat([...parts, bytes, end]));
}

function idx() {
  return Uint8Array.from([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, ...new Array(24).fill(9)]);
}

function cifar() {
  return Uint8Array.from({ length: 3073 }, (_, i) => (i % 3073 === 0 ? 7 : i % 251));
}

/** One entry of a tar archive with a right checksum. */
function tarEntry(name, type, content) {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write("0000644\0", 100);
  header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write("        ", 148);
  header.write(type, 156);
  header.write("ustar\0" + "00", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

function tar() {
  const long = `${"folder/".repeat(20)}name.txt`;
  return new Uint8Array(
    Buffer.concat([
      tarEntry("a.txt", "0", Buffer.from("hello")),
      tarEntry("folder", "5", Buffer.alloc(0)),
      tarEntry("././@LongLink", "L", Buffer.from(`${long}\0`)),
      tarEntry("cut", "0", Buffer.from("x".repeat(600))),
      tarEntry("pax", "x", Buffer.from("18 path=other.txt\n9 size=2\n")),
      tarEntry("b.txt", "0", Buffer.from("ok")),
      Buffer.alloc(1024),
    ]),
  );
}

function wav(kind, bits, channels) {
  const data = Buffer.from(Uint8Array.from({ length: (bits / 8) * channels * 6 }, (_, i) => i * 17));
  const format = Buffer.alloc(16);
  format.writeUInt16LE(kind, 0);
  format.writeUInt16LE(channels, 2);
  format.writeUInt32LE(8000, 4);
  format.writeUInt32LE((8000 * channels * bits) / 8, 8);
  format.writeUInt16LE((channels * bits) / 8, 12);
  format.writeUInt16LE(bits, 14);
  const chunk = (name, content) => {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(content.length);
    return Buffer.concat([Buffer.from(name), size, content]);
  };
  const body = Buffer.concat([
    Buffer.from("WAVE"),
    chunk("fmt ", format),
    chunk("LIST", Buffer.from("note")),
    chunk("data", data),
  ]);
  return new Uint8Array(chunk("RIFF", body));
}

const codecs = await loadCodecs();
/** Small pictures, so that a million inputs take minutes; a declared size above the limit is refused. */
const PICTURE_LIMITS = { maxBytes: 2 ** 16, maxPixels: 4096 };
const readPicture = (bytes) => decodePicture(bytes, "fuzz.jpg", { codecs, limits: PICTURE_LIMITS });
/** Coefficients, lines and copies of the largest picture that is allowed, all of which a small file may declare. */
const PICTURE_ALLOWANCE = 70 * PICTURE_LIMITS.maxPixels;

function jpegPicture(width, height, quality) {
  const data = Uint8Array.from({ length: 4 * width * height }, (_, i) => (i % 4 === 3 ? 255 : i * i * 7));
  return new Uint8Array(jpeg.encode({ width, height, data }, quality).data);
}

/** One of the files that another encoder made; the tests of decode-picture.ts compare them with its decoding. */
const goldenPicture = (name) =>
  new Uint8Array(readFileSync(new URL(`../goldens/pictures/${name}.jpg`, import.meta.url)));

/** PNG bytes with the checksum of every chunk put right: most changes would be found by it, and nothing behind it be tried. */
function withRightChecksums(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > bytes.length) break;
    view.setUint32(end, crc32(bytes.subarray(at + 4, end)));
    at = end + 4;
  }
  return bytes;
}

function pngPicture(width, height, channels, depth, interlace) {
  const Type = depth === 16 ? Uint16Array : Uint8Array;
  const data = Type.from({ length: width * height * channels }, (_, i) => i * i * 11);
  return encodePng({ width, height, data, channels, depth }, { interlace });
}

const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
const RECORD = read("./seeds/run.jsonl");
const nested = utf8(`{"a":${"[".repeat(3000)}${"]".repeat(3000)}}`);

/** The study of the package, without the fields that are taken off before the check. */
function study() {
  const { withoutNative: _, quick: __, ...fields } = JSON.parse(read("../../studies/quick/study.json"));
  return utf8(JSON.stringify(fields, null, 2));
}

/** JSON that a user writes by hand: text that is no JSON is refused by its caller, before the check. */
function parsedJson(bytes, check) {
  let json;
  try {
    json = JSON.parse(decode(bytes));
  } catch {
    return undefined;
  }
  return check(json);
}

/** Pictures and labels as Keras' data sets come. */
const SPLITS = new Map([
  ["x_train", tensor("U8", [2, 1, 2], 4)],
  ["y_train", tensor("U8", [2], 2)],
  ["x_test", tensor("U8", [1, 1, 2, 1], 2)],
  ["y_test", tensor("I64", [0, 1], 0)],
]);

/** A small model for weights to be loaded into, and a file of its own weights. */
const TASK = { channels: 1, size: 4, classes: 3 };
const MODEL = createModel(modelDefinition("mlp"), TASK, { width: 2 });
const WEIGHTS = writeStateDict(MODEL.stateDict());
const NARROW_WEIGHTS = writeSafetensors(
  new Map([
    ["fc1.weight", tensor("F8_E4M3", [2, 16], 32)],
    ["fc2.weight", tensor("BF16", [2, 2], 8)],
    ["fc3.weight", tensor("F16", [3, 2], 12)],
  ]),
);
/** Weights of 8 bits become FP32 here, are put into our order, and once more into the model's. */
const WEIGHTS_EXPANSION = 12;

/** @type {Record<string, { seeds: Uint8Array[], read: (bytes: Uint8Array) => unknown, factor: number, allowance?: number }>} */
export const SUBJECTS = {
  safetensors: {
    seeds: [writeSafetensors(tensors, { format: "pt" })],
    read: (bytes) => readSafetensors(bytes),
    factor: 0,
  },
  weights: {
    // The first is read before anything is counted: tables of formats stay.
    seeds: [NARROW_WEIGHTS, WEIGHTS],
    read: (bytes) => loadWeights(MODEL, readStateDict(bytes), TASK, { strict: false }) ?? MODEL,
    factor: WEIGHTS_EXPANSION,
  },
  splits: {
    seeds: [writeNpz(SPLITS)],
    read: (bytes) => npzSplits(bytes, "fuzz.npz"),
    factor: MAX_EXPANSION,
  },
  npy: {
    seeds: [...arrays.values()].map((array) => writeNpy(array)).concat(utf8("\x93NUMPY")),
    read: (bytes) => readNpy(bytes, "fuzz.npy"),
    factor: 1,
  },
  npz: {
    seeds: [writeNpz(arrays), deflatedNpz()],
    read: (bytes) => readNpz(bytes, "fuzz.npz"),
    factor: MAX_EXPANSION,
  },
  idx: { seeds: [idx()], read: (bytes) => readIdx(bytes, { rank: 3, name: "fuzz.idx" }), factor: 0 },
  cifar: {
    seeds: [cifar()],
    read: (bytes) => readCifar(bytes, { classes: 10, name: "fuzz.bin" }),
    factor: 1,
  },
  jpeg: {
    seeds: [
      jpegPicture(8, 8, 90),
      jpegPicture(17, 9, 30),
      goldenPicture("progressive-420"),
      goldenPicture("cmyk"),
    ],
    read: readPicture,
    factor: 20,
    allowance: PICTURE_ALLOWANCE,
  },
  png: {
    seeds: [
      pngPicture(5, 4, 3, 8, "null"),
      pngPicture(9, 9, 4, 16, "Adam7"),
      pngPicture(7, 3, 1, 8, "Adam7"),
    ],
    read: (bytes) => readPicture(withRightChecksums(bytes)),
    factor: 4,
    // The unpacker has windows of its own.
    allowance: 2 * PICTURE_ALLOWANCE,
  },
  ppm: {
    seeds: [encodePpm({ width: 3, height: 2, rgb: new Uint8Array(18) }), utf8("P6 # wide\n1 1 255 abc")],
    read: readPicture,
    factor: 1,
    allowance: PICTURE_ALLOWANCE,
  },
  tar: { seeds: [tar()], read: (bytes) => readTar(bytes, "fuzz.tar"), factor: 0 },
  wav: {
    seeds: [wav(1, 16, 2), wav(1, 8, 1), wav(1, 24, 1), wav(3, 32, 1)],
    read: (bytes) => readWav(bytes, "fuzz.wav"),
    factor: WAV_EXPANSION,
  },
  record: {
    seeds: [utf8(RECORD), nested],
    read: (bytes) => parseRecord(decode(bytes), "fuzz.jsonl"),
    factor: 0,
  },
  timing: {
    seeds: [utf8('{"type":"timing","step":1,"seconds":0.5,"samplesPerSecond":12}\n')],
    read: (bytes) => parseTimings(decode(bytes), "fuzz.jsonl"),
    factor: 0,
  },
  manifest: {
    seeds: [utf8(read("./seeds/manifest.json")), nested],
    read: (bytes) => parseManifest(decode(bytes), "fuzz.json"),
    factor: 0,
  },
  study: {
    seeds: [study(), nested],
    read: (bytes) => parsedJson(bytes, (json) => parseStudySpec(json, "study")),
    factor: 0,
  },
  archive: {
    seeds: [gzipSync(RECORD), utf8(RECORD), utf8(RECORD + RECORD)],
    // A change of the packed bytes is found by their checksum: texts are changed before they are packed.
    read: (bytes) => parseArchive(() => (bytes[0] === 0x1f ? bytes : gzipSync(bytes)), "fuzz.jsonl.gz"),
    factor: 0,
  },
  format: {
    seeds: ["e4m3", "e5m2b7fnuz", "e3m4ns", "int12", "bfp8b16", "bfp8t24x24", "mxfp4", "posit16"].map(utf8),
    read: (bytes) => format(decode(bytes)),
    factor: 0,
  },
  recipe: {
    seeds: [
      "fp8:scale=1000:master=fp32",
      "int16:shift=2",
      "uniform:e5m2",
      "fp16:scale=dynamic:floor=8192@40000",
    ].map(utf8),
    read: (bytes) => recipe(decode(bytes)),
    factor: 0,
  },
  schedule: {
    seeds: ["cosine:20", "steps:0:2,4:0.1", "exponential:0:gamma=0.999"].map(utf8),
    read: (bytes) => parseSchedule(decode(bytes)),
    factor: 0,
  },
  optimizer: {
    seeds: ["adamw", "adamw:beta2=0.95,clipNorm=1", "sgd:nesterov=1"].map(utf8),
    read: (bytes) => parseOptimizer(decode(bytes)),
    factor: 0,
  },
  goldens: {
    seeds: [utf8(read("./seeds/goldens.json")), nested],
    read: (bytes) => parseGoldens(decode(bytes), "fuzz.json"),
    factor: 0,
  },
};
