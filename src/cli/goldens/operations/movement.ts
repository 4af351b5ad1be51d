/** Golden operations: reductions and moves along axes. */
import type { GoldenOperation, GoldenOperations } from "./operation.ts";

const reduction = (kind: "sum" | "mean"): GoldenOperation => ({
  channelsLast: [],
  build(args, attributes) {
    const axes = attributes.numbers("dim");
    const keepDims = attributes.boolean("keepdim", false);
    return { output: args.get("x")[kind]({ axes, keepDims }) };
  },
});

export const movementOperations: GoldenOperations = {
  sum: reduction("sum"),
  mean: reduction("mean"),
};
