import { describe, expect, it } from "vitest";
import type { Tensor } from "../graph/tensor.ts";
import { Linear, Module } from "../nn/index.ts";
import { compile, valueAndGrad } from "./compile.ts";
import { tensor } from "./eager.ts";

const numbers = async (t: Tensor) => Array.from(await t.data());

describe("eager tensors", () => {
  it("compute when asked", async () => {
    const a = tensor([
      [1, 2],
      [3, 4],
    ]);
    const b = a
      .matmul(a)
      .add(tensor([10, 20]))
      .relu();
    expect(b.shape).toEqual([2, 2]);
    expect(await numbers(b)).toEqual([17, 30, 25, 42]);
    // What was computed once is where later operations start from.
    expect(await b.sum().item()).toBe(114);
    expect(await tensor(3).item()).toBe(3);
  });

  it("refuse lists of unequal sizes and wrong shapes", () => {
    expect(() => tensor([[1, 2], [3]])).toThrow(/do not fill/);
    expect(() => tensor(new Float32Array(5), { shape: [2, 3] })).toThrow(/6 numbers for shape \[2, 3\]/);
    expect(() => tensor([1, 2]).add(tensor([1, 2, 3]))).toThrow(/do not broadcast/);
  });

  it("go through a model that has its numbers", async () => {
    const layer = new Linear(2, 1);
    expect(() => layer.forward(tensor([[1, 2]]))).toThrow(/nn\.init/);
    layer.loadStateDict(
      new Map([
        ["weight", { shape: [1, 2], data: Float32Array.of(3, 4) }],
        ["bias", { shape: [1], data: Float32Array.of(5) }],
      ]),
    );
    expect(await numbers(layer.forward(tensor([[1, 2]])))).toEqual([16]);
  });

  it("do not keep operations alive: a long chain is one program, and reading cuts it", async () => {
    let x = tensor(0);
    for (let i = 0; i < 2000; i++) x = x.affine(1, 1);
    expect(await x.item()).toBe(2000);
  });
});

describe("a compiled function", () => {
  it("takes and gives structures, and is traced once per shapes", async () => {
    let traced = 0;
    const f = compile(({ a, b }: { a: Tensor; b: Tensor }, scale: number) => {
      traced++;
      return { sum: a.add(b), list: [a.affine(scale), b] };
    });
    const first = await f({ a: tensor([1, 2]), b: tensor([3, 4]) }, 10);
    const second = await f({ a: tensor([5, 6]), b: tensor([7, 8]) }, 10);
    expect(await numbers(first.sum)).toEqual([4, 6]);
    expect(await numbers(second.list[0])).toEqual([50, 60]);
    expect(await numbers(second.list[1])).toEqual([7, 8]);
    expect([traced, f.plans]).toEqual([1, 1]);
    await f({ a: tensor([[1]]), b: tensor([1]) }, 10);
    await f({ a: tensor([1, 2]), b: tensor([3, 4]) }, 11);
    expect([traced, f.plans]).toEqual([3, 3]);
  });

  it("keeps the most recently used programs", async () => {
    const f = compile((x: Tensor) => x.relu(), { maxPlans: 2 });
    for (const size of [1, 2, 1, 3, 1]) await f(tensor(new Float32Array(size)));
    expect(f.plans).toBe(2);
  });

  it("serves calls that overlap in their order", async () => {
    const f = compile((x: Tensor) => x.square());
    const results = await Promise.all([1, 2, 3].map(async (x) => (await f(tensor(x))).item()));
    expect(results).toEqual([1, 4, 9]);
  });

  it("says in which module shapes do not fit", async () => {
    class Net extends Module {
      fc = new Linear(3, 2);
      forward(x: Tensor) {
        return this.fc.forward(x);
      }
    }
    const error = /matmul in module "fc".*K = 4 from \[1, 4\].*3 from \[2, 3\]/;
    await expect(compile(new Net())(tensor([[1, 2, 3, 4]]))).rejects.toThrow(error);
  });

  it("cannot be called after it was disposed of while running, but can be compiled anew", async () => {
    const f = compile((x: Tensor) => x.neg());
    await f(tensor(1));
    f.dispose();
    expect(f.plans).toBe(0);
    expect(await (await f(tensor(1))).item()).toBe(-1);
  });
});

describe("valueAndGrad", () => {
  it("gives the gradient of every argument in the structure of the arguments", async () => {
    const f = valueAndGrad((x: Tensor, { w, unused }: { w: Tensor; unused: Tensor }) =>
      x.mul(w).sum().add(unused.affine(0).sum().affine(0)),
    );
    const out = await f(tensor([1, 2]), { w: tensor([3, 4]), unused: tensor([9]) });
    expect(await out.value.item()).toBe(11);
    expect(await numbers(out.grads[0])).toEqual([3, 4]);
    expect(await numbers(out.grads[1].w)).toEqual([1, 2]);
    expect(await numbers(out.grads[1].unused)).toEqual([0]);
  });

  it("gives the gradients of a model's parameters by name", async () => {
    const layer = new Linear(2, 1);
    const f = valueAndGrad((x: Tensor) => layer.forward(x).sum(), { model: layer });
    const { parameterGrads } = await f(
      tensor([
        [1, 2],
        [3, 4],
      ]),
    );
    expect(await numbers(parameterGrads.weight)).toEqual([4, 6]);
    expect(await numbers(parameterGrads.bias)).toEqual([2]);
  });

  it("wants one number", async () => {
    await expect(valueAndGrad((x: Tensor) => x.relu())(tensor([1, 2]))).rejects.toThrow(/\[2\].*mean/);
  });
});
