/** The studies that come with the package, and the forms in which a study file can be loaded. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { modelDefinition } from "../models/catalog.ts";
import { recipe } from "../recipes/catalog.ts";
import { loadStudy, studyNames } from "./catalog.ts";
import { isControl, variantOf } from "./spec.ts";

const json = {
  name: "own",
  title: "Own",
  question: "?",
  seeds: [1, 2, 3, 4],
  margin: 0.01,
  chance: 0.1,
  model: "resnet20",
  data: "fashion-mnist",
  epochs: 5,
  batchSize: 32,
  optimizer: { learningRate: 0.1 },
  recipes: ["fp32", "bf16"],
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "roundoff-catalog-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function written(study: unknown): Promise<string> {
  const path = join(folder, "study.json");
  await writeFile(path, typeof study === "string" ? study : JSON.stringify(study));
  return path;
}

describe("packaged studies", () => {
  it.each(studyNames())("%s names what exists, in every form", async (name) => {
    for (const form of [{}, { native: false }, { quick: true }, { quick: true, native: false }]) {
      const spec = await loadStudy(name, form);
      for (const setting of spec.settings) {
        modelDefinition(setting.model);
        for (const arm of setting.recipes) recipe(variantOf(spec, arm).recipe);
      }
    }
  });

  it.each(studyNames())("%s has a control: its baseline trained in another way", async (name) => {
    const spec = await loadStudy(name);
    expect(spec.settings.some(({ recipes }) => recipes.some((arm) => isControl(spec, arm)))).toBe(true);
  });

  it("has a quick study with three seeds, five formats and the negative controls", async () => {
    const spec = await loadStudy("quick");
    expect(spec.seeds.length).toBeGreaterThanOrEqual(3);
    const recipes = new Set(spec.settings.flatMap((setting) => setting.recipes));
    for (const name of ["fp32", "bf16", "fp16", "int16", "fp8", "fp8-unscaled", "bf16-pure"]) {
      expect(recipes).toContain(name);
    }
  });

  it("trains resnet20 on everything in the full study, whose short form is the quick one", async () => {
    const { settings } = await loadStudy("fashion");
    expect(settings[0]).toMatchObject({ model: "resnet20", modelOptions: {}, trainLimit: undefined });
    expect((await loadStudy("fashion", { quick: true })).name).toBe("quick");
  });
});

describe("loadStudy", () => {
  it("replaces fields by those of withoutNative when there are no native kernels", async () => {
    const path = await written({ ...json, withoutNative: { model: "lenet", epochs: 1 } });
    expect((await loadStudy(path)).settings[0]).toMatchObject({ model: "resnet20", epochs: 5 });
    expect((await loadStudy(path, { native: false })).settings[0]).toMatchObject({
      model: "lenet",
      epochs: 1,
    });
  });

  it("shortens a study that names no quick form", async () => {
    const { settings, seeds, title } = await loadStudy(await written(json), { quick: true });
    expect(settings[0]).toMatchObject({ epochs: 2, trainLimit: 6000, testLimit: 2000 });
    expect(seeds).toEqual([1, 2, 3]);
    expect(title).toContain("short form");
  });

  it("takes a folder with a study.json", async () => {
    await written(json);
    expect((await loadStudy(folder)).name).toBe("own");
  });

  it("says what is wrong with the file or the name", async () => {
    await expect(loadStudy(await written("{"))).rejects.toThrow(/cannot read the study file/);
    await expect(loadStudy(await written("[]"))).rejects.toThrow(/study/);
    await expect(loadStudy("quikc")).rejects.toThrow(/Did you mean "quick"/);
    await expect(loadStudy("none/such.json")).rejects.toThrow(/there is no study file/);
  });
});
