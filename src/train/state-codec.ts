/**
 * State arrays as stored tensors. A state that its recipe keeps in a narrow float format (FP16 master weights) is stored in
 * that format: half the bytes, and other tools see what it is. Never rounds: a value that the format does not hold, a NaN
 * with another payload included, makes the whole tensor F32.
 */

import type { StoredTensor, TensorDType } from "../data/safetensors-dtype.ts";
import { asFloat32, float32Tensor } from "../data/safetensors-dtype.ts";
import { decode } from "../formats/codes.ts";
import type { FloatFormat } from "../formats/format.ts";
import { emin } from "../formats/format.ts";
import type { Plan } from "../kernels/contract.ts";
import type { StateArray } from "./model-state.ts";

/** The formats that safetensors has a type for. */
const DTYPE_OF_FORMAT: Readonly<Record<string, TensorDType>> = {
  fp16: "F16",
  bf16: "BF16",
  e4m3: "F8_E4M3",
  e5m2: "F8_E5M2",
};

/** Format by state name, of the states that a plan's commands round as they write them. */
export function stateFormats(plan: Plan): ReadonlyMap<string, FloatFormat> {
  const formats = new Map<string, FloatFormat>();
  for (const { outputs } of plan.commands) {
    for (const { buffer, store } of outputs) {
      const { place, name } = plan.buffers[buffer];
      if (place === "external" && store !== undefined) formats.set(name, store.format);
    }
  }
  return formats;
}

/** The array as it is stored: in the type of `format` if every value survives that bit for bit, else F32. */
export function storeState({ data, shape }: StateArray, format?: FloatFormat): StoredTensor {
  const dtype = format === undefined ? undefined : DTYPE_OF_FORMAT[format.name];
  if (format === undefined || dtype === undefined) return float32Tensor(data, shape);
  const codes = exactCodes(data, format);
  if (codes === undefined) return float32Tensor(data, shape);
  return { dtype, shape, bytes: new Uint8Array(codes.buffer) };
}

/** The values of a stored tensor. Throws UNSUPPORTED for a type that no state is stored in. */
export function loadState(
  tensor: StoredTensor,
  formats: ReadonlyMap<TensorDType, FloatFormat>,
): Float32Array {
  const format = formats.get(tensor.dtype);
  if (format === undefined) return asFloat32(tensor);
  const table = valuesOf(format);
  const { bytes } = tensor;
  if (format.bits === 8) return Float32Array.from(bytes, (code) => table[code]);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => table[view.getUint16(2 * i, true)]);
}

/** The format behind each type in which a state may be stored. */
export function storedFormats(
  catalogue: readonly { readonly name: string }[],
): Map<TensorDType, FloatFormat> {
  return new Map(
    catalogue.flatMap((entry) => {
      const dtype = DTYPE_OF_FORMAT[entry.name];
      return dtype === undefined ? [] : [[dtype, entry as FloatFormat] as const];
    }),
  );
}

function exactCodes(data: Float32Array, format: FloatFormat): Uint8Array | Uint16Array | undefined {
  const valueBits = new Uint32Array(valuesOf(format).buffer);
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const codes = format.bits === 8 ? new Uint8Array(data.length) : new Uint16Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const code = candidateCode(bits[i], format);
    if (valueBits[code] !== bits[i]) return undefined;
    codes[i] = code;
  }
  return codes;
}

/** The only code that can have these FP32 bits as its value; which it has is for the caller to check. */
function candidateCode(bits: number, format: FloatFormat): number {
  const { precision, bias } = format;
  const sign = (bits >>> 31) * 2 ** (format.bits - 1);
  const field = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  // Infinity and NaN: all ones in the exponent; without an Infinity, all ones altogether.
  if (field === 255)
    return (
      sign +
      (format.hasInfinity
        ? (2 ** format.exponentBits - 1) * 2 ** (precision - 1) + (fraction >>> (24 - precision))
        : 2 ** (format.bits - 1) - 1)
    );
  const exponent = field === 0 ? -126 : field - 127;
  const significand = field === 0 ? fraction : fraction | 0x800000;
  const below = emin(format) - exponent;
  if (below <= 0 && field !== 0) {
    const code = (exponent + bias) * 2 ** (precision - 1) + (fraction >>> (24 - precision));
    return code < 2 ** (format.bits - 1) ? sign + code : 0;
  }
  const shift = 24 - precision + Math.max(below, 0);
  return sign + (shift > 31 ? 0 : significand >>> shift);
}

const tables = new Map<FloatFormat, Float32Array>();

/** Every value of a format of at most 16 bits, by code. */
function valuesOf(format: FloatFormat): Float32Array {
  const known = tables.get(format);
  if (known !== undefined) return known;
  const table = Float32Array.from({ length: 2 ** format.bits }, (_, code) => decode(code, format));
  tables.set(format, table);
  return table;
}
