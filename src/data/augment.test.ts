import { describe, expect, it } from "vitest";
import type { Placement } from "./augment.ts";
import { CENTRED, drawPlacement, fillBackground, normalisationTable, writePicture } from "./augment.ts";
import { ruledImages } from "./fixtures.ts";

const set = ruledImages(2, 2);
const plain = Float32Array.from({ length: 256 }, (_, pixel) => pixel);

/** Picture 1 of the set, which is [[5, 6], [7, 8]], in a frame of `padTo`, as rows of text. */
function placed(placement: Placement, padTo: number): string[] {
  const target = new Float32Array(padTo * padTo + 2).fill(-1);
  writePicture(set, 1, placement, { target, offset: 1, padTo, table: plain });
  // Nothing outside the picture's own elements is written.
  expect([target[0], target[target.length - 1]]).toEqual([-1, -1]);
  return Array.from({ length: padTo }, (_, row) =>
    [...target.subarray(1 + row * padTo, 1 + (row + 1) * padTo)].join(" "),
  );
}

describe("writePicture", () => {
  it("puts the picture in the middle of a background of pixel 0", () => {
    expect(placed(CENTRED, 2)).toEqual(["5 6", "7 8"]);
    expect(placed(CENTRED, 4)).toEqual(["0 0 0 0", "0 5 6 0", "0 7 8 0", "0 0 0 0"]);
    expect(placed(CENTRED, 3)).toEqual(["5 6 0", "7 8 0", "0 0 0"]);
  });

  it("flips left to right, then shifts down and right", () => {
    expect(placed({ flip: true, shiftY: 0, shiftX: 0 }, 2)).toEqual(["6 5", "8 7"]);
    expect(placed({ flip: true, shiftY: 1, shiftX: -1 }, 4)).toEqual([
      "0 0 0 0",
      "0 0 0 0",
      "6 5 0 0",
      "8 7 0 0",
    ]);
  });

  it("cuts off what leaves the frame", () => {
    expect(placed({ flip: false, shiftY: -1, shiftX: 1 }, 2)).toEqual(["0 7", "0 0"]);
    expect(placed({ flip: true, shiftY: 0, shiftX: -1 }, 2)).toEqual(["5 0", "7 0"]);
    expect(placed({ flip: false, shiftY: 2, shiftX: -2 }, 2)).toEqual(["0 0", "0 0"]);
  });

  it("keeps the channels of a pixel together", () => {
    const colour = { ...set, channels: 2, height: 1, width: 2, images: Uint8Array.of(1, 2, 3, 4) };
    const target = new Float32Array(8);
    writePicture(
      colour,
      0,
      { flip: true, shiftY: 1, shiftX: 0 },
      { target, offset: 0, padTo: 2, table: Float32Array.of(...plain, ...plain.map((pixel) => 10 * pixel)) },
    );
    expect([...target]).toEqual([0, 0, 0, 0, 3, 40, 1, 20]);
  });
});

it("normalisationTable is (pixel / 255 − mean) / std, rounded once to FP32", () => {
  const table = normalisationTable({ mean: 0.25, std: 0.5, channels: 1 });
  expect(table[0]).toBe(-0.5);
  expect(table[255]).toBe(1.5);
  expect(table[100]).toBe(Math.fround((100 / 255 - 0.25) / 0.5));
});

it("normalisationTable and fillBackground have each channel's own numbers", () => {
  const table = normalisationTable({ mean: [0.5, 0.25], std: [0.5, 0.25], channels: 2 });
  expect([table[255], table[256], table[511]]).toEqual([1, -1, 3]);
  const target = new Float32Array(4);
  fillBackground(target, normalisationTable({ mean: [0.5, 0.25], std: [0.25, 0.25], channels: 2 }));
  expect([...target]).toEqual([-2, -1, -2, -1]);
});

describe("drawPlacement", () => {
  it("is a function of seed, epoch and example", () => {
    expect(drawPlacement(7, 3, 11)).toEqual(drawPlacement(7, 3, 11));
    const all = (seed: number, epoch: number): string =>
      JSON.stringify(Array.from({ length: 20 }, (_, example) => drawPlacement(seed, epoch, example)));
    expect(new Set([all(7, 3), all(8, 3), all(7, 4)]).size).toBe(3);
  });

  it("draws every flip and shift equally often", () => {
    const counts = new Map<string, number>();
    const draws = 10_000;
    for (let example = 0; example < draws; example++) {
      const key = Object.values(drawPlacement(1, 0, example)).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(50);
    const sigma = Math.sqrt(draws * (1 / 50) * (49 / 50));
    for (const count of counts.values()) expect(Math.abs(count - draws / 50)).toBeLessThan(4.5 * sigma);
  });
});
