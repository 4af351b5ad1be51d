/** TensorBoard's own reader reads such files in bench/peers/interop_check.py; here are the parts that can be checked without it. */
import { describe, expect, it } from "vitest";
import { crc32c, eventFile } from "./tensorboard.ts";

describe("crc32c", () => {
  it("gives the check values of RFC 3720", () => {
    expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  });
});

describe("eventFile", () => {
  it("frames every event by its length and masked checksums", () => {
    const file = eventFile([{ kind: "scalar", tag: "loss", step: 3, value: 1 }], 0);
    const view = new DataView(file.buffer, file.byteOffset);
    const records: string[] = [];
    for (let at = 0; at < file.length; ) {
      const length = Number(view.getBigUint64(at, true));
      const data = file.subarray(at + 12, at + 12 + length);
      const unmasked = (masked: number) => {
        const rotated = (masked - 0xa282ead8) >>> 0;
        return ((rotated << 15) | (rotated >>> 17)) >>> 0;
      };
      expect(unmasked(view.getUint32(at + 8, true))).toBe(crc32c(file.subarray(at, at + 8)));
      expect(unmasked(view.getUint32(at + 12 + length, true))).toBe(crc32c(data));
      records.push(Buffer.from(data).toString("hex"));
      at += 16 + length;
    }
    // wall_time 0, file_version; then wall_time, step 3, summary { value { tag: "loss", simple_value: 1 } }.
    expect(records).toEqual([
      `090000000000000000${Buffer.from("\x1a\x0dbrain.Event:2").toString("hex")}`,
      `09000000000000000010032a0d0a0b0a046c6f7373150000803f`,
    ]);
  });
});
