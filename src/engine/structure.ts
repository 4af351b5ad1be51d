/**
 * Structures: arrays and objects of any depth with tensors as leaves, as arguments and results of functions. Everything
 * else in them (numbers, names, flags) is a constant of the compiled program.
 */
import { Tensor } from "../graph/tensor.ts";

/** The tensors of a structure in a fixed order, each with its path: `x`, `states.0`. */
export function tensorsOf(
  structure: unknown,
  path = "",
): { readonly path: string; readonly tensor: Tensor }[] {
  if (structure instanceof Tensor) return [{ path: path === "" ? "0" : path, tensor: structure }];
  return entries(structure).flatMap(([key, item]) => tensorsOf(item, path === "" ? key : `${path}.${key}`));
}

/** The same structure with each tensor replaced, in the order of `tensorsOf`. */
export function replaceTensors(structure: unknown, replace: (tensor: Tensor) => unknown): unknown {
  if (structure instanceof Tensor) return replace(structure);
  if (Array.isArray(structure)) return structure.map((item) => replaceTensors(item, replace));
  if (!isPlain(structure)) return structure;
  return Object.fromEntries(entries(structure).map(([key, item]) => [key, replaceTensors(item, replace)]));
}

/** A text that is equal for structures that one program serves: shapes and types of tensors, values of the rest. */
export function signature(structure: unknown): string {
  if (structure instanceof Tensor) return `${structure.value.dtype}[${structure.shape.join(",")}]`;
  if (Array.isArray(structure)) return `[${structure.map(signature).join(",")}]`;
  if (!isPlain(structure)) return JSON.stringify(structure) ?? String(structure);
  return `{${entries(structure)
    .map(([key, item]) => `${JSON.stringify(key)}:${signature(item)}`)
    .join(",")}}`;
}

/** Calls `visit` with each tensor in the order of `tensorsOf`, and allocates nothing: for what every step does. */
export function forEachTensor(structure: unknown, visit: (tensor: Tensor) => void): void {
  if (structure instanceof Tensor) visit(structure);
  else if (Array.isArray(structure)) for (const item of structure) forEachTensor(item, visit);
  else if (isPlain(structure)) for (const key in structure) forEachTensor(structure[key], visit);
}

/** Whether two structures have one signature; allocates nothing for tensors, arrays and numbers. */
export function sameSignature(a: unknown, b: unknown): boolean {
  if (a instanceof Tensor) return b instanceof Tensor && sameTensor(a, b);
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => sameSignature(item, b[i]));
  if (!isPlain(a)) return Object.is(a, b) || (typeof a === "object" && signature(a) === signature(b));
  if (!isPlain(b)) return false;
  let keys = 0;
  for (const key in a) {
    if (!(key in b) || !sameSignature(a[key], b[key])) return false;
    keys++;
  }
  for (const _ in b) keys--;
  return keys === 0;
}

function sameTensor(a: Tensor, b: Tensor): boolean {
  if (a.value.dtype !== b.value.dtype || a.shape.length !== b.shape.length) return false;
  for (let axis = 0; axis < a.shape.length; axis++) if (a.shape[axis] !== b.shape[axis]) return false;
  return true;
}

function entries(structure: unknown): [string, unknown][] {
  return Array.isArray(structure) || isPlain(structure) ? Object.entries(structure as object) : [];
}

/** Objects written as literals; instances of classes are constants. */
function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
