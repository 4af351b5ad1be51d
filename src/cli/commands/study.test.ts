import { describe, expect, it } from "vitest";
import { loadStudy } from "../../studies/catalog.ts";
import { adjustSpec } from "./study.ts";

describe("the options of a study", () => {
  it("take the study's own seeds first and go on with new ones", async () => {
    const spec = { ...(await loadStudy("quick")), seeds: [5, 3] };
    const seeds = (count?: number) => adjustSpec(spec, { seeds: count, quick: false }).seeds;
    expect(seeds()).toEqual([5, 3]);
    expect(seeds(1)).toEqual([5]);
    expect(seeds(4)).toEqual([5, 3, 6, 7]);
  });

  it("make every setting small under --quick, and none larger", async () => {
    const spec = await loadStudy("quick");
    const tiny = { ...spec.settings[0], id: "tiny", epochs: 1, trainLimit: 10, testLimit: undefined };
    const { settings, seeds } = adjustSpec({ ...spec, settings: [...spec.settings, tiny] }, { quick: true });
    expect(seeds).toHaveLength(1);
    expect(settings.map(({ epochs }) => epochs)).toEqual([1, 1]);
    expect(settings[0].trainLimit).toBeLessThan(spec.settings[0].trainLimit ?? 60000);
    expect(settings[1].trainLimit).toBe(10);
    expect(settings[1].testLimit).toBe(1000);
  });
});
