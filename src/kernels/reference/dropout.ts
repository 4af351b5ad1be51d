/** Reference dropout: the mask is drawn anew from its key, element by element. Meaning: contract/regularization.ts. */
import { keyedCursor } from "../../random/rounding-bits.ts";
import type { ReferenceKernel } from "./tensor.ts";

/** x[…,C] → y. The output may be the input. */
export const dropout: ReferenceKernel<"dropout"> = (
  [x],
  [y],
  { rate, positions, tensorId },
  { clock, round },
) => {
  const channels = x.shape.at(-1) ?? 1;
  const wordAt = keyedCursor({ ...clock!, tensorId, stream: "dropout" });
  const threshold = Math.floor(rate * 2 ** 32 + 0.5);
  const factor = rate < 1 ? round(1 / (1 - rate)) : 0;
  for (let i = 0; i < x.data.length; i++) {
    const draw = Math.floor(i / (positions * channels)) * channels + (i % channels);
    y.data[i] = x.data[i] * (wordAt(draw) >= threshold ? factor : 0);
  }
};
