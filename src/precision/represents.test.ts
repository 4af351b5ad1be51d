import { describe, expect, it } from "vitest";
import { FORMATS, floatFormat } from "../formats/catalog.ts";
import { allValues } from "../formats/codes.ts";
import type { FloatFormat } from "../formats/format.ts";
import { roundToFormat } from "../formats/round.ts";
import { contains } from "./represents.ts";

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
});
