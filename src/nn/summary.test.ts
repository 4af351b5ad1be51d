import { describe, expect, it } from "vitest";
import type { Tensor } from "../graph/tensor.ts";
import { BatchNorm2d, Conv2d, Dropout, Embedding, Linear, Module, Sequential, summary } from "./index.ts";

class Net extends Module {
  readonly features = new Sequential(new Conv2d(3, 4, 3), new BatchNorm2d(4), new Dropout());
  readonly head = new Linear(4, 2);
  readonly unused = new Linear(7, 1);

  forward(x: Tensor): Tensor {
    return this.head.forward(this.features.forward(x).mean({ axes: [1, 2] }));
  }
}

describe("summary", () => {
  it("lists every module with its shapes and its own parameters", () => {
    const { rows, parameters, buffers } = summary(new Net(), [5, 8, 8, 3]);
    expect(
      rows.map(({ path, type, outputShapes, parameters }) => [path, type, outputShapes, parameters]),
    ).toEqual([
      ["", "Net", [[5, 2]], 0],
      ["features", "Sequential", [[5, 6, 6, 4]], 0],
      ["features.0", "Conv2d", [[5, 6, 6, 4]], 112],
      ["features.1", "BatchNorm2d", [[5, 6, 6, 4]], 8],
      ["features.2", "Dropout", [[5, 6, 6, 4]], 0],
      ["head", "Linear", [[5, 2]], 10],
      ["unused", "Linear", [], 8],
    ]);
    expect([parameters, buffers]).toEqual([138, 8]);
  });

  it("prints a table", () => {
    const lines = String(summary(new Net(), [5, 8, 8, 3])).split("\n");
    expect(lines[0]).toMatch(/^module +type +output +parameters$/);
    expect(lines[3]).toMatch(/^features\.0 +Conv2d +\[5, 6, 6, 4\] +112$/);
    expect(lines.at(-1)).toBe("138 parameters, 8 numbers of state");
  });

  it("takes inputs of integers, and leaves the model as it was", () => {
    const model = new Sequential(new Embedding(9, 4));
    const { rows } = summary(model, { shape: [2, 3], dtype: "i32" });
    expect(rows[1].outputShapes).toEqual([[2, 3, 4]]);
    expect(summary(model, { shape: [2, 5], dtype: "i32" }).rows[1].outputShapes).toEqual([[2, 5, 4]]);
  });

  it("counts a shared parameter once", () => {
    class Tied extends Module {
      readonly one = new Linear(2, 2, { bias: false });
      readonly two = this.one;
      forward(x: Tensor): Tensor {
        return this.two.forward(this.one.forward(x));
      }
    }
    expect(summary(new Tied(), [1, 2]).parameters).toBe(4);
  });
});
