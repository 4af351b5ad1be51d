/**
 * Which part of a picture a network sees, and that part as normalised floats. Training: a random part of random shape, flipped
 * half of the time, drawn from the stream of (seed, epoch, example). Evaluation: the middle of the resized picture.
 * Source: Szegedy et al. 2015, section 6 (8 % to 100 % of the area, sides 3:4 to 4:3), with torchvision's ten tries and its
 * 256 of 224 for evaluation; means and deviations of ImageNet as torchvision's models use them.
 */
import { randomStream } from "../../random/streams.ts";
import type { Picture } from "./picture.ts";
import { type Box, resample } from "./resample.ts";

/** How to look at one picture. */
export type View =
  | { readonly kind: "random"; readonly seed: number; readonly epoch: number; readonly example: number }
  | { readonly kind: "centre" };

/** What a network is shown of a colour picture: (value / 255 − mean) / std for each channel. */
export const MEAN = [0.485, 0.456, 0.406] as const;
export const STD = [0.229, 0.224, 0.225] as const;

const AREA = { least: 0.08, most: 1 };
const LOG_ASPECT = { least: Math.log(3 / 4), most: Math.log(4 / 3) };
const TRIES = 10;
/** Side of the whole picture for the side of its middle that is evaluated. */
const WHOLE_TO_MIDDLE = 256 / 224;

const TABLES = MEAN.map((mean, channel) =>
  Float32Array.from({ length: 256 }, (_, pixel) => (pixel / 255 - mean) / STD[channel]),
);

/** Writes the view as [size, size, 3] into `target` from element `offset` on. */
export function writeView(
  picture: Picture,
  view: View,
  frame: { readonly target: Float32Array; readonly offset: number; readonly size: number },
): void {
  const { target, offset, size } = frame;
  const { pixels, flip } = view.kind === "centre" ? centre(picture, size) : random(picture, view, size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const from = 3 * (row * size + (flip ? size - 1 - column : column));
      const to = offset + 3 * (row * size + column);
      for (let channel = 0; channel < 3; channel++)
        target[to + channel] = TABLES[channel][pixels[from + channel]];
    }
  }
}

function random(picture: Picture, view: View & { kind: "random" }, size: number) {
  const draws = randomStream({ seed: view.seed, stream: "augment", step: view.epoch, id: view.example });
  const box = drawBox(picture, draws.uniform);
  const pixels = resample(picture, box, { size: { width: size, height: size } });
  return { pixels, flip: draws.below(2) === 1 };
}

/** A part of the picture; when ten draws do not fit into it, the largest middle part of an allowed shape. */
export function drawBox({ width, height }: Pick<Picture, "width" | "height">, uniform: () => number): Box {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const area = width * height * between(AREA, uniform());
    const aspect = Math.exp(between(LOG_ASPECT, uniform()));
    const box = { width: Math.round(Math.sqrt(area * aspect)), height: Math.round(Math.sqrt(area / aspect)) };
    if (box.width < 1 || box.height < 1 || box.width > width || box.height > height) continue;
    return {
      ...box,
      top: Math.floor(uniform() * (height - box.height + 1)),
      left: Math.floor(uniform() * (width - box.width + 1)),
    };
  }
  const side = {
    width: Math.max(1, Math.min(width, Math.round((height * 4) / 3))),
    height: Math.max(1, Math.min(height, Math.round((width * 4) / 3))),
  };
  return { ...side, top: (height - side.height) >> 1, left: (width - side.width) >> 1 };
}

function between({ least, most }: { least: number; most: number }, share: number): number {
  return least + (most - least) * share;
}

function centre(picture: Picture, size: number) {
  const { width, height } = picture;
  const whole = sizeByShorterSide(picture, Math.floor(size * WHOLE_TO_MIDDLE));
  const part = {
    left: halfToEven(whole.width - size),
    top: halfToEven(whole.height - size),
    width: size,
    height: size,
  };
  const from = { left: 0, top: 0, width, height };
  return { pixels: resample(picture, from, { size: whole, part }), flip: false };
}

/** The size of a picture whose shorter side becomes `short`, as torchvision's `Resize` rounds it. */
export function sizeByShorterSide({ width, height }: Pick<Picture, "width" | "height">, short: number) {
  return width <= height
    ? { width: short, height: Math.floor((short * height) / width) }
    : { width: Math.floor((short * width) / height), height: short };
}

/** Half of a whole number, ties to the even neighbour as Python's `round` has it. */
function halfToEven(count: number): number {
  const down = count >> 1;
  return count % 2 === 0 ? down : down + (down & 1);
}
