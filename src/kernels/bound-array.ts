/** The door of `KernelSet.prepare`, the same for every kernel set: finds and checks the array of an external buffer. */
import { RoundoffError, require } from "../base/errors.ts";
import type { Buffer, ExternalArray } from "./contract.ts";

type ArrayType = typeof Int32Array | typeof Float32Array | typeof Float64Array;

/** The array bound to `buffer`, which must be a `type` of the buffer's length. Throws INVALID_ARGUMENT. */
export function boundArray(
  { name, elements }: Buffer,
  externals: ReadonlyMap<string, ExternalArray>,
  type: ArrayType,
): ExternalArray {
  const array = externals.get(name);
  if (array === undefined) {
    throw new RoundoffError("INVALID_ARGUMENT", {
      what: `the plan's external buffer "${name}" is not bound`,
      expected: `one of the bound arrays to be named "${name}"`,
      received: [...externals.keys()].join(", ") || "no arrays",
    });
  }
  require(array instanceof type && array.length === elements, "INVALID_ARGUMENT", () => ({
    what: `the array bound to "${name}" does not match the plan`,
    expected: `${type.name} of ${elements} elements`,
    received: `${array.constructor.name} of ${array.length} elements`,
  }));
  return array;
}
