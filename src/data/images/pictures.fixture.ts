/** Pictures made by rule, encoded by the codecs' own libraries, in folders and archives, for the tests of pictures on the disk. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { encode as encodePng } from "fast-png";
import jpeg from "jpeg-js";
import type { Picture } from "./picture.ts";

/** Smooth colours that differ from class to class and from picture to picture. */
export function ruledPicture(width: number, height: number, { label = 0, example = 0 } = {}): Picture {
  const rgb = new Uint8Array(3 * width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const at = 3 * (row * width + column);
      rgb[at] = (255 * row) / height;
      rgb[at + 1] = 40 + ((60 * label + 7 * example) % 200);
      rgb[at + 2] = (255 * column) / width;
    }
  }
  return { width, height, rgb };
}

export function jpegBytes({ width, height, rgb }: Picture, quality = 90): Uint8Array {
  const data = new Uint8Array(4 * width * height).fill(255);
  for (let pixel = 0; pixel < width * height; pixel++) {
    data.set(rgb.subarray(3 * pixel, 3 * pixel + 3), 4 * pixel);
  }
  return new Uint8Array(jpeg.encode({ width, height, data }, quality).data);
}

export function pngBytes({ width, height, rgb }: Picture): Uint8Array {
  return encodePng({ width, height, data: rgb, channels: 3, depth: 8 });
}

/** Writes files by relative path, with the folders they need. */
export function writeFiles(root: string, files: Readonly<Record<string, Uint8Array | string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

/** `train/cat`, `train/dog`, `val/cat`, `val/dog`, each with so many JPEG pictures of various sizes, the last one a PNG. */
export function pictureFolder(counts: {
  readonly train: number;
  readonly test: number;
}): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {};
  for (const [split, count] of [
    ["train", counts.train],
    ["val", counts.test],
  ] as const) {
    ["cat", "dog"].forEach((name, label) => {
      for (let example = 0; example < count; example++) {
        const picture = ruledPicture(64 - (example % 3), 48 + 8 * (example % 4), { label, example });
        const last = example === count - 1;
        files[`${split}/${name}/${example}.${last ? "png" : "JPEG"}`] = last
          ? pngBytes(picture)
          : jpegBytes(picture);
      }
    });
  }
  return files;
}

/** A tar archive of these members. */
export function tarBytes(members: Readonly<Record<string, Uint8Array | string>>): Uint8Array {
  const blocks = Object.entries(members).flatMap(([name, content]) => {
    const bytes = Buffer.from(content);
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write("0000644\0", 100);
    header.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("        0", 148);
    header.write("ustar\0", 257);
    header.write("00", 263);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return new Uint8Array(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}
