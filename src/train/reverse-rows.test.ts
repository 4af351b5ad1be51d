import { expect, it } from "vitest";
import { reverseRows } from "./reverse-rows.ts";

it.each([
  [Float32Array.of(1, 2, 3, 4, 5, 6), Int32Array.of(7, 8, 9), [5, 6, 3, 4, 1, 2], [9, 8, 7]],
  [Float32Array.of(1, 2, 3, 4), Int32Array.of(7, 8), [3, 4, 1, 2], [8, 7]],
  [Float32Array.of(1), Int32Array.of(7), [1], [7]],
])("puts rows and labels in reverse order", (images, labels, reversedImages, reversedLabels) => {
  reverseRows({ images, labels });
  expect([...images]).toEqual(reversedImages);
  expect([...labels]).toEqual(reversedLabels);
});
