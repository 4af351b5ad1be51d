/** Shapes of normalisations. Part of shapes.ts. */
import { type OutputSpec, type ShapeRules, same } from "./rule.ts";

export const normalizationShapes: Pick<ShapeRules, "batchNormTrain" | "batchNormTrainGrad"> = {
  batchNormTrain: ([x, ...channelVectors]) => {
    const channels = [x[x.length - 1]];
    for (const vector of channelVectors) same("channel vectors", channels, vector);
    const statistic: OutputSpec = { shape: channels, role: "statistic" };
    return [{ shape: x }, statistic, statistic, statistic, statistic];
  },
  batchNormTrainGrad: ([gy, x, weight]) => [
    { shape: same("gradient and input", gy, x) },
    { shape: weight, role: "gradBias" },
    { shape: weight, role: "gradBias" },
  ],
};
