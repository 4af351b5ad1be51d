import { readFileSync } from "node:fs";
import process from "node:process";
import { describe, expect, it } from "vitest";
import { sha256Hex } from "../payload.ts";
import type { Picture } from "./picture.ts";
import { resample } from "./resample.ts";

interface Golden {
  readonly width: number;
  readonly height: number;
  readonly box: readonly [left: number, top: number, width: number, height: number];
  readonly size: readonly [width: number, height: number];
  readonly sha256: string;
}

/** The rule of bench/peers/resample_goldens.py. */
function ruled(width: number, height: number): Picture {
  const rgb = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        rgb[3 * (y * width + x) + c] = (x * 7 + y * 13 + 50 * c + 3 * x * y + ((x * x * y) >> 3)) % 256;
      }
    }
  }
  return { width, height, rgb };
}

const FILE = process.env.GOLDENS ?? new URL("../../../test/goldens/resample.json", import.meta.url);

describe("resample", () => {
  it("gives Pillow's bits", () => {
    const { cases } = JSON.parse(readFileSync(FILE, "utf8")) as { cases: readonly Golden[] };
    expect(cases.length).toBeGreaterThan(60);
    const wrong = cases.filter(({ width, height, box: [left, top, w, h], size, sha256 }) => {
      const from = { left, top, width: w, height: h };
      const pixels = resample(ruled(width, height), from, { size: { width: size[0], height: size[1] } });
      return sha256Hex(pixels) !== sha256;
    });
    expect(wrong).toEqual([]);
  });

  it("computes a window of the result as it is in the whole", () => {
    const picture = ruled(50, 40);
    const from = { left: 3, top: 5, width: 41, height: 30 };
    const size = { width: 17, height: 23 };
    const whole = resample(picture, from, { size });
    const part = { left: 4, top: 6, width: 9, height: 11 };
    const window = resample(picture, from, { size, part });
    for (let row = 0; row < part.height; row++) {
      const start = 3 * ((part.top + row) * size.width + part.left);
      const expected = [...whole.subarray(start, start + 3 * part.width)];
      expect([...window.subarray(3 * row * part.width, 3 * (row + 1) * part.width)]).toEqual(expected);
    }
  });

  it("leaves a picture of the right size as it is", () => {
    const picture = ruled(9, 7);
    const from = { left: 0, top: 0, width: 9, height: 7 };
    expect(resample(picture, from, { size: { width: 9, height: 7 } })).toEqual(picture.rgb);
  });
});
