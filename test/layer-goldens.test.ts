/**
 * Layers, sequences and losses against PyTorch in many variants of their attributes, on every kernel set. The data:
 * bench/peers/layer_goldens.py and sequence_goldens.py.
 */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readGoldens } from "../src/cli/goldens/manifest.ts";
import { runGoldens } from "../src/cli/goldens/report.ts";
import { implementations } from "../src/kernels/conformance/implementations.ts";

const folders = ["layers", "sequences"] as const;

describe.each(implementations())("$name", ({ kernels }) => {
  it.each(folders)("agree with PyTorch in every case of %s", async (folder) => {
    const goldens = await readGoldens(fileURLToPath(new URL(`goldens/${folder}`, import.meta.url)));
    const { passed, cases } = await runGoldens(goldens, { kernels });
    expect(cases.filter(({ ok }) => !ok)).toEqual([]);
    expect(passed).toBe(goldens.cases.length);
  });
});
