/** The numbers that the addon reads, in the order that native/ expects. */
import { describe, expect, it } from "vitest";
import { floatFormat } from "../formats/catalog.ts";
import type { Command } from "./contract.ts";
import { encodeAttrs, encodePlan, encodeStore } from "./native-encode.ts";
import { STORE_ORDER } from "./native-load.ts";

const attrsOf = (op: string, attrs: object): number[] =>
  encodeAttrs({ op, attrs, inputs: [], outputs: [] } as unknown as Command);

describe("encodeAttrs", () => {
  it("follows ATTR_ORDER, with names as indices and booleans as 0 or 1", () => {
    expect(attrsOf("matmul", { carrier: "i16", transB: true, transA: false })).toEqual([0, 1, 2]);
    expect(attrsOf("unary", { kind: "gelu" })).toEqual([11, 0, 0]);
    expect(attrsOf("unary", { kind: "hardtanh", alpha: -2, beta: 3 })).toEqual([28, -2, 3]);
    expect(attrsOf("reduce", { kind: "norm2", axes: [0, 3] })).toEqual([5, 0, 0, 3]);
    expect(attrsOf("binary", { kind: "minimum" })).toEqual([5]);
    expect(attrsOf("quantizeDynamicFixed", { tensorId: 9, bits: 8, rounding: "stochastic" })).toEqual([
      8, 6, 9,
    ]);
  });

  it("spreads lists", () => {
    expect(attrsOf("transpose", { perm: [2, 0, 1] })).toEqual([2, 0, 1]);
    expect(attrsOf("reduceSum", { axes: [] })).toEqual([]);
  });

  it("refuses names that are not in their list, and unknown operations", () => {
    expect(() => attrsOf("unary", { kind: "sine" })).toThrowError(
      /kind of unary .*expected relu.*received sine/,
    );
    expect(() => attrsOf("matmul", { transA: false, transB: false })).toThrowError(/carrier of matmul/);
    expect(() => attrsOf("fft", {})).toThrowError(/unknown operation/);
  });
});

describe("encodeStore", () => {
  it("lists the fields of STORE_ORDER", () => {
    const format = floatFormat("e4m3");
    const store = encodeStore({ format, rounding: "toOdd", overflow: "nan", tensorId: 12 });
    expect(store).toEqual([4, -6, 448, 0, 1, 1, 1, 5, 2, 12]);
    expect(store).toHaveLength(STORE_ORDER.length);
  });
});

describe("encodePlan", () => {
  it("keeps places, types and shapes", () => {
    const plan = encodePlan({
      buffers: [
        { place: "external", offset: 0, name: "x", dtype: "f32", elements: 6 },
        { place: "arena", offset: 64, name: "", dtype: "i16", elements: 6 },
      ],
      arenaBytes: 128,
      commands: [
        {
          op: "copy",
          attrs: {},
          inputs: [{ buffer: 0, shape: [2, 3], dtype: "f32" }],
          outputs: [{ buffer: 1, shape: [6], dtype: "i16" }],
        },
      ],
      clockBuffer: -1,
    });
    expect(plan.buffers).toEqual([
      { external: true, offset: 0, dtype: 0, elements: 6 },
      { external: false, offset: 64, dtype: 2, elements: 6 },
    ]);
    expect(plan.commands[0].outputs).toEqual([{ buffer: 1, dtype: 2, shape: [6], store: undefined }]);
  });
});
