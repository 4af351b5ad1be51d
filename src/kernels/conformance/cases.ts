/** All conformance cases of the operations, and how a case is called in a test report. */
import {
  binaryCases,
  binaryExtremeCases,
  sourceCases,
  unaryCases,
  unaryGradCases,
  whereCases,
} from "./elementwise-cases.ts";
import { indexingCases } from "./indexing-cases.ts";
import { movementCases } from "./movement-cases.ts";
import { groupNormCases, localResponseNormCases } from "./normalization-cases.ts";
import { convolutionCases, matmulCases } from "./product-cases.ts";
import { quantizationCases } from "./quantization-cases.ts";
import { cumsumCases, reduceCases, reductionCases, softmaxCases } from "./reduction-cases.ts";
import { dropoutCases } from "./regularization-cases.ts";
import { resampleCases } from "./resampling-cases.ts";
import type { AnyOpRun } from "./run-op.ts";
import { attentionCases, cellCases, ctcCases, embeddingCases } from "./sequence-cases.ts";
import { batchNormCases, lossCases, spoiledLossCases } from "./training-cases.ts";
import { updateCases } from "./update-cases.ts";
import { poolingCases, quantizeCases } from "./window-cases.ts";

export function allCases(): AnyOpRun[] {
  return [
    ...matmulCases(),
    ...convolutionCases(),
    ...unaryCases(),
    ...unaryGradCases(),
    ...binaryCases(),
    ...binaryExtremeCases(),
    ...whereCases(),
    ...sourceCases(),
    ...movementCases(),
    ...indexingCases(),
    ...reductionCases(),
    ...reduceCases(),
    ...softmaxCases(),
    ...cumsumCases(),
    ...poolingCases(),
    ...quantizeCases(),
    ...quantizationCases(),
    ...batchNormCases(),
    ...groupNormCases(),
    ...dropoutCases(),
    ...resampleCases(),
    ...localResponseNormCases(),
    ...lossCases(),
    ...spoiledLossCases(),
    ...embeddingCases(),
    ...cellCases(),
    ...attentionCases(),
    ...ctcCases(),
    ...updateCases(),
  ];
}

/** `12 matmul [3, 5] × [5, 7] carrier=f32`: unique by its number. */
export function caseName(run: AnyOpRun, index: number): string {
  const shapes = run.inputs.map(({ shape }) => `[${shape.join(", ")}]`).join(" ");
  const attrs = Object.entries(run.attrs).map(([name, value]) => `${name}=${attrText(value)}`);
  return [index, run.op, shapes, ...attrs].join(" ");
}

/** A format by its name, other records by their fields. */
function attrText(value: unknown): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return String(value);
  return "name" in value ? String(value.name) : Object.values(value).join("x");
}
