/** Running the end of a plan: what the commands before it left in memory is what it reads. */
import { describe, expect, it } from "vitest";
import type { Buffer, Plan } from "../contract.ts";
import { implementations } from "./implementations.ts";

/** in → arena → out, by two copies. */
function copiesPlan(): Plan {
  const buffer = (place: Buffer["place"], name: string): Buffer => ({
    place,
    offset: 0,
    name,
    dtype: "f32",
    elements: 2,
  });
  const operand = (index: number) => ({ buffer: index, shape: [2], dtype: "f32" }) as const;
  const copy = (from: number, to: number) =>
    ({ op: "copy", attrs: {}, inputs: [operand(from)], outputs: [operand(to)] }) as const;
  return {
    buffers: [buffer("external", "in"), buffer("arena", ""), buffer("external", "out")],
    arenaBytes: 64,
    commands: [copy(0, 1), copy(1, 2)],
    clockBuffer: -1,
  };
}

describe.each(implementations())("$name", ({ kernels }) => {
  it("runs a plan from a command on", async () => {
    const [source, target] = [Float32Array.of(1, 2), new Float32Array(2)];
    const prepared = kernels.prepare(
      copiesPlan(),
      new Map([
        ["in", source],
        ["out", target],
      ]),
    );
    await prepared.run();
    expect([...target]).toEqual([1, 2]);
    source.set([3, 4]);
    await prepared.run(1);
    expect([...target]).toEqual([1, 2]);
    await prepared.run(0);
    expect([...target]).toEqual([3, 4]);
    target.fill(0);
    await prepared.run(2);
    expect([...target]).toEqual([0, 0]);
    for (const first of [-1, 3, 0.5]) {
      await expect(prepared.run(first)).rejects.toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT" }),
      );
    }
  });
});
