/**
 * A plan as the numbers that the addon reads: names become indices in their lists, attributes an array in ATTR_ORDER.
 * Knows nothing of memory or threads. Truth: contract.ts; read back by native/binding/plan_reader.cpp.
 */
import { RoundoffError } from "../base/errors.ts";
import { encode } from "../formats/codes.ts";
import { emin, type FloatFormat, isScaled, OVERFLOWS, ROUNDINGS } from "../formats/format.ts";
import type {
  Accumulator,
  Carrier,
  Command,
  DType,
  EpilogueStep,
  OpAttrs,
  Operand,
  OpName,
  Plan,
  StoreRounding,
} from "./contract.ts";
import {
  ACCUMULATOR_KINDS,
  ATTR_ORDER,
  accumulatorOverflow,
  BINARY_KINDS,
  CTC_REDUCTIONS,
  EMBEDDING_MODES,
  EPILOGUE_STEP_OPS,
  INTERPOLATIONS,
  PAD_MODES,
  REDUCE_KINDS,
  UNARY_KINDS,
} from "./contract.ts";
import { encodeElement, encodeGroups } from "./native-bulk-encode.ts";
import type {
  AddonCommand,
  AddonEpilogueStep,
  AddonOperand,
  AddonPlan,
  CODE_ORDER,
  STORE_ORDER,
} from "./native-load.ts";

/** Same order as DType in native/include/command.h. */
export const DTYPES = ["f32", "bf16", "i16", "i32", "code8", "code16"] as const satisfies readonly DType[];

/** Same order as Carrier in native/include/command.h. */
export const CARRIERS = ["f32", "bf16", "i16"] as const satisfies readonly Carrier[];

export function encodePlan(plan: Plan): AddonPlan {
  return {
    buffers: plan.buffers.map(({ place, offset, dtype, elements, codes }) => ({
      external: place === "external",
      offset,
      dtype: DTYPES.indexOf(dtype),
      elements,
      codes: codes && encodeCodes(codes),
    })),
    arenaBytes: plan.arenaBytes,
    commands: plan.commands.map(encodeCommand),
    clockBuffer: plan.clockBuffer,
  };
}

/** The numbers of a format of codes, in CODE_ORDER. */
function encodeCodes(format: FloatFormat): number[] {
  const fields: { readonly [Field in (typeof CODE_ORDER)[number]]: number } = {
    bits: format.bits,
    precision: format.precision,
    emin: emin(format),
    maxFinite: format.maxFinite,
    infinity: format.hasInfinity ? encode(Infinity, format) : -1,
    nan: encode(NaN, format),
  };
  return Object.values(fields);
}

function encodeCommand(command: Command): AddonCommand {
  return {
    op: command.op,
    inputs: command.inputs.map(encodeOperand),
    outputs: command.outputs.map(encodeOperand),
    attrs: encodeAttrs(command),
    epilogue: command.epilogue?.map(encodeStep),
    amax: command.beside?.amax && encodeOperand(command.beside.amax),
    signs: command.beside?.signs && encodeOperand(command.beside.signs),
  };
}

function encodeStep(step: EpilogueStep): AddonEpilogueStep {
  const { op, round, operand, resultFirst = false } = step;
  return {
    op: EPILOGUE_STEP_OPS.indexOf(op),
    attrs: encodeAttrs(step),
    round: round && encodeStore(round),
    operand: operand && encodeOperand(operand),
    resultFirst: Number(resultFirst),
  };
}

function encodeOperand({ buffer, dtype, shape, store }: Operand): AddonOperand {
  return {
    buffer,
    dtype: DTYPES.indexOf(dtype),
    shape,
    store: store === undefined ? undefined : encodeStore(store),
  };
}

/** The numbers of a store rounding, in STORE_ORDER. */
export function encodeStore({ format, rounding, overflow, tensorId }: StoreRounding): number[] {
  const fields: { readonly [Field in (typeof STORE_ORDER)[number]]: number } = {
    precision: format.precision,
    emin: emin(format),
    maxFinite: format.maxFinite,
    hasInfinity: Number(format.hasInfinity),
    hasNaN: Number(format.hasNaN),
    hasNegativeZero: Number(format.hasNegativeZero),
    hasSubnormals: Number(format.hasSubnormals),
    rounding: ROUNDINGS.indexOf(rounding),
    overflow: OVERFLOWS.indexOf(overflow),
    tensorId,
  };
  // An object literal keeps the order it is written in, and the type makes it complete.
  return Object.values(fields);
}

/** The attributes in ATTR_ORDER, lists spread last. @throws RoundoffError if the operation is unknown. */
export function encodeAttrs(command: Command | EpilogueStep): number[] {
  const { op, attrs } = command;
  if (command.op === "quantizeValues") return encodeQuantization(command.attrs);
  const order: readonly string[] | undefined = ATTR_ORDER[op];
  if (order === undefined) {
    throw new RoundoffError("INVALID_ARGUMENT", {
      what: "a plan holds an unknown operation",
      expected: `one of ${Object.keys(ATTR_ORDER).join(", ")}`,
      received: String(op),
    });
  }
  const values = new Map<string, unknown>(Object.entries(attrs));
  return order.flatMap((name) => encodeAttr(op, name, values.get(name)));
}

function encodeQuantization({
  format,
  rounding,
  overflow,
  tensorId,
  ...groups
}: OpAttrs["quantizeValues"]): number[] {
  const element = encodeElement(format, { rounding, overflow, key: { tensorId } });
  return isScaled(format) ? [...element, ...encodeGroups(format, groups)] : element;
}

function encodeAttr(op: OpName, name: string, value: unknown): number[] {
  // Last in its list, so that it may be absent.
  if (name === "accumulator") return value === undefined ? [] : encodeAccumulator(value as Accumulator);
  if (typeof value === "number") return [value];
  if (value === undefined && OPTIONAL.has(name)) return [0];
  if (typeof value === "boolean") return [Number(value)];
  if (Array.isArray(value)) return value.map(Number);
  const index = names(op, name).indexOf(String(value));
  if (index >= 0) return [index];
  throw new RoundoffError("INVALID_ARGUMENT", {
    what: `attribute ${name} of ${op} has no such value`,
    expected: names(op, name).join(", ") || "a number",
    received: String(value),
  });
}

/** Kind, chunk, then the format as a store rounding. Read back by native/include/accumulator.h. */
function encodeAccumulator(accumulator: Accumulator): number[] {
  const kind = ACCUMULATOR_KINDS.indexOf(accumulator.kind);
  if (accumulator.kind === "int32Chain") return [kind, accumulator.chunk];
  if (accumulator.kind !== "rounded") return [kind];
  const { format, chunk } = accumulator;
  const overflow = accumulatorOverflow(format);
  return [kind, chunk, ...encodeStore({ format, rounding: "nearestEven", overflow, tensorId: 0 })];
}

/** Attributes that only some kinds have; absent, they are passed as 0. */
const OPTIONAL: ReadonlySet<string> = new Set(["alpha", "beta", "correction"]);

/** The list that a named attribute is an index of. */
function names(op: OpName, name: string): readonly string[] {
  if (name === "carrier") return CARRIERS;
  if (name === "rounding") return ROUNDINGS;
  if (name === "interpolation") return INTERPOLATIONS;
  if (name === "reduction") return CTC_REDUCTIONS;
  if (name === "mode") return op === "padEdge" || op === "padEdgeGrad" ? PAD_MODES : EMBEDDING_MODES;
  if (name === "kind" && op === "binary") return BINARY_KINDS;
  if (name === "kind") return op === "reduce" || op === "reduceGrad" ? REDUCE_KINDS : UNARY_KINDS;
  return [];
}
