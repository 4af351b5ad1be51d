/**
 * The block formats of the catalogue: element format × kind of scale × size of block. Knows nothing of how scales are
 * chosen. Truth: the specification named in each entry's `source`.
 */
import type { BlockFormat, BlockSize, FixedFormat, FloatFormat } from "../format.ts";
import { FLOAT_FORMATS } from "./floats.ts";
import { integerFormat } from "./integers.ts";

const MX_BLOCK: BlockSize = { rows: 1, columns: 32 };
const HBFP_TILE: BlockSize = { rows: 24, columns: 24 };

function element(name: string): FloatFormat {
  return FLOAT_FORMATS.find((format) => format.name === name)!;
}

function mx(name: string, aliases: readonly string[], of: FloatFormat | FixedFormat): BlockFormat {
  return {
    kind: "block",
    name,
    aliases,
    bits: of.bits,
    element: of,
    scale: { kind: "e8m0" },
    block: MX_BLOCK,
    source: "OCP MX 1.0",
  };
}

function nvfp4(name: string, aliases: readonly string[], block: BlockSize): BlockFormat {
  return {
    kind: "block",
    name,
    aliases,
    bits: 4,
    element: element("e2m1"),
    scale: { kind: "twoLevel", format: element("e4m3") },
    block,
    source: "NVIDIA 2025, Pretraining Large Language Models with NVFP4",
  };
}

/** Block floating point: integers of `bits` bits, the sign included, under one exponent per block. */
export function blockFloat(name: string, bits: number, block: BlockSize): BlockFormat {
  return {
    kind: "block",
    name,
    aliases: name === `bfp${bits}` ? [`hbfp${bits}`] : [],
    bits,
    element: integerFormat(bits),
    scale: { kind: "sharedExponent" },
    block,
    source: "Drumond et al. 2018",
  };
}

/** `bfp{bits}`: the tiles of the HBFP paper. */
export function hybridBlockFloat(bits: number): BlockFormat {
  return blockFloat(`bfp${bits}`, bits, HBFP_TILE);
}

export const BLOCK_FORMATS: readonly BlockFormat[] = [
  mx("mxfp8e5m2", ["mxfp8_e5m2"], element("e5m2")),
  mx("mxfp8e4m3", ["mxfp8_e4m3", "mxfp8"], element("e4m3")),
  mx("mxfp6e3m2", ["mxfp6_e3m2"], element("e3m2")),
  mx("mxfp6e2m3", ["mxfp6_e2m3"], element("e2m3")),
  mx("mxfp4", ["mxfp4_e2m1", "mxfp4e2m1"], element("e2m1")),
  mx("mxint8", ["mxint8_int8"], integerFormat(8)),
  nvfp4("nvfp4", ["nvfp4t1x16"], { rows: 1, columns: 16 }),
  nvfp4("nvfp4t16x16", [], { rows: 16, columns: 16 }),
  hybridBlockFloat(12),
  hybridBlockFloat(8),
];
