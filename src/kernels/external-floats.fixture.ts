/** Buffers of plans that tests put together by hand. */
import type { Buffer } from "./contract.ts";

/** FP32 memory of the test's own. */
export function externalFloats(name: string, elements: number): Buffer {
  return { place: "external", offset: 0, name, dtype: "f32", elements };
}
