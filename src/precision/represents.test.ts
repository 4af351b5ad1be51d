import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FORMATS, floatFormat } from "../formats/catalog.ts";
import { allValues } from "../formats/codes.ts";
import { customFloat, SPECIALS } from "../formats/custom-float.ts";
import type { FloatFormat } from "../formats/format.ts";
import { roundToFormat } from "../formats/round.ts";
import { Graph } from "../graph/graph.ts";
import { Tensor } from "../graph/tensor.ts";
import { contains, enclosingFloat, knownFormats } from "./represents.ts";

const floats = FORMATS.filter((format): format is FloatFormat => format.kind === "float");
const small = floats.filter(({ bits }) => bits <= 16);

describe("contains", () => {
  // The truth by enumeration: every value of the inner format survives rounding to the outer one.
  const survives = (outer: FloatFormat, inner: FloatFormat) =>
    [...allValues(inner)].every(({ value }) =>
      Object.is(roundToFormat(value, outer, "nearestEven", "infinity"), value),
    );

  it.each(small.flatMap((inner) => floats.map((outer) => [outer.name, inner.name])))(
    "%s ⊇ %s",
    (outer, inner) => {
      const [o, i] = [floatFormat(outer), floatFormat(inner)];
      expect(contains(o, i)).toBe(survives(o, i));
    },
  );

  it("asks for the precision of the smallest normal values, also of a format without subnormals", () => {
    const fields = { exponentBits: 2, precision: 2, specials: "ieee", hasNegativeZero: false } as const;
    const inner = customFloat({ ...fields, bias: 20, hasSubnormals: false });
    const outer = customFloat({ ...fields, bias: 19, hasSubnormals: true });
    expect([contains(outer, inner), survives(outer, inner)]).toEqual([false, false]);
  });

  it("never claims too much of two formats of any widths", () => {
    const anyFloat = fc
      .record({
        exponentBits: fc.integer({ min: 2, max: 5 }),
        precision: fc.integer({ min: 2, max: 6 }),
        bias: fc.integer({ min: 0, max: 20 }),
        specials: fc.constantFrom(...SPECIALS),
        hasNegativeZero: fc.boolean(),
        hasSubnormals: fc.boolean(),
      })
      .map(customFloat);
    fc.assert(
      fc.property(anyFloat, anyFloat, (outer, inner) => {
        if (contains(outer, inner)) expect(survives(outer, inner)).toBe(true);
        // What it does claim: a format is in itself, and in one with two more bits on each side.
        expect(contains(inner, inner)).toBe(true);
        const { exponentBits, precision, bias, hasInfinity } = inner;
        const wider = customFloat({
          exponentBits: exponentBits + 1,
          precision: precision + 2,
          bias: bias + 2 ** (exponentBits - 1),
          specials: hasInfinity ? "ieee" : "fn",
        });
        expect(contains(wider, inner)).toBe(true);
      }),
    );
  });
});

describe("enclosingFloat", () => {
  const bf16 = floatFormat("bf16");
  const isBf16 = (x: number) => Object.is(roundToFormat(x, bf16, "nearestEven", "nan"), x);

  it("claims BF16 of exactly those formats whose every element is a BF16 value", () => {
    for (const of of FORMATS.filter(({ kind }) => kind === "posit" || kind === "block" || kind === "fixed")) {
      // Of a block the elements: powers of two change no significand. Two levels of scales are not such.
      const element = of.kind === "block" ? of.element : of;
      const values =
        element.kind === "fixed"
          ? Array.from({ length: 2 ** (element.bits - 1) }, (_, i) => i)
          : [...allValues(element)].map(({ value }) => value).filter(Number.isFinite);
      const twoLevel = of.kind === "block" && of.scale.kind === "twoLevel";
      expect(enclosingFloat({ format: of })?.name, of.name).toBe(
        values.every(isBf16) && !twoLevel ? "bf16" : undefined,
      );
    }
  });

  it("claims nothing of integers under real scales", () => {
    const int4 = FORMATS.find(({ name }) => name === "int4")!;
    expect(enclosingFloat({ format: int4, scaling: { rule: "symmetric" } })).toBeUndefined();
    expect(enclosingFloat({ format: int4, scaling: { rule: "powerOfTwo", axis: 0 } })).toBe(bf16);
  });
});

describe("knownFormats", () => {
  const graph = new Graph();
  const rounded = (name: string, format: string) => {
    const value = graph.source({ kind: "input", name }, [4, 6], "input");
    const quantizer = { format: floatFormat(format), rounding: "nearestEven", overflow: "saturate" } as const;
    return new Tensor(graph, graph.apply("quantize", [value], { quantizer })[0]);
  };
  const [a, b, c] = [rounded("a", "e4m3"), rounded("b", "e4m3"), rounded("c", "bf16")];
  const formatOf = (x: Tensor) => knownFormats(graph).get(x.value)?.name;

  it("follows values that are only chosen or moved", () => {
    const moved = [
      a.flip([0]),
      a.pad([[1, 1]]),
      a.amax({ axes: [1] }),
      a.topK(2).values,
      a.concat([b]),
      a.where(c, b),
    ];
    expect(moved.map(formatOf)).toEqual(moved.map(() => "e4m3"));
  });

  it("claims nothing of values that are computed, or come from two formats", () => {
    const mixed = [
      a.exp(),
      a.norm({ axes: [1] }),
      a.pad([[1, 1]], { value: 1 / 3 }),
      a.concat([c]),
      a.where(b, c),
    ];
    expect(mixed.map(formatOf)).toEqual(mixed.map(() => undefined));
  });
});
