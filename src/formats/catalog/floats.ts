/**
 * The floating-point formats of the catalogue, widest first; one entry is all that a new one needs. Knows nothing of
 * rounding. Truth: the standard named in each entry's `source`.
 */
import { floatRecord } from "../custom-float.ts";
import type { FloatFormat } from "../format.ts";

const OCP_OFP8 = "OCP OFP8 1.0";
const OCP_MX = "OCP MX 1.0";
const GRAPHCORE = "Noune et al. 2022, 8-bit Numerical Formats for Deep Neural Networks";
const IEEE_LIKE = "ml_dtypes, IEEE 754 layout";

const WIDE: readonly FloatFormat[] = [
  floatRecord({
    name: "fp64",
    aliases: ["float64", "f64", "double", "binary64"],
    exponentBits: 11,
    precision: 53,
    source: "IEEE 754-2019 binary64",
  }),
  floatRecord({
    name: "fp32",
    aliases: ["float32", "f32", "single", "binary32"],
    exponentBits: 8,
    precision: 24,
    source: "IEEE 754-2019 binary32",
  }),
  floatRecord({
    name: "tf32",
    aliases: ["tensorfloat32"],
    exponentBits: 8,
    precision: 11,
    source: "NVIDIA A100 Tensor Core GPU Architecture, 2020",
  }),
  floatRecord({
    name: "bf16",
    aliases: ["bfloat16"],
    exponentBits: 8,
    precision: 8,
    source: "Kalamkar et al. 2019",
  }),
  floatRecord({
    name: "fp16",
    aliases: ["float16", "f16", "half", "binary16"],
    exponentBits: 5,
    precision: 11,
    source: "IEEE 754-2019 binary16",
  }),
];

const EIGHT_BITS: readonly FloatFormat[] = [
  floatRecord({
    name: "e5m2",
    aliases: ["f8e5m2", "fp8e5m2", "fp8_e5m2", "float8_e5m2"],
    exponentBits: 5,
    precision: 3,
    source: OCP_OFP8,
  }),
  floatRecord({
    name: "e4m3",
    aliases: ["e4m3fn", "f8e4m3fn", "fp8e4m3", "fp8_e4m3", "float8_e4m3fn"],
    exponentBits: 4,
    precision: 4,
    specials: "fn",
    source: OCP_OFP8,
  }),
  floatRecord({
    name: "e4m3ieee",
    aliases: ["f8e4m3", "float8_e4m3"],
    exponentBits: 4,
    precision: 4,
    source: IEEE_LIKE,
  }),
  floatRecord({
    name: "e5m2fnuz",
    aliases: ["f8e5m2fnuz", "float8_e5m2fnuz"],
    exponentBits: 5,
    precision: 3,
    bias: 16,
    specials: "fn",
    hasNegativeZero: false,
    source: GRAPHCORE,
  }),
  floatRecord({
    name: "e4m3fnuz",
    aliases: ["f8e4m3fnuz", "float8_e4m3fnuz"],
    exponentBits: 4,
    precision: 4,
    bias: 8,
    specials: "fn",
    hasNegativeZero: false,
    source: GRAPHCORE,
  }),
  floatRecord({
    name: "e4m3b11fnuz",
    aliases: ["f8e4m3b11fnuz", "float8_e4m3b11fnuz"],
    exponentBits: 4,
    precision: 4,
    bias: 11,
    specials: "fn",
    hasNegativeZero: false,
    source:
      "Sun et al. 2019, Hybrid 8-bit Floating Point Training and Inference; special values as ml_dtypes",
  }),
  floatRecord({
    name: "e3m4",
    aliases: ["f8e3m4", "float8_e3m4"],
    exponentBits: 3,
    precision: 5,
    source: IEEE_LIKE,
  }),
];

/**
 * ml_dtypes calls these `…fn`, though they have no NaN. In the names of this project `fn` means one NaN, so that `e2m1fn`
 * is another format; the full names of ml_dtypes are aliases.
 */
const NARROW: readonly FloatFormat[] = [
  floatRecord({
    name: "e3m2",
    aliases: ["fp6e3m2", "fp6_e3m2", "float6_e3m2fn"],
    exponentBits: 3,
    precision: 3,
    specials: "f",
    source: OCP_MX,
  }),
  floatRecord({
    name: "e2m3",
    aliases: ["fp6e2m3", "fp6_e2m3", "float6_e2m3fn"],
    exponentBits: 2,
    precision: 4,
    specials: "f",
    source: OCP_MX,
  }),
  floatRecord({
    name: "e2m1",
    aliases: ["fp4", "fp4e2m1", "fp4_e2m1", "float4_e2m1fn"],
    exponentBits: 2,
    precision: 2,
    specials: "f",
    source: OCP_MX,
  }),
];

/** The scale of MX: a bare power of two. No sign, no zero, one NaN. */
const E8M0: FloatFormat = {
  kind: "float",
  name: "e8m0",
  aliases: ["e8m0fnu", "f8e8m0fnu", "float8_e8m0fnu"],
  bits: 8,
  exponentBits: 8,
  precision: 1,
  bias: 127,
  maxFinite: 2 ** 127,
  hasSign: false,
  hasZero: false,
  hasInfinity: false,
  hasNaN: true,
  hasNegativeZero: false,
  hasSubnormals: false,
  source: OCP_MX,
};

/** IEEE working group P3109: binary8p{P}, precision P, bias 2^(7−P), NaN in the place of −0. `sf` has no infinities. */
function p3109(precision: number): readonly FloatFormat[] {
  const shared = {
    exponentBits: 8 - precision,
    precision,
    bias: 2 ** (7 - precision),
    hasNegativeZero: false,
    draft: true,
    source: "IEEE P3109 draft",
  } as const;
  const name = `binary8p${precision}`;
  return [
    floatRecord({ ...shared, name, aliases: [`${name}se`], specials: "ieee" }),
    floatRecord({ ...shared, name: `${name}sf`, specials: "fn" }),
  ];
}

export const FLOAT_FORMATS: readonly FloatFormat[] = [
  ...WIDE,
  ...EIGHT_BITS,
  ...[1, 2, 3, 4, 5, 6, 7].flatMap(p3109),
  E8M0,
  ...NARROW,
];
