/** The command line of `npm run test:exhaustive`. Knows nothing of kernels. */
import { parseArgs } from "node:util";
import { FORMATS, floatFormat } from "../../src/formats/catalog.ts";
import type { FloatFormat, Overflow } from "../../src/formats/format.ts";
import { OVERFLOWS, ROUNDINGS } from "../../src/formats/format.ts";
import type { Tier } from "../../src/kernels/native-load.ts";
import { TIERS } from "../../src/kernels/native-load.ts";
import type { RoundingRequest } from "../oracle/subjects.ts";

export interface ExhaustiveOptions {
  readonly requests: readonly RoundingRequest[];
  /** Undefined: the fastest that runs here. */
  readonly tiers: readonly Tier[] | undefined;
  /** Only every `step`-th window of 2^20 inputs; 1 is the whole domain. */
  readonly step: number;
  /** Where roundoff.node lies. */
  readonly build: string;
}

/** What the command does without `--formats`. `all` are the float formats of at most 16 bits. */
const DEFAULT_FORMATS = ["bf16", "fp16", "e5m2", "e4m3", "e3m2", "e2m3", "e2m1", "binary8p3"];
const MODES = ROUNDINGS.filter((mode) => mode !== "stochastic");

export const USAGE = `npm run test:exhaustive -- [options]
  --formats a,b    float formats, or "all" (of at most 16 bits)   default ${DEFAULT_FORMATS.join(",")}
  --modes a,b      rounding modes, or "all" (but stochastic)      default nearestEven
  --overflows a,b  overflow rules, or "all"                       default saturate
  --tiers a,b      tiers of the native kernels, or "all"          default the fastest that runs here
  --step n         only every n-th window of 2^20 inputs          default 1, the whole domain
`;

/** @throws Error or RoundoffError that says which option is wrong. */
export function parseOptions(argv: readonly string[]): ExhaustiveOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      formats: { type: "string", default: DEFAULT_FORMATS.join(",") },
      modes: { type: "string", default: "nearestEven" },
      overflows: { type: "string", default: "saturate" },
      tiers: { type: "string" },
      step: { type: "string", default: "1" },
      build: { type: "string", default: "build" },
    },
  });
  const step = Number(values.step);
  if (!Number.isInteger(step) || step < 1)
    throw new Error(`--step must be a positive integer, not ${values.step}`);
  const overflows = chosen("--overflows", values.overflows, OVERFLOWS);
  const modes = chosen("--modes", values.modes, MODES);
  const tiers = values.tiers === undefined ? undefined : chosen("--tiers", values.tiers, TIERS);
  return {
    requests: combined(formatsOf(values.formats), modes, overflows),
    tiers,
    step,
    build: values.build,
  };
}

function combined(
  formats: readonly FloatFormat[],
  modes: readonly RoundingRequest["mode"][],
  overflows: readonly Overflow[],
): RoundingRequest[] {
  return formats.flatMap((format) =>
    modes.flatMap((mode) => overflows.map((overflow) => ({ format, mode, overflow }))),
  );
}

function formatsOf(list: string): FloatFormat[] {
  if (list !== "all") return list.split(",").map(floatFormat);
  return FORMATS.filter((entry): entry is FloatFormat => entry.kind === "float" && entry.bits <= 16);
}

function chosen<T extends string>(option: string, list: string, known: readonly T[]): readonly T[] {
  if (list === "all") return known;
  return list.split(",").map((name) => {
    const found = known.find((entry) => entry === name);
    if (found === undefined)
      throw new Error(`${option}: expected ${known.join(", ")} or all, received ${name}`);
    return found;
  });
}
