/**
 * `roundoff convert`: a file of FP32 values rounded to a number format. The way to check Roundoff's arithmetic against
 * another implementation, value by value.
 */
import type { Command } from "commander";
import { require } from "../../base/errors.ts";
import { format as findFormat } from "../../formats/catalog.ts";
import {
  isScaled,
  type NumberFormat,
  OVERFLOWS,
  type Overflow,
  ROUNDINGS,
  type Rounding,
  SCALE_RULES,
  SCALING_RULES,
  type ScaleRule,
  type ScalingRule,
} from "../../formats/format.ts";
import { splitSeed } from "../../random/streams.ts";
import { type OutputRequest, withOutputs } from "../atomic-file.ts";
import { type CliContext, printResult } from "../context.ts";
import { type Converted, type ConvertRequest, convertValues } from "../convert-values.ts";
import { float32Bytes, packCodes, readFloat32File } from "../float-file.ts";
import { choiceOption, integerOption, shapeOption } from "../option-values.ts";
import { textTable } from "../text-table.ts";
import { declareCommand, declareKernels, type JsonOption, type KernelOption, kernelsFor } from "./declare.ts";

interface ConvertOptions extends JsonOption, KernelOption {
  readonly format: NumberFormat;
  readonly rounding: Rounding;
  readonly overflow: Overflow;
  readonly in: string;
  readonly out: string;
  readonly codes: boolean;
  readonly shape?: readonly number[];
  readonly blockAxis?: number;
  readonly scaleRule?: ScaleRule;
  readonly scaling?: ScalingRule;
  readonly scaleAxis?: number;
  readonly scales?: string;
  readonly zeroPoints?: string;
  readonly seed: number;
  readonly step: number;
  readonly tensor: number;
  readonly randomBits: number;
}

const UINT32_MAX = 2 ** 32 - 1;
const ALL_RANDOM_BITS = 32;
const MAX_AXES = 32;

export function registerConvert(program: Command, context: CliContext): void {
  const command = declareCommand(
    program,
    "convert",
    "round a file of little-endian FP32 values to a number format",
  )
    .requiredOption("--format <name>", "the number format; see `roundoff format list`", findFormat)
    .requiredOption("--in <file>", "FP32 values")
    .requiredOption("--out <file>", "the rounded values as FP32, or their codes with --codes")
    .option("--rounding <mode>", ROUNDINGS.join(", "), choiceOption("--rounding", ROUNDINGS), "nearestEven")
    .option("--overflow <rule>", OVERFLOWS.join(", "), choiceOption("--overflow", OVERFLOWS), "saturate")
    .option("--codes", "write codes of 1, 2 or 4 bytes instead of FP32 values", false);
  declareScales(command);
  declareRandomness(command);
  declareKernels(command).action(async (options: ConvertOptions) => {
    const result = await convert(context, options);
    printResult(context, options.json ?? false, result, () =>
      textTable(
        ["convert", options.format.name],
        Object.entries(result).map(([key, value]) => [key, String(value)]),
      ),
    );
  });
}

/** Where scales come from and go to, for formats whose elements share them. */
function declareScales(command: Command): void {
  const axis = (name: string) => integerOption(name, { min: -MAX_AXES, max: MAX_AXES });
  command
    .option("--shape <sizes>", "the shape of the values, such as 64x200", shapeOption("--shape"))
    .option(
      "--block-axis <n>",
      "block formats: the axis of the blocks (default: the last)",
      axis("--block-axis"),
    )
    .option(
      "--scale-rule <rule>",
      `shared exponents: ${SCALE_RULES.join(", ")} (default: floor)`,
      choiceOption("--scale-rule", SCALE_RULES),
    )
    .option(
      "--scaling <rule>",
      `integers: ${SCALING_RULES.join(", ")} (default: powerOfTwo)`,
      choiceOption("--scaling", SCALING_RULES),
    )
    .option("--scale-axis <n>", "integers: one scale for each index of this axis", axis("--scale-axis"))
    .option("--scales <file>", "write the scales or shared exponents as FP32")
    .option("--zero-points <file>", "write the zero points of affine integers as FP32");
}

/** The key of the random bits of `stochastic`: the same key gives the same bits everywhere in Roundoff. */
function declareRandomness(command: Command): void {
  command
    .option("--seed <n>", "for stochastic: the seed", integerOption("--seed", { min: 0 }), 0)
    .option("--step <n>", "for stochastic: the step", integerOption("--step", { min: 0, max: UINT32_MAX }), 0)
    .option(
      "--tensor <n>",
      "for stochastic: the tensor id",
      integerOption("--tensor", { min: 0, max: UINT32_MAX }),
      0,
    )
    .option(
      "--random-bits <n>",
      "for stochastic: random bits of each rounding",
      integerOption("--random-bits", { min: 1, max: ALL_RANDOM_BITS }),
      ALL_RANDOM_BITS,
    );
}

async function convert(context: CliContext, options: ConvertOptions) {
  const { scales, format, zeroPoints } = options;
  requireScales("--scales", scales, format);
  requireScales("--zero-points", zeroPoints, format);
  const request = requestOf(options);
  const named = [
    { option: "--out", path: options.out },
    { option: "--scales", path: scales },
    { option: "--zero-points", path: zeroPoints },
  ];
  const outputs = named.filter((output): output is OutputRequest => output.path !== undefined);
  return withOutputs(outputs, async (files) => {
    const source = await readFloat32File(options.in, "--in");
    // Chosen first: kernels that were asked for and are not there are an error whatever the input is.
    const { bulk } = kernelsFor(context, options);
    const converted = convertValues(bulk, source, request);
    const bytes = {
      "--out": () => outputBytes(converted, options),
      "--scales": () => float32Bytes(converted.scales ?? []),
      "--zero-points": () => float32Bytes(converted.zeroPoints ?? []),
    };
    for (const [i, { option }] of outputs.entries())
      await files[i].write(bytes[option as keyof typeof bytes]());
    const nsPerElement = source.length === 0 ? 0 : converted.nanoseconds / source.length;
    const { tensorScale } = converted;
    return { ...converted.statistics, ...(tensorScale !== undefined && { tensorScale }), nsPerElement };
  });
}

function requireScales(option: string, path: string | undefined, format: NumberFormat): void {
  require(path === undefined || isScaled(format), "INVALID_ARGUMENT", () => ({
    what: `${option} does not apply to format ${format.name}`,
    expected: "a format with scales or a shared exponent",
    received: `a ${format.kind} format`,
    hint: `Leave ${option} out.`,
  }));
}

function requestOf(options: ConvertOptions): ConvertRequest {
  const { format, rounding, overflow, codes, shape, blockAxis, scaleRule, scaling, scaleAxis } = options;
  const { seed, step, tensor, randomBits } = options;
  require(scaleAxis === undefined || scaling !== undefined, "INVALID_ARGUMENT", () => ({
    what: "--scale-axis needs --scaling",
    expected: `--scaling with one of ${SCALING_RULES.join(", ")}`,
    received: "no --scaling",
  }));
  const [seedLow, seedHigh] = splitSeed(seed);
  return {
    format,
    rounding,
    overflow,
    codes,
    shape,
    blockAxis,
    scaleRule,
    scaling: scaling && { rule: scaling, axis: scaleAxis },
    randomBits,
    key: { seedLow, seedHigh, step, tensorId: tensor },
  };
}

function outputBytes({ output }: Converted, { codes, format }: ConvertOptions): Uint8Array {
  return codes ? packCodes(output, format.bits) : float32Bytes(output);
}
