/**
 * The element types of safetensors files and their sizes, and tensors as typed arrays.
 * Source: the safetensors format description (Hugging Face), `Dtype`.
 */
import { RoundoffError, require } from "../base/errors.ts";
import { elementCount } from "../base/shape.ts";

/**
 * Bits per element by type name: the whole list of the format. Types below 8 bits are packed without gaps, the first
 * element in the low bits; a tensor of them fills whole bytes.
 */
export const DTYPE_BITS = {
  F64: 64,
  I64: 64,
  U64: 64,
  C64: 64,
  F32: 32,
  I32: 32,
  U32: 32,
  F16: 16,
  BF16: 16,
  I16: 16,
  U16: 16,
  F8_E4M3: 8,
  F8_E5M2: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I8: 8,
  U8: 8,
  BOOL: 8,
  F6_E2M3: 6,
  F6_E3M2: 6,
  F4: 4,
} as const;

export type TensorDType = keyof typeof DTYPE_BITS;

/** A tensor as it is stored: little-endian elements in row-major order. `bytes` may start at any alignment. */
export interface StoredTensor {
  readonly dtype: TensorDType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** Whether `name` is a type that this reader and writer know. */
export function isTensorDType(name: unknown): name is TensorDType {
  return typeof name === "string" && Object.hasOwn(DTYPE_BITS, name);
}

/**
 * Bytes of a tensor. Not a whole number if elements of less than a byte do not fill the last one; may exceed 2^53, and is
 * then not exact.
 */
export function tensorBytes(dtype: TensorDType, shape: readonly number[]): number {
  return (elementCount(shape) * DTYPE_BITS[dtype]) / 8;
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
