/**
 * `roundoff convert`: a file of FP32 values rounded to a number format. The way to check Roundoff's arithmetic against
 * another implementation, value by value.
 */
import type { Command } from "commander";
import { require } from "../../base/errors.ts";
import { format as findFormat } from "../../formats/catalog.ts";
import { isScaled, type NumberFormat, SCALING_RULES, type ScalingRule } from "../../formats/format.ts";
import { type OutputRequest, withOutputs } from "../atomic-file.ts";
import { type CliContext, printResult } from "../context.ts";
import { type Converted, type ConvertRequest, convertValues } from "../convert-values.ts";
import { float32Bytes, packCodes, readFloat32File } from "../float-file.ts";
import { choiceOption, integerOption, shapeOption } from "../option-values.ts";
import { textTable } from "../text-table.ts";
import { declareCommand, declareKernels, type JsonOption, type KernelOption, kernelsFor } from "./declare.ts";
import {
  declareModes,
  declareRandomness,
  declareScaleRule,
  keyOf,
  type ModeOptions,
  type RandomnessOptions,
} from "./rounding-options.ts";

interface ConvertOptions extends JsonOption, KernelOption, ModeOptions, RandomnessOptions {
  readonly format: NumberFormat;
  readonly in: string;
  readonly out: string;
  readonly codes: boolean;
  readonly shape?: readonly number[];
  readonly blockAxis?: number;
  readonly scaling?: ScalingRule;
  readonly scaleAxis?: number;
  readonly scales?: string;
  readonly zeroPoints?: string;
}

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
    .option("--codes", "write codes of 1, 2 or 4 bytes instead of FP32 values", false);
  declareModes(command);
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
  declareScaleRule(command)
    .option("--shape <sizes>", "the shape of the values, such as 64x200", shapeOption("--shape"))
    .option(
      "--block-axis <n>",
      "block formats: the axis of the blocks (default: the last)",
      axis("--block-axis"),
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
  require(scaleAxis === undefined || scaling !== undefined, "INVALID_ARGUMENT", () => ({
    what: "--scale-axis needs --scaling",
    expected: `--scaling with one of ${SCALING_RULES.join(", ")}`,
    received: "no --scaling",
  }));
  return {
    format,
    rounding,
    overflow,
    codes,
    shape,
    blockAxis,
    scaleRule,
    scaling: scaling && { rule: scaling, axis: scaleAxis },
    randomBits: options.randomBits,
    key: keyOf(options),
  };
}

function outputBytes({ output }: Converted, { codes, format }: ConvertOptions): Uint8Array {
  return codes ? packCodes(output, format.bits) : float32Bytes(output);
}
