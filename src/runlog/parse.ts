/**
 * From the text of a run record to its lines, checked. Runs in a browser too: knows nothing of files. A last line
 * without an end is what a killed run leaves behind: it is reported and left out. Any other fault is an error.
 */
import { RoundoffError } from "../base/errors.ts";
import type { Check } from "./check.ts";
import { count, fields, listOf, number, oneOf, optional, recordOf, settings, text } from "./check.ts";
import type {
  EndLine,
  EpochLine,
  HeaderLine,
  NonFiniteTensor,
  OverflowedTensor,
  RecordLine,
  RoundingLoss,
  StepLine,
  TimingLine,
  WarningLine,
} from "./schema.ts";
import { END_STATUSES, RECORD_VERSION, WARNING_CODES } from "./schema.ts";

/** A record taken apart. */
export interface RunRecord {
  readonly header: HeaderLine;
  readonly steps: readonly StepLine[];
  readonly epochs: readonly EpochLine[];
  readonly warnings: readonly WarningLine[];
  /** Absent: the run was cut off or still runs. */
  readonly end?: EndLine;
  /** Whether the last line was torn, and left out. */
  readonly torn: boolean;
}

const HEADER: Check<HeaderLine> = fields<HeaderLine>({
  type: oneOf("header"),
  version: oneOf(RECORD_VERSION),
  model: text,
  recipe: text,
  data: fields({ name: text, sha256: text, source: text, trainRows: count, testRows: count }),
  seed: count,
  epochs: count,
  batchSize: count,
  optimizer: settings,
  initialWeightsSha256: optional(text),
  recipeSettings: settings,
  kernels: fields({ name: text, tier: text, threads: count, cpu: text }),
  command: text,
  roundoffVersion: text,
  nodeVersion: text,
});

const OVERFLOWED = fields<OverflowedTensor>({ tensor: text, role: text, operation: text });

const ROUNDING_LOSS = fields<RoundingLoss>({
  tensor: text,
  role: text,
  elements: count,
  flushed: count,
  beyond: count,
});

const STEP: Check<StepLine> = fields<StepLine>({
  type: oneOf("step"),
  step: count,
  epoch: count,
  loss: number,
  learningRate: number,
  lossScale: optional(number),
  skippedSteps: optional(count),
  correct: count,
  examples: count,
  overflow: optional(OVERFLOWED),
  rounding: optional(listOf(ROUNDING_LOSS)),
});

const EPOCH: Check<EpochLine> = fields<EpochLine>({
  type: oneOf("epoch"),
  epoch: count,
  step: count,
  trainLoss: number,
  trainAccuracy: number,
  testLoss: number,
  testAccuracy: number,
  skippedPictures: optional(count),
});

const WARNING: Check<WarningLine> = fields<WarningLine>({
  type: oneOf("warning"),
  step: count,
  code: oneOf(...WARNING_CODES),
  message: text,
});

/** Also part of a checkpoint's manifest. */
export const NON_FINITE: Check<NonFiniteTensor> = fields<NonFiniteTensor>({
  step: count,
  tensor: text,
  role: text,
  operation: text,
});

const END: Check<EndLine> = fields<EndLine>({
  type: oneOf("end"),
  status: oneOf(...END_STATUSES),
  metrics: recordOf(number),
  firstNonFinite: optional(NON_FINITE),
});

const TIMING: Check<TimingLine> = fields<TimingLine>({
  type: oneOf("timing"),
  step: count,
  seconds: number,
  samplesPerSecond: number,
});

const LINE_CHECKS: { readonly [Type in RecordLine["type"]]: Check<RecordLine> } = {
  header: HEADER,
  step: STEP,
  epoch: EPOCH,
  warning: WARNING,
  end: END,
};

/** One line of a record. Throws DATA_CORRUPT; `where` (such as `record.jsonl:7`) begins its message. */
export function parseRecordLine(line: string, where: string): RecordLine {
  return parseLine(line, where, (value) => {
    const { type } = fields({ type: oneOf("header", "step", "epoch", "warning", "end") })(value, "");
    return LINE_CHECKS[type](value, "");
  });
}

/** The complete lines of `text`, without their ends, and whether something without an end came after them. */
export function splitLines(content: string): { readonly lines: readonly string[]; readonly torn: boolean } {
  const lines = content.split("\n");
  const rest = lines.pop();
  return { lines, torn: rest !== "" };
}

/** A whole record. `name` is the file's, for messages, which also give the line. Throws DATA_CORRUPT. */
export function parseRecord(content: string, name: string): RunRecord {
  const { lines, torn } = splitLines(content);
  const parsed = lines.map((line, index) => parseRecordLine(line, `${name}:${index + 1}`));
  const [header, ...rest] = parsed;
  if (header?.type !== "header") throw misplaced(name, 1, "a header", header?.type ?? "nothing");
  const steps: StepLine[] = [];
  const epochs: EpochLine[] = [];
  const warnings: WarningLine[] = [];
  let end: EndLine | undefined;
  let last = -1;
  rest.forEach((line, index) => {
    const at = index + 2;
    if (end !== undefined) throw misplaced(name, at, "nothing after the end", line.type);
    if (line.type === "header") throw misplaced(name, at, "no second header", "header");
    if (line.type === "end") {
      end = line;
      return;
    }
    // A step happens once; an epoch may end with the step before it, and a warning may follow it.
    const earliest = line.type === "step" ? last + 1 : last;
    if (line.step < earliest) {
      throw misplaced(name, at, `step ${earliest} or a later one`, `step ${line.step}`);
    }
    last = line.step;
    if (line.type === "step") steps.push(line);
    else if (line.type === "epoch") epochs.push(line);
    else warnings.push(line);
  });
  return { header, steps, epochs, warnings, end, torn };
}

/** A whole timing file, without a torn last line. Throws as `parseRecord` does. */
export function parseTimings(content: string, name: string): TimingLine[] {
  let step = 0;
  return splitLines(content).lines.map((text, index) => {
    const line = parseLine(text, `${name}:${index + 1}`, (value) => TIMING(value, ""));
    if (line.step < step)
      throw misplaced(name, index + 1, `step ${step} or a later one`, `step ${line.step}`);
    step = line.step;
    return line;
  });
}

function parseLine<T>(line: string, where: string, check: (value: unknown) => T): T {
  try {
    return check(JSON.parse(line));
  } catch (error) {
    const parts =
      error instanceof RoundoffError
        ? error.parts
        : { what: "the line is not JSON", received: (error as Error).message };
    throw new RoundoffError("DATA_CORRUPT", { ...parts, what: `${where}: ${parts.what}`, cause: error });
  }
}

function misplaced(name: string, line: number, expected: string, received: string): RoundoffError {
  return new RoundoffError("DATA_CORRUPT", {
    what: `${name}:${line}: the lines of this record are out of order`,
    expected,
    received,
  });
}
