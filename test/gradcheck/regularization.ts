/** Gradient checks of random masks: both graphs draw the same ones. */
import type { Tensor } from "../../src/graph/tensor.ts";
import { channelDropout, dropout } from "../../src/nn/index.ts";
import { type GradientCase, input } from "./inputs.ts";

export const regularizationGradients: readonly GradientCase[] = [
  { name: "dropout", build: ([x]: Tensor[]) => dropout(x.square(), 0.4).square() },
  { name: "dropout2d", build: ([x]: Tensor[]) => channelDropout(x.square(), 0.4).square() },
].map((entry): GradientCase => ({ ...entry, covers: "dropout", inputs: [input(2, 3, 3, 5)] }));
