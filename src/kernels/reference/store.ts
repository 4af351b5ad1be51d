/**
 * Rounding on store: what a command does to an output after its kernel has computed it. The result is in FP32 (or FP64)
 * already; here it is rounded once more, to the format of the output. The rounding itself is defined in formats/.
 */
import { roundToFormat } from "../../formats/round.ts";
import { roundingCursor } from "../../random/rounding-bits.ts";
import type { StoreRounding } from "../contract.ts";
import type { Clock, RefArray } from "./tensor.ts";

/**
 * Rounds every element in place. Element i of the tensor draws random word i.
 * `clock` may only be missing where nothing rounds stochastically (checked when the plan is bound).
 */
export function roundOnStore(data: RefArray, store: StoreRounding, clock: Clock | undefined): void {
  const { format, rounding, overflow, tensorId } = store;
  if (rounding === "stochastic" && clock !== undefined) {
    const randomAt = roundingCursor({ ...clock, tensorId });
    for (let i = 0; i < data.length; i++)
      data[i] = roundToFormat(data[i], format, rounding, overflow, randomAt(i));
    return;
  }
  for (let i = 0; i < data.length; i++) data[i] = roundToFormat(data[i], format, rounding, overflow);
}
