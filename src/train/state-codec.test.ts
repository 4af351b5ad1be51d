import { describe, expect, it } from "vitest";
import { FORMATS, floatFormat } from "../formats/catalog.ts";
import { decode } from "../formats/codes.ts";
import { loadState, storedFormats, storeState } from "./state-codec.ts";

const formats = storedFormats(FORMATS);
const bitsOf = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length);

describe("state as stored tensors", () => {
  it.each([
    ["fp16", "F16", 2],
    ["bf16", "BF16", 2],
    ["e4m3", "F8_E4M3", 1],
    ["e5m2", "F8_E5M2", 1],
  ] as const)("stores every value of %s as %s, bit for bit", (name, dtype, bytes) => {
    const format = floatFormat(name);
    const all = Float32Array.from({ length: 2 ** format.bits }, (_, code) => decode(code, format));
    const stored = storeState({ data: all, shape: [all.length] }, format);
    expect(stored.dtype).toBe(dtype);
    expect(stored.bytes.length).toBe(bytes * all.length);
    expect(bitsOf(loadState(stored, formats))).toEqual(bitsOf(all));
    // Where a code has one value and is its only one, it is the code that is stored.
    const codes = bytes === 1 ? stored.bytes : new Uint16Array(stored.bytes.buffer);
    for (const [code, value] of all.entries()) if (!Number.isNaN(value)) expect(codes[code]).toBe(code);
  });

  it("stores what the format does not hold as F32, bit for bit", () => {
    const payload = new Float32Array(Uint32Array.of(0xffc01234).buffer);
    for (const name of ["fp16", "bf16", "e4m3", "e5m2"]) {
      for (const data of [
        Float32Array.of(1, 1 + 2 ** -20),
        Float32Array.of(3e38),
        Float32Array.of(2 ** -149),
        payload,
      ]) {
        const stored = storeState({ data, shape: [data.length] }, floatFormat(name));
        expect(stored.dtype, `${name} ${data[0]}`).toBe("F32");
        expect(bitsOf(loadState(stored, formats))).toEqual(bitsOf(data));
      }
    }
  });

  it("leaves FP32 states alone", () => {
    expect(storeState({ data: Float32Array.of(1), shape: [] }).dtype).toBe("F32");
    expect(storeState({ data: Float32Array.of(1), shape: [] }, floatFormat("tf32")).dtype).toBe("F32");
  });
});
