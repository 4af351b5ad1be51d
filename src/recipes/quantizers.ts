/** Short ways to write the quantizers that recipes are made of. */
import { format } from "../formats/catalog.ts";
import type { Overflow, Rounding } from "../formats/format.ts";
import type { Quantizer } from "../graph/primitives.ts";

/** Overflow becomes an infinity unless said otherwise, so that loss scaling can see it. */
export function quantizer(
  formatName: string,
  rounding: Rounding = "nearestEven",
  overflow: Overflow = "infinity",
): Quantizer {
  return { format: format(formatName), rounding, overflow };
}

/** Formats whose elements share scales: what is too large saturates. `choice`: how scales are chosen. */
export function scaledQuantizer(
  formatName: string,
  rounding: Rounding = "nearestEven",
  choice: Pick<Quantizer, "scaleRule" | "scaling"> = {},
): Quantizer {
  return { ...quantizer(formatName, rounding, "saturate"), ...choice };
}
