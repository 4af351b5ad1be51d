/**
 * Options that several recipes have: loss scaling with back-off and a rising floor, layers that are exempt, roundings. What a
 * recipe does without them is in its own file. Source of the floor: Mellempudi et al. 2019 (arXiv 1905.12334), section 3.1.
 */
import { RoundoffError } from "../base/errors.ts";
import { ROUNDINGS } from "../formats/format.ts";
import type { LossScaling, ScaleFloor } from "../precision/recipe.ts";
import {
  listOf,
  type OptionKind,
  type OptionKinds,
  orWord,
  positiveNumber,
  wholeNumber,
  word,
} from "./options.ts";

/** How a tensor is rounded. */
export const rounding = word(ROUNDINGS);

/** A module path pattern, in which `first` and `last` stand for the first and last layer with a GEMM. */
const pathPattern: OptionKind<string> = {
  expected: "first, last or a path pattern such as layer4.**",
  parse: (text) => {
    if (text === "first") return "@firstGemm";
    if (text === "last") return "@lastGemm";
    return /^(\*{1,2}|\w+)(\.(\*{1,2}|\w+))*$/.test(text) ? text : undefined;
  },
  print: (path) => (path === "@firstGemm" ? "first" : path === "@lastGemm" ? "last" : path),
};

/** Layers that keep more precision than the rest. */
export const exemptLayers = listOf(pathPattern);

/** `8192@40000`: from step 40,000 on, the scale is at least 8192. */
const floorStep: OptionKind<ScaleFloor> = {
  expected: "scale@step such as 8192@40000",
  parse(text) {
    const [scale, fromStep, ...rest] = text.split("@");
    const [lowest, from] = [positiveNumber.parse(scale), wholeNumber(0, 2 ** 31).parse(fromStep ?? "")];
    const readable = lowest !== undefined && from !== undefined && rest.length === 0;
    return readable ? { scale: lowest, fromStep: from } : undefined;
  },
  print: ({ scale, fromStep }) => `${scale}@${fromStep}`,
};

/** The options of loss scaling: `initial`, `interval` and `floor` matter only where `scale` is dynamic. */
export interface ScaleOptions {
  readonly scale: number | "none" | "dynamic";
  readonly initial: number;
  readonly interval: number;
  readonly floor: readonly ScaleFloor[];
}

export const SCALE_KINDS: OptionKinds<ScaleOptions> = {
  scale: orWord("none", orWord("dynamic", positiveNumber)),
  initial: positiveNumber,
  interval: wholeNumber(1, 2 ** 24),
  floor: listOf(floorStep),
};

/** The constants of PyTorch's GradScaler. */
export const DYNAMIC_SCALE = { initial: 65536, interval: 2000, floor: [] } as const;

/** Throws INVALID_ARGUMENT where a floor is given that nothing could reach. */
export function lossScalingOf({ scale, initial, interval, floor }: ScaleOptions): LossScaling {
  if (scale !== "dynamic" && floor.length > 0) {
    throw new RoundoffError("INVALID_ARGUMENT", {
      what: "a floor of the loss scale needs a scale that moves",
      expected: "scale=dynamic beside floor=…",
      received: `scale=${scale}`,
    });
  }
  if (scale === "none") return { kind: "none" };
  if (scale !== "dynamic") return { kind: "constant", scale };
  return {
    kind: "dynamic",
    initialScale: initial,
    growthFactor: 2,
    backoffFactor: 0.5,
    growthInterval: interval,
    ...(floor.length > 0 && { floor }),
  };
}
