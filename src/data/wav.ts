/**
 * Reads a WAV file: PCM of 8, 16, 24 or 32 bits, or 32-bit floats, to samples in −1…1. Chunks that it does not know are passed
 * over. Source: Microsoft, "Multiple Channel Audio Data and WAVE Files"; RFC 2361.
 */
import { RoundoffError } from "../base/errors.ts";

export interface Sound {
  readonly sampleRate: number;
  readonly channels: number;
  /** [frames, channels], in −1…1 for integers: value / 2^(bits − 1), 8-bit values less 128 before. */
  readonly samples: Float32Array;
}

const PCM = 1;
const FLOAT = 3;
/** The true format then stands at the begin of the sub-format's 16 bytes. */
const EXTENSIBLE = 0xfffe;
/** Bytes of memory for a byte of file, at most: an 8-bit sample becomes a 32-bit one. */
export const WAV_EXPANSION = 4;

interface Encoding {
  readonly kind: number;
  readonly bits: number;
  readonly channels: number;
  readonly sampleRate: number;
}

/** Throws DATA_CORRUPT or UNSUPPORTED; `name` is for messages. A data chunk that is cut off is an error. */
export function readWav(bytes: Uint8Array, name: string): Sound {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || tag(view, 0) !== "RIFF" || tag(view, 8) !== "WAVE")
    throw corrupt(name, "it does not begin with RIFF and WAVE");
  let encoding: Encoding | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + 4, true);
    const begin = at + 8;
    const kind = tag(view, at);
    if (begin + length > bytes.length) throw corrupt(name, `its chunk "${kind}" is longer than the file`);
    if (kind === "fmt ") encoding = readEncoding(view, begin, length, name);
    if (kind === "data") {
      if (encoding === undefined) throw corrupt(name, "its samples come before their format");
      return decode(view, begin, length, encoding, name);
    }
    // Chunks begin at even bytes.
    at = begin + length + (length % 2);
  }
  throw corrupt(name, "it has no samples");
}

function readEncoding(view: DataView, at: number, length: number, name: string): Encoding {
  if (length < 16) throw corrupt(name, "its format is cut off");
  const tagged = view.getUint16(at, true);
  if (tagged === EXTENSIBLE && length < 40) throw corrupt(name, "its extended format is cut off");
  const kind = tagged === EXTENSIBLE ? view.getUint16(at + 24, true) : tagged;
  const encoding = {
    kind,
    channels: view.getUint16(at + 2, true),
    sampleRate: view.getUint32(at + 4, true),
    bits: view.getUint16(at + 14, true),
  };
  const known =
    kind === PCM ? [8, 16, 24, 32].includes(encoding.bits) : kind === FLOAT && encoding.bits === 32;
  if (!known) {
    throw new RoundoffError("UNSUPPORTED", {
      what: `${name}: its encoding cannot be read`,
      expected: "PCM of 8, 16, 24 or 32 bits, or 32-bit floats",
      received: `format ${kind} of ${encoding.bits} bits`,
    });
  }
  if (encoding.channels === 0 || encoding.sampleRate === 0)
    throw corrupt(name, "it has no channels or no rate");
  return encoding;
}

function decode(view: DataView, begin: number, length: number, encoding: Encoding, name: string): Sound {
  const { kind, bits, channels, sampleRate } = encoding;
  const width = bits / 8;
  if (length % (width * channels) !== 0) throw corrupt(name, "its samples do not fill whole frames");
  const scale = 2 ** (1 - bits);
  const read: (at: number) => number =
    kind === FLOAT
      ? (at) => view.getFloat32(at, true)
      : bits === 8
        ? (at) => (view.getUint8(at) - 128) * scale
        : bits === 16
          ? (at) => view.getInt16(at, true) * scale
          : bits === 24
            ? (at) => ((view.getInt16(at + 1, true) << 8) | view.getUint8(at)) * scale
            : (at) => view.getInt32(at, true) * scale;
  const samples = new Float32Array(length / width);
  for (let i = 0; i < samples.length; i++) samples[i] = read(begin + i * width);
  return { sampleRate, channels, samples };
}

function tag(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)));
}

function corrupt(name: string, what: string): RoundoffError {
  return new RoundoffError("DATA_CORRUPT", { what: `${name} is not a usable WAV file: ${what}` });
}
