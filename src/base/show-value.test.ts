import { expect, it } from "vitest";
import { showValue } from "./show-value.ts";

it("shows any value shortly", () => {
  expect(showValue({ a: [1, "x"] })).toBe('{"a":[1,"x"]}');
  expect(showValue(undefined)).toBe("nothing");
  expect(showValue("x".repeat(100), 10)).toBe('"xxxxxx...');
  const deep: unknown = JSON.parse("[".repeat(100_000) + "]".repeat(100_000));
  expect(showValue(deep)).toMatch(/nested too deeply/);
});
