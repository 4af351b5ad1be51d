import { expect, it } from "vitest";
import { loadStudy } from "../../studies/catalog.ts";
import { withSeeds } from "./study.ts";

it("takes the study's own seeds first and goes on with new ones", async () => {
  const spec = { ...(await loadStudy("quick")), seeds: [5, 3] };
  expect(withSeeds(spec, {}).seeds).toEqual([5, 3]);
  expect(withSeeds(spec, { seeds: 1 }).seeds).toEqual([5]);
  expect(withSeeds(spec, { seeds: 4 }).seeds).toEqual([5, 3, 6, 7]);
  expect(withSeeds(spec, { seeds: 3, seedOffset: 100 }).seeds).toEqual([105, 103, 106]);
});
