/** Where heat maps lie: beside each other while there is room, and then below. */
import { describe, expect, it } from "vitest";
import { heatMap } from "./heat-map-svg.ts";
import { markupText } from "./markup.ts";
import type { RoundingShares } from "./rounding-shares.ts";

const map = (recipe: string): RoundingShares => ({
  recipe,
  role: "error",
  kind: "flushed",
  layers: ["conv1", "fc"],
  steps: [1, 33, 65, 97],
  shares: [
    [0, 0.002, 0.3, 0.95],
    [0, 0, 0, 0.02],
  ],
});
function drawn(count: number): string {
  const maps = Array.from({ length: count }, (_, i) => map(`a-long-name-${i}`));
  const svg = heatMap({ description: "maps", maps });
  return svg === undefined ? "" : markupText(svg);
}

/** Right ends of the frames, and the drawing's width. */
function extent(svg: string) {
  const [, width] = /viewBox="0 0 (\d+) \d+"/.exec(svg) ?? [];
  const frames = [...svg.matchAll(/class="frame" x="([\d.]+)" y="\d+" width="([\d.]+)" height="24"/g)];
  return { width: Number(width), ends: frames.map(([, x, own]) => Number(x) + Number(own)) };
}

describe("heatMap", () => {
  it("draws one cell for each share that is worth a shade, in the class it belongs to", () => {
    const svg = drawn(1);
    expect(svg.match(/class="h\d" d="[^"]*"/g)).toHaveLength(4);
    expect(svg).toMatch(/class="h6" d="M\d+ 30h26v12h-26z"/);
    expect(svg).toMatch(/class="h2" d="M\d+ 42h26v12h-26z"/);
  });

  it("keeps maps at a size that can be read, in lines, and inside the drawing", () => {
    expect(drawn(3).match(/<g transform/g)).toHaveLength(1);
    const many = drawn(14);
    const { width, ends } = extent(many);
    expect(many.match(/<g transform/g)).toHaveLength(2);
    expect(many.match(/>conv1</g)).toHaveLength(2);
    expect(ends).toHaveLength(14);
    expect(Math.max(...ends)).toBeLessThanOrEqual(width);
    expect(width).toBeLessThanOrEqual(1110);
  });

  it("draws nothing without maps", () => {
    expect(heatMap({ description: "none", maps: [] })).toBeUndefined();
  });
});
