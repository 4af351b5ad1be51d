/**
 * JPEG pictures of 500 × 375 by rule, as ImageNet's are on average, in folders `train` and `val` of two classes, for benchmarks and trials.
 * Usage: node bench/pictures.mjs DIR COUNT
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import jpeg from "jpeg-js";

export const [WIDTH, HEIGHT, QUALITY] = [500, 375, 90];

/** Of every eight pictures two are to test with, one of each class; the classes differ in the period of their waves. */
export function writePictures(directory, count) {
  const data = Buffer.alloc(4 * WIDTH * HEIGHT, 255);
  for (let example = 0; example < count; example++) {
    for (let y = 0, at = 0; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH; x++, at += 4) {
        data[at] = 128 + 100 * Math.sin((x + 13 * example) / (17 + 17 * (example % 2))) + ((x * y) % 23);
        data[at + 1] = 128 + 90 * Math.sin((y + example) / 11) + ((x * 7 + y * 5) % 19);
        data[at + 2] = (x * 255) / WIDTH;
      }
    }
    const folder = join(directory, example % 8 < 2 ? "val" : "train", `class${example % 2}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, `${example}.jpg`),
      jpeg.encode({ width: WIDTH, height: HEIGHT, data }, QUALITY).data,
    );
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [directory, count] = process.argv.slice(2);
  writePictures(directory, Number(count));
}
