/** `format list` and `format show`: the contract's keys for every kind of format. */
import { describe, expect, it } from "vitest";
import { FORMATS } from "../../formats/catalog.ts";
import { runCaptured, runJson } from "../captured-context.fixture.ts";

interface Shown {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly kind: string;
  readonly bits: number;
  readonly values?: readonly { readonly code: number; readonly value: number | string }[];
}
const show = async (name: string) => (await runJson(["format", "show", name])) as Shown;

describe("format list", () => {
  it("has every format with the keys that scripts read", async () => {
    const rows = (await runJson(["format", "list"])) as readonly Shown[];
    expect(rows.map(({ name }) => name)).toEqual(FORMATS.map(({ name }) => name));
    expect(new Set(rows.map(({ kind }) => kind))).toEqual(new Set(["float", "fixed", "block"]));
    for (const row of rows) expect(Array.isArray(row.aliases) && row.bits > 0).toBe(true);
  });

  it("is a table for readers", async () => {
    const { stdout } = await runCaptured(["format", "list"]);
    for (const { name } of FORMATS) expect(stdout).toContain(name);
  });
});

describe("format show", () => {
  it.each([
    ["e2m1", 16, { 1: 0.5, 7: 6, 8: "-0", 15: -6 }],
    ["e4m3", 256, { 126: 448, 127: "NaN" }],
    ["e5m2", 256, { 124: "Infinity", 252: "-Infinity" }],
    ["e8m0", 256, { 0: 2 ** -127, 255: "NaN" }],
    ["posit8", 256, { 1: 2 ** -24, 128: "NaN" }],
    ["int4", 15, { 1: 1, 9: -7 }],
    ["mxint8", 255, { 1: 1 / 64, 127: 127 / 64 }],
    ["nvfp4", 16, { 7: 6 }],
    ["e3m1b2f", 32, { 1: 2 ** -2 }],
  ])("lists the values of %s", async (name, count, some) => {
    const { values = [] } = await show(name);
    expect(values).toHaveLength(count);
    for (const [code, value] of Object.entries(some))
      expect(values.find((entry) => entry.code === Number(code))?.value).toBe(value);
  });

  it("lists formats of 16 bits, and none wider", async () => {
    expect((await show("posit16")).values).toHaveLength(65536);
    expect((await show("int16")).values).toHaveLength(65535);
    expect((await show("tf32")).values).toBeUndefined();
    expect((await show("int24")).values).toBeUndefined();
  });

  it("says what a posit, a draft and a block are", async () => {
    expect(await show("posit16")).toMatchObject({ kind: "float", family: "posit", maxFinite: 2 ** 56 });
    expect(await show("binary8p3")).toMatchObject({ kind: "float", draft: true, bias: 16 });
    expect(await show("nvfp4t16x16")).toMatchObject({
      kind: "block",
      element: "e2m1",
      scale: "e4m3",
      scaleLevels: 2,
      block: { rows: 16, columns: 16 },
    });
    const { stdout } = await runCaptured(["format", "show", "bfp8"]);
    expect(stdout).toMatch(/block\s+24 × 24/);
  });
});
