/**
 * The operations of golden cases in Roundoff's own words. One that is not in these tables is reported as unsupported. Layouts
 * are Roundoff's (NHWC, KRSC). A new operation is an entry in the file of its theme.
 */
import { attentionOperations } from "./operations/attention.ts";
import { elementwiseOperations } from "./operations/elementwise.ts";
import { lossesOperations } from "./operations/losses.ts";
import { movementOperations } from "./operations/movement.ts";
import { normalizationOperations } from "./operations/normalization.ts";
import type { GoldenOperation } from "./operations/operation.ts";
import { productsOperations } from "./operations/products.ts";
import { sequencesOperations } from "./operations/sequences.ts";
import { windowsOperations } from "./operations/windows.ts";

export type { Arguments, GoldenOperation } from "./operations/operation.ts";

export const OPERATIONS: ReadonlyMap<string, GoldenOperation> = new Map(
  Object.entries({
    ...attentionOperations,
    ...elementwiseOperations,
    ...lossesOperations,
    ...movementOperations,
    ...normalizationOperations,
    ...productsOperations,
    ...sequencesOperations,
    ...windowsOperations,
  }),
);
