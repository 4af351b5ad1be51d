/** JPEG pictures of 500 × 375 by rule, as ImageNet's are on average, in folders `train` and `val` of two classes, for benchmarks. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import jpeg from "jpeg-js";

export const [WIDTH, HEIGHT, QUALITY] = [500, 375, 90];

/** Every eighth picture is one to test with. */
export function writePictures(directory, count) {
  const data = Buffer.alloc(4 * WIDTH * HEIGHT, 255);
  for (let example = 0; example < count; example++) {
    for (let y = 0, at = 0; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH; x++, at += 4) {
        data[at] = 128 + 100 * Math.sin((x + 13 * example) / 17) + ((x * y) % 23);
        data[at + 1] = 128 + 90 * Math.sin((y + example) / 11) + ((x * 7 + y * 5) % 19);
        data[at + 2] = (x * 255) / WIDTH;
      }
    }
    const folder = join(directory, example % 8 === 0 ? "val" : "train", `class${example % 2}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, `${example}.jpg`),
      jpeg.encode({ width: WIDTH, height: HEIGHT, data }, QUALITY).data,
    );
  }
}
