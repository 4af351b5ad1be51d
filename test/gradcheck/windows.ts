/** Gradient checks of pooling. */
import { type GradientCase, input } from "./inputs.ts";

export const windowGradients: readonly GradientCase[] = [
  {
    name: "maxPool2d",
    covers: "maxPool2d",
    build: ([x]) => x.maxPool2d({ kernelSize: 3, stride: 2, padding: 1 }),
    inputs: [input(2, 7, 6, 3)],
  },
  {
    name: "avgPool2d",
    covers: "avgPool2d",
    build: ([x]) => x.avgPool2d({ kernelSize: 3, stride: 2, padding: 1 }),
    inputs: [input(2, 7, 6, 3)],
  },
];
