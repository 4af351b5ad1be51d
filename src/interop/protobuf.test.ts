import { describe, expect, it } from "vitest";
import { Message } from "./protobuf.ts";

const hex = (message: Message) => Buffer.from(message.encode()).toString("hex");

describe("Message", () => {
  it("encodes the examples of the specification", () => {
    expect(hex(new Message().int(1, 150))).toBe("089601");
    expect(hex(new Message().text(2, "testing"))).toBe("120774657374696e67");
    expect(hex(new Message().message(3, new Message().int(1, 150)))).toBe("1a03089601");
    expect(hex(new Message().ints(6, [3, 270, 86942]))).toBe("3206038e029ea705");
    expect(hex(new Message().int(1, -2))).toBe(`08fe${"ff".repeat(8)}01`);
  });

  it("encodes numbers as little-endian IEEE 754, and fields above 15 in two bytes of tag", () => {
    expect(hex(new Message().float(2, 1))).toBe("150000803f");
    expect(hex(new Message().double(1, -2))).toBe("0900000000000000c0");
    expect(hex(new Message().int(20, 7))).toBe("a00107");
    expect(hex(new Message().doubles(6, [1]))).toBe("3208000000000000f03f");
  });
});
