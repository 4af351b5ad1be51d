/** Options of commands that round files of values: mode, overflow, scale rule, and the key of the random bits. */
import type { Command } from "commander";
import {
  OVERFLOWS,
  type Overflow,
  ROUNDINGS,
  type Rounding,
  SCALE_RULES,
  type ScaleRule,
} from "../../formats/format.ts";
import type { BulkKey } from "../../kernels/bulk.ts";
import { splitSeed } from "../../random/streams.ts";
import { choiceOption, integerOption } from "../option-values.ts";

const UINT32_MAX = 2 ** 32 - 1;
const ALL_RANDOM_BITS = 32;

export interface ModeOptions {
  readonly rounding: Rounding;
  readonly overflow: Overflow;
  readonly scaleRule?: ScaleRule;
}

export interface RandomnessOptions {
  readonly seed: number;
  readonly step: number;
  readonly tensor: number;
  readonly randomBits: number;
}

export function declareModes(command: Command): Command {
  return command
    .option("--rounding <mode>", ROUNDINGS.join(", "), choiceOption("--rounding", ROUNDINGS), "nearestEven")
    .option("--overflow <rule>", OVERFLOWS.join(", "), choiceOption("--overflow", OVERFLOWS), "saturate");
}

export function declareScaleRule(command: Command): Command {
  return command.option(
    "--scale-rule <rule>",
    `shared exponents: ${SCALE_RULES.join(", ")} (default: floor)`,
    choiceOption("--scale-rule", SCALE_RULES),
  );
}

/** The key of the random bits of `stochastic`: the same key gives the same bits everywhere in Roundoff. */
export function declareRandomness(command: Command): Command {
  const word = (name: string) => integerOption(name, { min: 0, max: UINT32_MAX });
  return command
    .option("--seed <n>", "for stochastic: the seed", integerOption("--seed", { min: 0 }), 0)
    .option("--step <n>", "for stochastic: the step", word("--step"), 0)
    .option("--tensor <n>", "for stochastic: the tensor id", word("--tensor"), 0)
    .option(
      "--random-bits <n>",
      "for stochastic: random bits of each rounding",
      integerOption("--random-bits", { min: 1, max: ALL_RANDOM_BITS }),
      ALL_RANDOM_BITS,
    );
}

/** The key of an array; `offset` numbers the arrays of one command. */
export function keyOf({ seed, step, tensor }: RandomnessOptions, offset = 0): BulkKey {
  const [seedLow, seedHigh] = splitSeed(seed);
  return { seedLow, seedHigh, step, tensorId: (tensor + offset) >>> 0 };
}
