/** Shapes of random masks. Part of shapes.ts. */
import { mismatch, type ShapeRules, text } from "./rule.ts";

export const regularizationShapes: Pick<ShapeRules, "dropout"> = {
  dropout: ([x], { rate, positions }) => {
    if (!(rate >= 0 && rate <= 1))
      throw mismatch("the dropout rate is no probability", "0 to 1", String(rate));
    const channels = x.at(-1) ?? 1;
    if (
      !(Number.isInteger(positions) && positions >= 1) ||
      x.reduce((count, size) => count * size, 1) % (positions * channels) !== 0
    ) {
      throw mismatch("positions do not divide the tensor", `${positions} · channels`, text(x));
    }
    return [{ shape: x }];
  },
};
