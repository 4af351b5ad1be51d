/** The examples do what they say: each is run as it is, from its source. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const FOLDER = new URL("../examples/", import.meta.url);

it("the classifier tells rows from columns", async () => {
  const { accuracy } = await import("../examples/classifier.ts");
  expect(accuracy).toBeGreaterThan(0.9);
});

it("the generator makes points near the circle", async () => {
  const { meanRadius } = await import("../examples/gan.ts");
  expect(Math.abs(meanRadius - 1)).toBeLessThan(0.3);
});

it("the LSTM recites its rhyme", async () => {
  const { remembered } = await import("../examples/char-lstm.ts");
  expect(remembered).toBeGreaterThan(0.9);
});

it("the Transformer repeats what it read", async () => {
  const { accuracy } = await import("../examples/transformer.ts");
  expect(accuracy).toBeGreaterThan(0.9);
});

it.each(readdirSync(FOLDER).filter((name) => name.endsWith(".ts")))("%s has at most 40 lines", (name) => {
  const lines = readFileSync(new URL(name, FOLDER), "utf8").trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(40);
});
