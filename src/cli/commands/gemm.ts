/**
 * `roundoff gemm`: C = A·B of two files under one numerical contract: formats of the operands, rounding, accumulator. The
 * way to check the arithmetic of products against another implementation, or against hardware.
 */
import type { Command } from "commander";
import { require } from "../../base/errors.ts";
import { format as findFormat } from "../../formats/catalog.ts";
import type { NumberFormat } from "../../formats/format.ts";
import {
  ACCUMULATOR_PROFILES,
  type AccumulatorProfile,
  accumulatorProfile,
} from "../../kernels/accumulators.ts";
import type { SelectedKernels } from "../../kernels/select.ts";
import { withOutputs } from "../atomic-file.ts";
import { type CliContext, printResult } from "../context.ts";
import { float32Bytes, readFloat32File } from "../float-file.ts";
import {
  defaultProfile,
  type GemmSize,
  multiply,
  type OperandRounding,
  requireOperands,
} from "../gemm-product.ts";
import { integerOption, listOption } from "../option-values.ts";
import { formatNumber } from "../progress.ts";
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

interface GemmOptions extends GemmSize, JsonOption, KernelOption, ModeOptions, RandomnessOptions {
  readonly a: string;
  readonly b: string;
  readonly out: string;
  readonly format: readonly NumberFormat[];
  readonly accumulator?: AccumulatorProfile;
}

const MAX_SIZE = 2 ** 24;
/** Elements of a matrix, so that every array can be had. */
const MAX_ELEMENTS = 2 ** 30;

export function registerGemm(program: Command, context: CliContext): void {
  const size = (name: string) => integerOption(name, { min: 1, max: MAX_SIZE });
  const command = declareCommand(program, "gemm", "multiply two FP32 files under one numerical contract")
    .requiredOption("--m <n>", "rows of A and C", size("--m"))
    .requiredOption("--n <n>", "columns of B and C", size("--n"))
    .requiredOption("--k <n>", "columns of A, rows of B", size("--k"))
    .requiredOption("--a <file>", "A: m × k little-endian FP32 values, row-major")
    .requiredOption("--b <file>", "B: k × n values")
    .requiredOption("--out <file>", "C: m × n values")
    .requiredOption("--format <F[,G]>", "the formats of A and B, or of both; blocks run along k", formatPair)
    .option(
      "--accumulator <name>",
      `${ACCUMULATOR_PROFILES.map(({ name }) => name).join(", ")}, or a float format and a chunk: fp16, e6m9c64 ` +
        "(default: fp32; int32 or int32Spill for integers)",
      accumulatorProfile,
    );
  declareRandomness(declareScaleRule(declareModes(command)));
  declareKernels(command).action(async (options: GemmOptions) => {
    const result = await gemm(context, options);
    printResult(context, options.json ?? false, result, () =>
      textTable(
        ["gemm", `${options.m} × ${options.n} × ${options.k}`],
        Object.entries(result).map(([key, value]) => [
          key,
          typeof value === "number" ? formatNumber(value) : value,
        ]),
      ),
    );
  });
}

function formatPair(text: string): readonly NumberFormat[] {
  const names = listOption("--format")(text);
  require(names.length <= 2, "INVALID_ARGUMENT", () => ({
    what: "--format has too many parts",
    expected: "one format for both matrices, or two",
    received: `"${text}"`,
  }));
  const formats = names.map(findFormat);
  return formats.length === 1 ? [formats[0], formats[0]] : formats;
}

async function gemm(context: CliContext, options: GemmOptions) {
  const { m, n, k, format: formats, out } = options;
  const profile = options.accumulator ?? defaultProfile(formats, k);
  requireOperands(formats, k, profile);
  requireElements("--m and --n", m * n);
  return withOutputs([{ option: "--out", path: out }], async ([file]) => {
    const a = await readMatrix(options.a, "--a", ["--m", m], ["--k", k]);
    const b = await readMatrix(options.b, "--b", ["--k", k], ["--n", n]);
    const selected = kernelsFor(context, options);
    const [roundingA, roundingB] = formats.map((format, i) => operandRounding(format, options, i));
    const request = { m, n, k, a: roundingA, b: roundingB, profile };
    const { c, milliseconds } = await multiply(selected, a, b, request);
    await file.write(float32Bytes(c));
    return {
      profile: profile.name,
      kernel: kernelName(selected, profile),
      gflops: (2 * m * n * k) / (milliseconds * 1e6),
    };
  });
}

/** A draws its random bits as tensor `--tensor`, B as the next. */
function operandRounding(format: NumberFormat, options: GemmOptions, index: number): OperandRounding {
  const { rounding, overflow, scaleRule, randomBits } = options;
  // A rule of blocks applies to the operand that has blocks.
  const rule = format.kind === "block" ? scaleRule : undefined;
  return { format, rounding, overflow, scaleRule: rule, randomBits, key: keyOf(options, index) };
}

type Size = readonly [option: string, value: number];

async function readMatrix(path: string, option: string, rows: Size, columns: Size): Promise<Float32Array> {
  const values = await readFloat32File(path, option);
  const elements = rows[1] * columns[1];
  require(values.length === elements, "SHAPE_MISMATCH", () => ({
    what: `${option} does not have ${rows[0]} × ${columns[0]} values`,
    expected: `${rows[1]} × ${columns[1]} = ${elements} FP32 values`,
    received: `${values.length} in "${path}"`,
  }));
  return values;
}

function requireElements(options: string, elements: number): void {
  require(elements <= MAX_ELEMENTS, "INVALID_ARGUMENT", () => ({
    what: `${options} make a matrix that is too large`,
    expected: `at most ${MAX_ELEMENTS} elements`,
    received: String(elements),
  }));
}

/** `native avx512 f32`: the kernel set, its tier and the carrier of the products. */
function kernelName({ info }: SelectedKernels, { carrier }: AccumulatorProfile): string {
  return [info.selected, info.tier, carrier].filter((part) => part !== undefined).join(" ");
}
