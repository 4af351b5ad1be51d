import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { END, HEADER } from "../runlog/fixtures.ts";
import { encodeJson } from "../runlog/numbers.ts";
import { readResult } from "./results.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "roundoff-results-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it("a run has a result once its record has an end; one stopped before its header was whole has not begun", async () => {
  const place = { setting: "one", recipe: "fp32", seed: 1, directory };
  const read = () => readResult(place, directory);
  const [header, end] = [encodeJson(HEADER), encodeJson(END)];
  expect(await read()).toBeUndefined();
  for (const record of ["", header.slice(0, 20), `${header}\n`, `${header}\n${end}`]) {
    writeFileSync(join(directory, "run.jsonl"), record);
    expect(await read()).toBeUndefined();
  }
  writeFileSync(join(directory, "run.jsonl"), `${header}\n${end}\n`);
  expect(await read()).toMatchObject({ status: END.status, facts: { model: HEADER.model } });
});
