/** PPM pictures: what is written is read, headers as others write them, and every damaged file is refused. */
import { describe, expect, it } from "vitest";
import { decodePicture } from "./decode-picture.ts";
import { ruledPicture } from "./pictures.fixture.ts";
import { encodePpm } from "./ppm.ts";

const decode = (bytes: Uint8Array) => decodePicture(bytes, "x.ppm", { codecs: {} });
const refused = (message: RegExp) =>
  expect.objectContaining({ code: "DATA_CORRUPT", message: expect.stringMatching(message) });
/** A header and pixels 0, 1, 2, … behind it. */
const file = (header: string, pixels: number) =>
  new Uint8Array([...Buffer.from(header, "latin1"), ...Array.from({ length: pixels }, (_, i) => i)]);

describe("PPM", () => {
  it("gives the very picture that was encoded, without any package", () => {
    const picture = ruledPicture(37, 29);
    expect(decode(encodePpm(picture))).toEqual(picture);
  });

  it.each(["P6 2 1 255\n", "P6\n2 1\n255 ", "P6\n# made by hand\n2\t# wide\n1\n255\n"])(
    "reads the header %j",
    (header) => {
      expect(decode(file(header, 6))).toEqual({
        width: 2,
        height: 1,
        rgb: new Uint8Array([0, 1, 2, 3, 4, 5]),
      });
    },
  );

  it("is refused wherever it is cut off, and with bytes behind it", () => {
    const whole = file("P6\n2 1\n255\n", 6);
    for (let length = 0; length < whole.length; length++) {
      expect(() => decode(whole.subarray(0, length)), `${length} bytes`).toThrow(refused(/cannot be used/));
    }
    expect(() => decode(whole.subarray(0, -1))).toThrow(refused(/it is cut off after 16 bytes/));
    expect(() => decode(file("P6\n2 1\n255\n", 8))).toThrow(refused(/2 bytes follow its pixels/));
  });

  it("is refused for what it declares", () => {
    expect(() => decode(file("P6\n2 1\n65535\n", 12))).toThrow(refused(/largest value is 65535/));
    expect(() => decode(file("P6\n0 1\n255\n", 0))).toThrow(refused(/0 × 1 pixels/));
    expect(() => decode(file("P6\n99999 99999\n255\n", 0))).toThrow(refused(/more than/));
    expect(() => decode(file("P6\n-2 1\n255\n", 6))).toThrow(refused(/header/));
    expect(() => decode(file(`P6${" ".repeat(900)}x`, 0))).toThrow(refused(/header/));
    expect(() => decode(file("P3\n2 1\n255\n", 6))).toThrow(refused(/neither JPEG nor PNG nor PPM/));
  });
});
