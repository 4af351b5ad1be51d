/**
 * From the bytes of a JPEG, PNG or PPM file to pixels; the first two through the optional packages jpeg-js and fast-png (JavaScript, no binaries).
 * A file is told by its first bytes, not by its name. Whatever the bytes, the result is a picture or a RoundoffError.
 * Orientation tags and colour profiles are not applied; transparency is dropped, as `convert("RGB")` of Pillow does.
 */
import type { DecodedPng } from "fast-png";
import { RoundoffError } from "../../base/errors.ts";
import { checkJpeg } from "./jpeg-structure.ts";
import { badPicture, DEFAULT_LIMITS, type Picture, type PictureLimits } from "./picture.ts";
import { essentialPng, isPng } from "./png-structure.ts";
import { decodePpm, isPpm } from "./ppm.ts";

/** The packages that could be loaded. */
export interface Codecs {
  readonly jpeg?: typeof import("jpeg-js");
  readonly png?: typeof import("fast-png");
}

/** Tables and markers beside the pixels that jpeg-js counts. */
const JPEG_OVERHEAD_BYTES = 2 ** 20;
/** What jpeg-js counts for a pixel: coefficients of up to 4 components, lines, two copies of the result. */
const JPEG_BYTES_PER_PIXEL = 40;

/** Loads what is installed; nothing is an error before a picture of that kind is decoded. */
export async function loadCodecs(): Promise<Codecs> {
  const [jpeg, png] = await Promise.all([
    import("jpeg-js").catch(() => undefined),
    import("fast-png").catch(() => undefined),
  ]);
  return { jpeg, png };
}

/** Throws DATA_CORRUPT with `name` for bytes that are no picture, UNSUPPORTED for a package that is not installed. */
export function decodePicture(
  bytes: Uint8Array,
  name: string,
  options: { readonly codecs: Codecs; readonly limits?: PictureLimits },
): Picture {
  const { codecs, limits = DEFAULT_LIMITS } = options;
  if (bytes.length > limits.maxBytes) {
    throw badPicture(name, `it has ${bytes.length} bytes, more than ${limits.maxBytes}`);
  }
  if (isPng(bytes)) return decodePng(bytes, name, codecs, limits);
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return decodeJpeg(bytes, name, codecs, limits);
  if (isPpm(bytes)) return decodePpm(bytes, name, limits);
  throw badPicture(name, bytes.length === 0 ? "it is empty" : "it is neither JPEG nor PNG nor PPM");
}

function decodeJpeg(bytes: Uint8Array, name: string, codecs: Codecs, limits: PictureLimits): Picture {
  const decode = installed(codecs.jpeg, "jpeg-js", name).decode;
  checkJpeg(bytes, name, limits);
  const maxMemory = limits.maxPixels * JPEG_BYTES_PER_PIXEL + 16 * bytes.length + JPEG_OVERHEAD_BYTES;
  const { width, height, data } = attempt(name, () =>
    decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      // Blocks beyond the picture's edge are passed over; that a file is cut off has been found before.
      tolerantDecoding: true,
      maxResolutionInMP: limits.maxPixels / 1e6,
      maxMemoryUsageInMB: maxMemory / 2 ** 20,
    }),
  );
  return { width, height, rgb: data };
}

function decodePng(bytes: Uint8Array, name: string, codecs: Codecs, limits: PictureLimits): Picture {
  const { decode } = installed(codecs.png, "fast-png", name);
  const essential = essentialPng(bytes, name, limits);
  const decoded = attempt(name, () => decode(essential));
  return { width: decoded.width, height: decoded.height, rgb: rgbOf(decoded, name) };
}

function installed<Codec>(codec: Codec | undefined, name: string, picture: string): Codec {
  if (codec !== undefined) return codec;
  throw new RoundoffError("UNSUPPORTED", {
    what: `picture ${picture} needs the optional package ${name}, which is not installed`,
    hint: `Run \`npm install ${name}\``,
  });
}

function attempt<T>(name: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw badPicture(name, (cause as Error).message, cause);
  }
}

/** Samples of any depth, grey, indexed or with transparency, as [height, width, 3]. */
function rgbOf({ width, height, channels, depth, data, palette }: DecodedPng, name: string): Uint8Array {
  const rgb = new Uint8Array(3 * width * height);
  const bytesPerRow = Math.ceil((width * channels * depth) / 8);
  // Fewer than 8 bits are packed, and only ever one sample a pixel.
  const packed = depth < 8;
  const most = 2 ** depth - 1;
  const perByte = 8 / depth;
  let to = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++, to += 3) {
      const at = packed
        ? row * bytesPerRow + Math.floor(column / perByte)
        : (row * width + column) * channels;
      const shift = packed ? 8 - depth * (1 + (column % perByte)) : 0;
      const sample = packed ? (data[at] >> shift) & most : data[at];
      if (palette !== undefined) {
        const colour = palette[sample];
        if (colour === undefined) throw badPicture(name, `it uses colour ${sample} of ${palette.length}`);
        rgb.set([colour[0], colour[1], colour[2]], to);
      } else if (channels < 3) {
        rgb.fill(eightBits(sample, depth), to, to + 3);
      } else {
        for (let i = 0; i < 3; i++) rgb[to + i] = eightBits(data[at + i], depth);
      }
    }
  }
  return rgb;
}

/** 16 bits lose their lower byte; fewer than 8 are spread over 0…255. */
function eightBits(sample: number, depth: number): number {
  return depth === 16 ? sample >> 8 : (sample * 255) / (2 ** depth - 1);
}
