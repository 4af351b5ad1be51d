/**
 * One backward rule per primitive. A mapped type over all primitives: a new one does not compile until its derivative
 * is written, or it is declared `notDifferentiable`. The rules are in rules/, one file per theme.
 */
import { attentionRules } from "./rules/attention.ts";
import { elementwiseRules } from "./rules/elementwise.ts";
import { indexingRules } from "./rules/indexing.ts";
import { lossRules } from "./rules/losses.ts";
import { movementRules } from "./rules/movement.ts";
import { normalizationRules } from "./rules/normalization.ts";
import { productRules } from "./rules/products.ts";
import { quantizationRules } from "./rules/quantization.ts";
import { reductionRules } from "./rules/reductions.ts";
import { regularizationRules } from "./rules/regularization.ts";
import type { BackwardRules } from "./rules/rule.ts";
import { sequenceRules } from "./rules/sequences.ts";
import { updateRules } from "./rules/updates.ts";
import { windowRules } from "./rules/windows.ts";

export type { BackwardRule, RuleContext } from "./rules/rule.ts";

export const backwardRules: BackwardRules = {
  ...productRules,
  ...elementwiseRules,
  ...movementRules,
  ...indexingRules,
  ...reductionRules,
  ...windowRules,
  ...normalizationRules,
  ...regularizationRules,
  ...lossRules,
  ...sequenceRules,
  ...attentionRules,
  ...quantizationRules,
  ...updateRules,
};
