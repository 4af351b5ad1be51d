/** Shapes of normalisations. Part of shapes.ts. */
import { mismatch, type OutputSpec, type Shape, type ShapeRules, same, text } from "./rule.ts";

export const normalizationShapes: Pick<
  ShapeRules,
  | "batchNormTrain"
  | "batchNormTrainGrad"
  | "groupNorm"
  | "groupNormGrad"
  | "localResponseNorm"
  | "localResponseNormGrad"
> = {
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
  groupNorm: ([x, ...channelVectors], { groups }) => {
    requireGroups(x, groups);
    for (const vector of channelVectors) same("channel vectors", [x[x.length - 1]], vector);
    const statistic: OutputSpec = { shape: [x[0], groups], role: "statistic" };
    return [{ shape: x }, statistic, statistic];
  },
  groupNormGrad: ([gy, x, weight]) => [
    { shape: same("gradient and input", gy, x) },
    { shape: weight, role: "gradBias" },
    { shape: weight, role: "gradBias" },
  ],
  localResponseNorm: ([x], { size }) => {
    if (x.length < 1 || !Number.isInteger(size) || size < 1) {
      throw mismatch("there is no window over channels", "size ≥ 1 and […, C]", `size ${size}, ${text(x)}`);
    }
    return [{ shape: x }];
  },
  localResponseNormGrad: ([gy, x]) => [{ shape: same("gradient and input", gy, x) }],
};

function requireGroups(x: Shape, groups: number): void {
  const channels = x[x.length - 1];
  if (x.length >= 2 && Number.isInteger(groups) && groups >= 1 && channels % groups === 0) return;
  throw mismatch(`${groups} group(s) do not divide the channels`, "[N, …, groups · n]", text(x));
}
