import { describe, expect, it } from "vitest";
import { labelledImages, pixelStatistics } from "./image-set.ts";

const parts = {
  name: "two",
  images: new Uint8Array(8),
  height: 2,
  width: 2,
  channels: 1,
  labels: Uint8Array.of(0, 1),
  classes: 2,
  sha256: "",
};

describe("labelledImages", () => {
  it("returns what agrees", () => {
    expect(labelledImages(parts)).toBe(parts);
  });

  it("refuses counts that differ, an empty set, and a label that is no class", () => {
    const refused = (more: Partial<typeof parts>, message: RegExp): void => {
      expect(() => labelledImages({ ...parts, ...more })).toThrow(
        expect.objectContaining({ code: "DATA_CORRUPT", message: expect.stringMatching(message) }),
      );
    };
    refused({ labels: Uint8Array.of(0) }, /4 bytes of pixels for each of 1 labels; received 8/);
    refused({ labels: new Uint8Array(0), images: new Uint8Array(0) }, /do not agree/);
    refused({ labels: Uint8Array.of(0, 2) }, /label 1 of two is not a class \(expected 0 to 1; received 2/);
  });
});

describe("pixelStatistics", () => {
  it("is the mean and population standard deviation of pixel / 255", () => {
    const { mean, std } = pixelStatistics(Uint8Array.of(0, 51, 102, 255));
    expect(mean).toBeCloseTo(0.4, 15);
    expect(std).toBeCloseTo(Math.sqrt((0.16 + 0.04 + 0 + 0.36) / 4), 15);
  });

  it("does not depend on the order, and never gives a zero divisor", () => {
    const pixels = Uint8Array.from({ length: 1000 }, (_, index) => (index * 37) % 251);
    expect(pixelStatistics(pixels.slice().reverse())).toEqual(pixelStatistics(pixels));
    expect(pixelStatistics(new Uint8Array(5).fill(7))).toEqual({ mean: 7 / 255, std: 1 });
  });
});
