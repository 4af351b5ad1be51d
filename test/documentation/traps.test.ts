/**
 * docs/traps.md shows each example as it is and what it prints today. `npx vitest run test/documentation --update` writes
 * both into the page.
 */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { examplesOf, repositoryFile, withExamples } from "./examples.ts";

const PAGE = repositoryFile("docs/traps.md");

describe("docs/traps.md", () => {
  it("shows what the examples print", async () => {
    await expect(await withExamples(readFileSync(PAGE, "utf8"))).toMatchFileSnapshot(PAGE);
  });

  it("shows every example of examples/traps", () => {
    const files = readdirSync(repositoryFile("examples/traps")).map(
      (file) => `traps/${file.replace(".mjs", "")}`,
    );
    expect(examplesOf(readFileSync(PAGE, "utf8")).sort()).toEqual(files.sort());
  });
});
