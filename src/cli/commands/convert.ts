/**
 * `roundoff convert`: a file of FP32 values rounded to a number format. The way to check Roundoff's arithmetic against
 * another implementation, value by value.
 */
import type { Command } from "commander";
import { RoundoffError, require } from "../../base/errors.ts";
import { powerOfTwo } from "../../formats/exponents.ts";
import {
  EXPONENT_NOT_A_NUMBER,
  encode,
  format as findFormat,
  type NumberFormat,
  OVERFLOWS,
  type Overflow,
  ROUNDINGS,
  type Rounding,
} from "../../formats/index.ts";
import { splitSeed } from "../../random/streams.ts";
import { type AtomicFile, withOutputs } from "../atomic-file.ts";
import { type CliContext, printResult } from "../context.ts";
import { float32Bytes, packCodes, readFloat32File } from "../float-file.ts";
import { choiceOption, integerOption } from "../option-values.ts";
import {
  type RoundedValues,
  type RoundingRequest,
  roundByDefinition,
  roundWithKernels,
} from "../round-values.ts";
import { textTable } from "../text-table.ts";
import { declareCommand, declareKernels, type JsonOption, type KernelOption, kernelsFor } from "./declare.ts";

interface ConvertOptions extends JsonOption, KernelOption {
  readonly format: NumberFormat;
  readonly rounding: Rounding;
  readonly overflow: Overflow;
  readonly in: string;
  readonly out: string;
  readonly codes: boolean;
  readonly scales?: string;
  readonly seed: number;
  readonly step: number;
  readonly tensor: number;
  readonly randomBits: number;
}

const UINT32_MAX = 2 ** 32 - 1;
const ALL_RANDOM_BITS = 32;

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
    .option("--codes", "write codes of 1, 2 or 4 bytes instead of FP32 values", false)
    .option("--scales <file>", "write the shared exponent as FP32 (formats that have one)");
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
  const { scales, format } = options;
  require(scales === undefined || format.kind === "fixed", "INVALID_ARGUMENT", () => ({
    what: `--scales does not apply to format ${format.name}`,
    expected: "a format with a shared exponent",
    received: `a ${format.kind} format`,
    hint: "Leave --scales out.",
  }));
  const outputs = [{ option: "--out", path: options.out }];
  if (scales !== undefined) outputs.push({ option: "--scales", path: scales });
  return withOutputs(outputs, async ([out, scalesOut]) => {
    const source = await readFloat32File(options.in, "--in");
    const rounded = await round(context, source, options);
    await out.write(outputBytes(rounded, options));
    await writeScales(scalesOut, rounded);
    const nsPerElement = source.length === 0 ? 0 : rounded.nanoseconds / source.length;
    return { ...rounded.statistics, nsPerElement };
  });
}

/** With kernels where they can do it: they always use all 32 random bits. */
async function round(
  context: CliContext,
  source: Float32Array,
  options: ConvertOptions,
): Promise<RoundedValues> {
  const { format, rounding, overflow, step, tensor, randomBits } = options;
  const [seedLow, seedHigh] = splitSeed(options.seed);
  const key = { seedLow, seedHigh, step, tensorId: tensor, randomBits };
  const request: RoundingRequest = { format, rounding, overflow, key };
  // Chosen first: kernels that were asked for and are not there are an error whatever the input is.
  const { kernels } = kernelsFor(context, options);
  // Kernels have no empty tensors.
  if (kernels.name === "reference" || source.length === 0) return roundByDefinition(source, request);
  if (rounding === "stochastic" && randomBits < ALL_RANDOM_BITS) {
    if (options.kernels === undefined) return roundByDefinition(source, request);
    throw new RoundoffError("UNSUPPORTED", {
      what: "the native kernels have no setting for the number of random bits",
      expected: `--random-bits ${ALL_RANDOM_BITS}`,
      received: String(randomBits),
      hint: "Use --kernels reference.",
    });
  }
  return roundWithKernels(kernels, source, request);
}

function outputBytes(
  { values, sharedExponent }: RoundedValues,
  { codes, format }: ConvertOptions,
): Uint8Array {
  if (!codes) return float32Bytes(values);
  const numbers = new Float64Array(values.length);
  if (format.kind === "float") {
    for (let i = 0; i < values.length; i++) numbers[i] = encode(values[i], format);
  } else if (sharedExponent !== undefined && sharedExponent !== EXPONENT_NOT_A_NUMBER) {
    // Two factors: 2^−exponent alone can leave the range of a double.
    const half = Math.trunc(-sharedExponent / 2);
    const [first, second] = [powerOfTwo(half), powerOfTwo(-sharedExponent - half)];
    for (let i = 0; i < values.length; i++) numbers[i] = values[i] * first * second;
  }
  return packCodes(numbers, format.bits);
}

async function writeScales(file: AtomicFile | undefined, { sharedExponent }: RoundedValues): Promise<void> {
  if (file !== undefined && sharedExponent !== undefined) await file.write(float32Bytes([sharedExponent]));
}
