/** The pages of docs/formats/ are what the formats are. `npx vitest run test/documentation --update` writes them anew. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { FORMATS, floatFormat } from "../../src/formats/catalog.ts";
import { bitPicture, formatPage, formatsWithPage, indexPage } from "./format-pages.ts";
import { exactText, hexText, markdownTable } from "./number-text.ts";

const FOLDER = fileURLToPath(new URL("../../docs/formats/", import.meta.url));

describe("docs/formats", () => {
  it.each(formatsWithPage(FORMATS).map((format) => [format.name, format] as const))(
    "has every value of %s",
    async (name, format) => {
      await expect(formatPage(format)).toMatchFileSnapshot(`${FOLDER}${name}.md`);
    },
  );

  it("lists every format", async () => {
    await expect(indexPage(FORMATS)).toMatchFileSnapshot(`${FOLDER}README.md`);
  });

  it("has no page of a format that is gone", () => {
    const wanted = ["README.md", ...formatsWithPage(FORMATS).map(({ name }) => `${name}.md`)];
    expect(readdirSync(FOLDER).sort()).toEqual(wanted.sort());
  });
});

describe("the text of numbers", () => {
  it("is exact and short", () => {
    expect([0, -0, 448, 0.0625, 2 ** -14 * 1.25, -(2 ** -127), -Infinity, NaN].map(exactText)).toEqual([
      "0",
      "−0",
      "448",
      "0.0625",
      "1.25·2^-14",
      "−2^-127",
      "−∞",
      "NaN",
    ]);
    expect([hexText(5, 4), hexText(5, 6), hexText(254, 8)]).toEqual(["0x5", "0x05", "0xFE"]);
  });

  it("stands in aligned tables", () => {
    expect(markdownTable(["a", "value"], [["long cell", "1"]])).toBe(
      "| a         | value |\n| --------- | ----- |\n| long cell | 1     |",
    );
  });

  it("draws the bits", () => {
    expect(bitPicture(floatFormat("e4m3"))).toBe("S EEEE MMM   8 bits, highest first");
  });
});
