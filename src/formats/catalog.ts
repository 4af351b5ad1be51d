/**
 * The number formats that Roundoff knows, as data, and how to find one by name. A new format is one entry here; nothing
 * else may name a format. Knows nothing of rounding or tensors. Truth: the standard named in each entry's `source`.
 */
import { RoundoffError, unknownName } from "../base/errors.ts";
import { powerOfTwo } from "./exponents.ts";
import type { FixedFormat, FloatFormat, NumberFormat } from "./format.ts";

/** What IEEE 754 fixes for every interchange format: bias, ±Infinity, NaN, −0, subnormals, all but the top exponent. */
function ieee(
  name: string,
  aliases: readonly string[],
  widths: { readonly exponentBits: number; readonly precision: number },
  source: string,
): FloatFormat {
  const { exponentBits, precision } = widths;
  const bias = 2 ** (exponentBits - 1) - 1;
  return {
    kind: "float",
    name,
    aliases,
    bits: exponentBits + precision,
    exponentBits,
    precision,
    bias,
    maxFinite: (2 - powerOfTwo(1 - precision)) * powerOfTwo(bias),
    hasSign: true,
    hasZero: true,
    hasInfinity: true,
    hasNaN: true,
    hasNegativeZero: true,
    hasSubnormals: true,
    source,
  };
}

function dynamicFixed(bits: number, aliases: readonly string[]): FixedFormat {
  return { kind: "fixed", name: `int${bits}`, aliases, bits, source: "Das et al. 2018" };
}

/** Every format, floats first, widest first. */
export const FORMATS: readonly NumberFormat[] = [
  ieee(
    "fp32",
    ["float32", "f32", "single", "binary32"],
    { exponentBits: 8, precision: 24 },
    "IEEE 754-2019 binary32",
  ),
  ieee(
    "tf32",
    ["tensorfloat32"],
    { exponentBits: 8, precision: 11 },
    "NVIDIA A100 Tensor Core GPU Architecture, 2020",
  ),
  ieee("bf16", ["bfloat16"], { exponentBits: 8, precision: 8 }, "Kalamkar et al. 2019"),
  ieee(
    "fp16",
    ["float16", "f16", "half", "binary16"],
    { exponentBits: 5, precision: 11 },
    "IEEE 754-2019 binary16",
  ),
  ieee(
    "e5m2",
    ["f8e5m2", "fp8e5m2", "fp8_e5m2", "float8_e5m2"],
    { exponentBits: 5, precision: 3 },
    "OCP OFP8 1.0",
  ),
  {
    kind: "float",
    name: "e4m3",
    aliases: ["e4m3fn", "f8e4m3fn", "fp8e4m3", "fp8_e4m3", "float8_e4m3fn"],
    bits: 8,
    exponentBits: 4,
    precision: 4,
    bias: 7,
    // The top exponent holds numbers: only the all-ones code is given up, for NaN.
    maxFinite: 448,
    hasSign: true,
    hasZero: true,
    hasInfinity: false,
    hasNaN: true,
    hasNegativeZero: true,
    hasSubnormals: true,
    source: "OCP OFP8 1.0",
  },
  dynamicFixed(16, ["dfp16", "i16"]),
  dynamicFixed(8, ["dfp8", "i8"]),
];

const byName: ReadonlyMap<string, NumberFormat> = new Map(
  FORMATS.flatMap((entry) => [entry.name, ...entry.aliases].map((name) => [name, entry] as const)),
);

/**
 * The format of a name or alias, in any case of letters.
 * @throws RoundoffError UNKNOWN_NAME, listing the names and the closest one.
 */
export function format(name: string): NumberFormat {
  const found = byName.get(name.toLowerCase());
  if (found === undefined)
    throw unknownName(
      "number format",
      name,
      FORMATS.map((entry) => entry.name),
    );
  return found;
}

/**
 * The float format of a name or alias.
 * @throws RoundoffError UNKNOWN_NAME, or INVALID_ARGUMENT if the name is that of another kind of format.
 */
export function floatFormat(name: string): FloatFormat {
  const found = format(name);
  if (found.kind === "float") return found;
  const floats = FORMATS.filter((entry) => entry.kind === "float").map((entry) => entry.name);
  throw new RoundoffError("INVALID_ARGUMENT", {
    what: `number format "${found.name}" is not a floating-point format`,
    expected: `one of ${floats.join(", ")}`,
    received: `"${name}" (kind: ${found.kind})`,
  });
}
