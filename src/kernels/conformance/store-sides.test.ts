/** What commands write beside their first output: largest magnitude and signs, on every kernel set, over blocks and tails. */
import { describe, expect, it } from "vitest";
import { floatFormat } from "../../formats/catalog.ts";
import type { Buffer, Command, KernelSet, Operand, StoreRounding } from "../contract.ts";
import { externalFloats } from "../external-floats.fixture.ts";
import { normals } from "./data.ts";
import { implementations } from "./implementations.ts";

const ELEMENTS = 40_003;
const BF16 = floatFormat("bf16");
const ROUNDED: StoreRounding = { format: BF16, rounding: "nearestEven", overflow: "infinity", tensorId: 0 };

/** y = 2x − 0.5, rounded where `store` says so, with its amax and signs; the signs go through one byte. */
async function sides(kernels: KernelSet, x: Float32Array, store?: StoreRounding) {
  const codes: Buffer = {
    place: "arena",
    offset: 0,
    name: "",
    dtype: "code8",
    elements: ELEMENTS,
    codes: floatFormat("e4m3"),
  };
  const buffers = [
    externalFloats("x", ELEMENTS),
    externalFloats("y", ELEMENTS),
    externalFloats("amax", 1),
    codes,
  ];
  buffers.push(externalFloats("signs", ELEMENTS));
  const operand = (buffer: number, elements = ELEMENTS): Operand => ({
    buffer,
    shape: [elements],
    dtype: buffers[buffer].dtype,
  });
  const affine: Command = {
    op: "affine",
    attrs: { scale: 2, offset: -0.5 },
    inputs: [operand(0)],
    outputs: [{ ...operand(1), store }],
    beside: { amax: operand(2, 1), signs: operand(3) },
  };
  const copy: Command = { op: "copy", attrs: {}, inputs: [operand(3)], outputs: [operand(4)] };
  const arrays = new Map([["x", x]]);
  for (const name of ["y", "signs"]) arrays.set(name, new Float32Array(ELEMENTS));
  arrays.set("amax", Float32Array.of(1e9));
  const plan = { buffers, arenaBytes: 40_064, commands: [affine, copy], clockBuffer: -1 };
  const prepared = kernels.prepare(plan, arrays);
  // A second run begins anew.
  await prepared.run();
  await prepared.run();
  return { y: arrays.get("y")!, amax: arrays.get("amax")![0], signs: arrays.get("signs")! };
}

describe.each(implementations())("beside an output of $name", ({ kernels }) => {
  it.each([
    ["as computed", undefined],
    ["rounded", ROUNDED],
  ])("stand the amax and the signs of its elements, %s", async (_, store) => {
    const x = normals(ELEMENTS, 7);
    x[12_345] = 0.25;
    const { y, amax, signs } = await sides(kernels, x, store);
    expect(amax).toBe(y.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
    expect(signs).toEqual(y.map(Math.sign));
    expect(signs[12_345]).toBe(0);
  });

  it("is NaN where an element is", async () => {
    const x = normals(ELEMENTS, 8);
    x[0] = Infinity;
    x[39_999] = NaN;
    const { amax, signs } = await sides(kernels, x);
    expect([amax, signs[0], signs[39_999]]).toEqual([NaN, 1, NaN]);
  });
});
