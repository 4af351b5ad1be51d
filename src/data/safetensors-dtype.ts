/**
 * The element types of safetensors files and their sizes, and tensors as typed arrays.
 * Source: the safetensors format description (Hugging Face), `Dtype`.
 */
import { RoundoffError, require } from "../base/errors.ts";

/** Bytes per element by type name. */
export const DTYPE_BYTES = {
  F64: 8,
  I64: 8,
  F32: 4,
  I32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I8: 1,
  U8: 1,
} as const;

export type TensorDType = keyof typeof DTYPE_BYTES;

/** A tensor as it is stored: little-endian elements in row-major order. `bytes` may start at any alignment. */
export interface StoredTensor {
  readonly dtype: TensorDType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** Whether `name` is a type that this reader and writer know. */
export function isTensorDType(name: unknown): name is TensorDType {
  return typeof name === "string" && Object.hasOwn(DTYPE_BYTES, name);
}

/** Elements of a shape: the product, 1 for the empty shape. May exceed 2^53, and is then not exact. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The elements of an F32 tensor: a view of its bytes, or a copy where they are misaligned. Throws UNSUPPORTED. */
export function asFloat32(tensor: StoredTensor): Float32Array {
  requireDType(tensor, "F32");
  const { buffer, byteOffset, length } = aligned(tensor.bytes, 4);
  return new Float32Array(buffer, byteOffset, length / 4);
}

/** The elements of an I32 tensor: a view of its bytes, or a copy where they are misaligned. Throws UNSUPPORTED. */
export function asInt32(tensor: StoredTensor): Int32Array {
  requireDType(tensor, "I32");
  const { buffer, byteOffset, length } = aligned(tensor.bytes, 4);
  return new Int32Array(buffer, byteOffset, length / 4);
}

/** An F32 tensor over the bytes of `values` (not copied). Throws SHAPE_MISMATCH. */
export function float32Tensor(values: Float32Array, shape: readonly number[]): StoredTensor {
  return viewTensor("F32", values, shape);
}

/** An I32 tensor over the bytes of `values` (not copied). Throws SHAPE_MISMATCH. */
export function int32Tensor(values: Int32Array, shape: readonly number[]): StoredTensor {
  return viewTensor("I32", values, shape);
}

function viewTensor(
  dtype: TensorDType,
  values: Float32Array | Int32Array,
  shape: readonly number[],
): StoredTensor {
  require(elementCount(shape) === values.length, "SHAPE_MISMATCH", () => ({
    what: "a tensor's shape does not fit its elements",
    expected: `${elementCount(shape)} elements for shape [${shape.join(", ")}]`,
    received: `${values.length} elements`,
  }));
  return { dtype, shape, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

function aligned(bytes: Uint8Array, alignment: number): Uint8Array {
  return bytes.byteOffset % alignment === 0 ? bytes : bytes.slice();
}

function requireDType({ dtype }: StoredTensor, expected: TensorDType): void {
  if (dtype === expected) return;
  throw new RoundoffError("UNSUPPORTED", {
    what: "a tensor has another element type than the one asked for",
    expected,
    received: dtype,
  });
}
