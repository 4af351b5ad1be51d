/** The kernels that serve where the caller names none: the best of this machine, chosen on first use. */
import type { KernelSet } from "../kernels/contract.ts";
import { selectKernels } from "../kernels/select.ts";

let chosen: KernelSet | undefined;

export function defaultKernels(): KernelSet {
  chosen ??= selectKernels().kernels;
  return chosen;
}
