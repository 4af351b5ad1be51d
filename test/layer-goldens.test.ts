/** Layers against PyTorch in many variants of their attributes, on every kernel set. The data: bench/peers/layer_goldens.py. */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readGoldens } from "../src/cli/goldens/manifest.ts";
import { runGoldens } from "../src/cli/goldens/report.ts";
import { implementations } from "../src/kernels/conformance/implementations.ts";

const goldens = await readGoldens(fileURLToPath(new URL("goldens/layers", import.meta.url)));

describe.each(implementations())("$name", ({ kernels }) => {
  it("agree with PyTorch in every case", async () => {
    const { passed, cases } = await runGoldens(goldens, { kernels });
    expect(cases.filter(({ ok }) => !ok)).toEqual([]);
    expect(passed).toBe(goldens.cases.length);
  });
});
