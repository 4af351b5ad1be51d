/**
 * State dicts: a model's numbers by PyTorch's names and in PyTorch's layouts, so that weights can come from there and go
 * there. Copies: changing a state dict does not change the model.
 */
import { RoundoffError } from "../base/errors.ts";
import { elementCount, formatShape } from "../graph/graph.ts";
import type { Parameter, StateBuffer } from "./parameter.ts";

export interface StateDictEntry {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type StateDict = Map<string, StateDictEntry>;

/** PyTorch's batch norm counts its batches; nothing here depends on the count. */
const COUNTER = /(^|\.)num_batches_tracked$/;
/** Keys listed in an error. */
const LISTED = 5;

/** Parameters and buffers that have their numbers, by full name. */
type NamedStates = readonly (readonly [string, Parameter | StateBuffer])[];

export function stateDict(states: NamedStates): StateDict {
  return new Map(
    states.map(([name, member]) => {
      const shape = torchShape(member);
      return [name, { shape, data: permuted(member.data!, member.shape, member.torchAxes) }];
    }),
  );
}

/**
 * @throws RoundoffError INVALID_ARGUMENT that names missing and unexpected keys (`strict`), SHAPE_MISMATCH for a tensor of
 * another shape. Nothing is loaded then.
 */
export function loadStateDict(
  states: NamedStates,
  from: StateDict,
  { strict = true }: { readonly strict?: boolean } = {},
): void {
  const members = new Map(states);
  const missing = [...members.keys()].filter((key) => !from.has(key));
  const unexpected = [...from.keys()].filter((key) => !members.has(key) && !COUNTER.test(key));
  if (strict && missing.length + unexpected.length > 0) throw wrongKeys(missing, unexpected);
  const pairs = [...members].flatMap(([key, member]) => {
    const entry = from.get(key);
    return entry === undefined ? [] : [{ key, member, entry }];
  });
  for (const { key, member, entry } of pairs) requireShape(key, torchShape(member), entry);
  for (const { member, entry } of pairs) {
    // Back from PyTorch's layout: our axis torchAxes[i] is its axis i.
    const inverse = member.torchAxes?.map((_, axis) => member.torchAxes!.indexOf(axis));
    member.data!.set(permuted(entry.data, torchOrder(member), inverse));
  }
}

function torchShape(member: Parameter | StateBuffer): readonly number[] {
  return member.torchVector ? [elementCount(member.shape)] : torchOrder(member);
}

function torchOrder({ shape, torchAxes }: Parameter | StateBuffer): readonly number[] {
  return torchAxes === undefined ? shape : torchAxes.map((axis) => shape[axis]);
}

function wrongKeys(missing: readonly string[], unexpected: readonly string[]): RoundoffError {
  const list = (keys: readonly string[]) =>
    keys.slice(0, LISTED).join(", ") + (keys.length > LISTED ? `, … (${keys.length} in all)` : "");
  return new RoundoffError("INVALID_ARGUMENT", {
    what: "the state dict does not fit the model",
    expected: missing.length > 0 ? `also the keys ${list(missing)}` : "no other keys",
    received: unexpected.length > 0 ? `unexpected keys ${list(unexpected)}` : "none of those",
    hint: "Load with { strict: false } to take what fits.",
  });
}

function requireShape(key: string, shape: readonly number[], { shape: given, data }: StateDictEntry): void {
  if (formatShape(shape) === formatShape(given) && data.length === elementCount(shape)) return;
  throw new RoundoffError("SHAPE_MISMATCH", {
    what: `"${key}" of the state dict has another shape than in the model`,
    expected: formatShape(shape),
    received: `${formatShape(given)} with ${data.length} elements`,
  });
}

/** A copy of dense `data` of `shape` with its axes permuted: axis i of the result is axis perm[i]. */
function permuted(data: Float32Array, shape: readonly number[], perm?: readonly number[]): Float32Array {
  if (perm === undefined) return data.slice();
  const strides = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
  const target = new Float32Array(data.length);
  const outer = perm.map((axis) => ({ size: shape[axis], stride: strides[axis] }));
  let at = 0;
  const visit = (axis: number, offset: number): void => {
    if (axis === outer.length) {
      target[at++] = data[offset];
      return;
    }
    const { size, stride } = outer[axis];
    for (let i = 0; i < size; i++) visit(axis + 1, offset + i * stride);
  };
  visit(0, 0);
  return target;
}
