/** The life of a prepared native plan: its clock, runs at once, arrays that go away, threads that end. */
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { floatFormat } from "../formats/catalog.ts";
import type { Buffer, Command, ExternalArray, Operand, Plan } from "./contract.ts";
import { createNativeKernels } from "./native.ts";
import { encodePlan } from "./native-encode.ts";
import { loadAddon } from "./native-load.ts";

const loaded = loadAddon();
const skipped = "reason" in loaded ? ` (skipped: ${loaded.reason})` : "";

function addon() {
  if ("reason" in loaded) throw new Error(loaded.reason);
  return loaded.addon;
}

const external = (name: string, elements: number, dtype: "f32" | "i32" = "f32"): Buffer => ({
  place: "external",
  offset: 0,
  name,
  dtype,
  elements,
});

const X: Operand = { buffer: 0, shape: [3, 4], dtype: "f32" };
const Y: Operand = { buffer: 1, shape: [3, 4], dtype: "f32" };
const COPY: Command = { op: "copy", attrs: {}, inputs: [X], outputs: [Y] };
const PLAN: Plan = {
  buffers: [external("x", 12), external("y", 12), external("clock", 3, "i32")],
  arenaBytes: 0,
  commands: [COPY],
  clockBuffer: 2,
};

function arrays(): [Float32Array<ArrayBuffer>, Float32Array, Int32Array] {
  return [Float32Array.from({ length: 12 }, (_, i) => i), new Float32Array(12), Int32Array.of(1, 2, 3)];
}

const bound = (list: readonly ExternalArray[]) =>
  new Map(["x", "y", "clock"].map((name, i) => [name, list[i]]));

describe(`a prepared native plan${skipped}`, () => {
  it.skipIf(skipped !== "")("that is disposed of cannot run, and cannot be while it runs", async () => {
    const program = createNativeKernels(addon(), { threads: 2 }).prepare(PLAN, bound(arrays()));
    const running = program.run();
    expect(() => program.dispose?.()).toThrow(/released while it was running/);
    await running;
    program.dispose?.();
    program.dispose?.();
    await expect(program.run()).rejects.toThrow(/after it was released/);
  });

  it.skipIf(skipped !== "")("reads its externals and its clock anew at each run", async () => {
    const format = { ...floatFormat("bf16"), precision: 1 };
    const store = { format, rounding: "stochastic", overflow: "infinity", tensorId: 1 } as const;
    const [x, y, clock] = arrays();
    x.fill(1.5);
    const plan: Plan = { ...PLAN, commands: [{ ...COPY, outputs: [{ ...Y, store }] }] };
    const program = createNativeKernels(addon(), { threads: 2 }).prepare(plan, bound([x, y, clock]));
    const results: string[] = [];
    for (const step of [0, 1, 0]) {
      clock[2] = step;
      await program.run();
      results.push(y.join());
    }
    expect(results[2]).toBe(results[0]);
    expect(results[1]).not.toBe(results[0]);
    expect(new Set(y)).toEqual(new Set([1, 2]));
    x.fill(1);
    await program.run();
    expect(Array.from(y)).toEqual(new Array(12).fill(1));
  });

  it.skipIf(skipped !== "")("is not run while it runs, and can be run again afterwards", async () => {
    const list = arrays();
    const program = createNativeKernels(addon(), { threads: 2 }).prepare(PLAN, bound(list));
    const first = program.run();
    await expect(program.run()).rejects.toThrowError(/still running/);
    await first;
    await program.run();
    expect(list[1]).toEqual(list[0]);
  });

  it.skipIf(skipped !== "")("shares an engine with others", async () => {
    const kernels = createNativeKernels(addon(), { threads: 2 });
    const lists = Array.from({ length: 20 }, arrays);
    await Promise.all(lists.map((list) => kernels.prepare(PLAN, bound(list)).run()));
    for (const [x, y] of lists) expect(y).toEqual(x);
  });

  it.skipIf(skipped !== "")("works on shared memory, and on parts of arrays", async () => {
    const [x, , clock] = arrays();
    const y = new Float32Array(new SharedArrayBuffer(64), 8, 12);
    await createNativeKernels(addon(), { threads: 1 })
      .prepare(PLAN, bound([x, y, clock]))
      .run();
    expect(Array.from(y)).toEqual(Array.from(x));
    expect(Array.from(new Float32Array(y.buffer))).toEqual([0, 0, ...x, 0, 0]);
  });

  it.skipIf(skipped !== "")("refuses to run once an external is detached", async () => {
    const list = arrays();
    const program = createNativeKernels(addon(), { threads: 1 }).prepare(PLAN, bound(list));
    await program.run();
    structuredClone(list[0].buffer, { transfer: [list[0].buffer] });
    await expect(program.run()).rejects.toThrowError(/detached/);
  });

  it.skipIf(skipped !== "")(
    "runs in a worker thread, and a worker may end in the middle of a run",
    async () => {
      const elements = 1 << 20;
      const text = `
      const { parentPort, workerData } = require("node:worker_threads");
      const addon = require(workerData.path);
      const engine = addon.createEngine({ threads: 2, tier: "portable" });
      const x = new Float32Array(${elements}).fill(2), y = new Float32Array(${elements});
      const program = engine.prepare(workerData.plan, [x, y]);
      program.run().then(() => parentPort.postMessage(y[${elements - 1}]));
      if (workerData.leave) process.exit(0);`;
      const size = { ...X, shape: [elements] };
      const buffers = [external("x", elements), external("y", elements)];
      const log: Command = {
        op: "unary",
        attrs: { kind: "log" },
        inputs: [size],
        outputs: [{ ...size, buffer: 1 }],
      };
      const plan = encodePlan({ buffers, arenaBytes: 0, commands: [log], clockBuffer: -1 });
      const path = new URL("../../build/roundoff.node", import.meta.url).pathname;
      const start = (leave: boolean) => new Worker(text, { eval: true, workerData: { path, plan, leave } });
      const answer = new Promise((resolve, reject) => {
        start(false).once("message", resolve).once("error", reject);
      });
      expect(await answer).toBe(Math.fround(Math.log(2)));
      const exit = new Promise((resolve, reject) => {
        start(true).once("exit", resolve).once("error", reject);
      });
      expect(await exit).toBe(0);
    },
  );
});
