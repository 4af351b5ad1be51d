import { describe, expect, it } from "vitest";
import { END, epochLine, HEADER, RUN, stepLine } from "./fixtures.ts";
import { encodeJson } from "./numbers.ts";
import { parseRecord, parseRecordLine, parseTimings } from "./parse.ts";

const fileOf = (lines: readonly unknown[]): string => lines.map((line) => `${encodeJson(line)}\n`).join("");
const corrupt = (message: RegExp) =>
  expect.objectContaining({ code: "DATA_CORRUPT", message: expect.stringMatching(message) });

describe("parseRecord", () => {
  it("takes a whole record apart", () => {
    const record = parseRecord(fileOf(RUN), "record.jsonl");
    expect(record.header).toEqual(HEADER);
    expect(record.steps.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    expect(record.epochs).toEqual([epochLine(0, 2), epochLine(1, 4)]);
    expect(record.end).toEqual(END);
    expect(record.torn).toBe(false);
  });

  it("keeps losses and settings that are not finite", () => {
    const diverged = { type: "end", status: "diverged", metrics: { trainLoss: Number.NaN } };
    const lines = [
      HEADER,
      stepLine(1, { loss: Number.NEGATIVE_INFINITY, lossScale: 1, skippedSteps: 3 }),
      diverged,
    ];
    const record = parseRecord(fileOf(lines), "r");
    expect(record.steps[0]).toEqual(lines[1]);
    expect(record.end?.metrics.trainLoss).toBeNaN();
    expect(record.header.recipeSettings).toMatchObject({ lossScale: { maxScale: Number.POSITIVE_INFINITY } });
  });

  it("reports a torn last line and goes without it", () => {
    const whole = fileOf(RUN);
    for (const cut of [1, 5, encodeJson(END).length]) {
      const record = parseRecord(whole.slice(0, -cut), "r");
      expect(record).toMatchObject({ torn: true, end: undefined });
      expect(record.epochs).toHaveLength(2);
    }
    expect(parseRecord(fileOf(RUN.slice(0, -1)), "r")).toMatchObject({ torn: false, end: undefined });
  });

  it("gives the line of any other fault", () => {
    const lines = fileOf(RUN).split("\n");
    const broken = (at: number, line: string): string =>
      lines.map((old, index) => (index === at ? line : old)).join("\n");
    expect(() => parseRecord(broken(2, '{"type":"st'), "run.jsonl")).toThrow(
      corrupt(/^run\.jsonl:3: the line is not JSON/),
    );
    expect(() => parseRecord(broken(3, ""), "r")).toThrow(corrupt(/^r:4: the line is not JSON/));
    expect(() => parseRecord(broken(4, "[]"), "r")).toThrow(
      corrupt(/^r:5: the line is not .*an object; received \[\]/),
    );
  });

  it("demands one header at the front, nothing after the end, and steps that rise", () => {
    const parse =
      (...lines: unknown[]) =>
      () =>
        parseRecord(fileOf(lines), "r");
    expect(parse()).toThrow(corrupt(/^r:1: .*expected a header; received nothing/));
    expect(parse(stepLine(1))).toThrow(corrupt(/^r:1: .*expected a header; received step/));
    expect(parse(HEADER, HEADER)).toThrow(corrupt(/^r:2: .*no second header/));
    expect(parse(HEADER, END, stepLine(1))).toThrow(corrupt(/^r:3: .*nothing after the end; received step/));
    expect(parse(HEADER, stepLine(2), stepLine(2))).toThrow(
      corrupt(/^r:3: .*step 3 or a later one; received step 2/),
    );
    expect(parse(HEADER, stepLine(2), epochLine(0, 1))).toThrow(corrupt(/^r:3: .*step 2 or a later/));
  });
});

describe("parseRecordLine", () => {
  const parse = (line: unknown) => () => parseRecordLine(encodeJson(line), "r:1");

  it("leaves fields out that it does not know", () => {
    const { data } = HEADER;
    const newer = { ...HEADER, extra: 1, data: { ...data, mirror: "x" } };
    expect(parse(newer)()).toEqual(HEADER);
  });

  it.each([
    ["another version", { ...HEADER, version: 2 }, /version is not.*expected 1; received 2/],
    [
      "another type",
      { type: "note" },
      /type is not.*"header" or "step" or "epoch" or "warning" or "end"; received "note"/,
    ],
    ["a missing field", { ...stepLine(1), loss: undefined }, /loss is not.*a number; received nothing/],
    ["a null for a number", { ...stepLine(1), loss: null }, /loss is not.*received null/],
    ["a number as text", { ...stepLine(1), loss: "0.5" }, /loss is not.*received "0\.5"/],
    ["a fractional step", { ...stepLine(1), step: 1.5 }, /step is not.*a whole number.*received 1\.5/],
    ["a negative count", { ...stepLine(1), correct: -1 }, /correct is not/],
    ["a wrong optional field", { ...stepLine(1), skippedSteps: "3" }, /skippedSteps is not/],
    ["a nested fault", { ...HEADER, data: { ...HEADER.data, trainRows: "all" } }, /data\.trainRows is not/],
    ["a status of its own", { ...END, status: "done" }, /status is not.*"interrupted"; received "done"/],
    ["a metric that is no number", { ...END, metrics: { a: [] } }, /metrics\.a is not/],
  ])("refuses %s and names the path", (_, line, message) => {
    expect(parse(line)).toThrow(corrupt(new RegExp(`^r:1: ${message.source}`)));
  });
});

describe("parseTimings", () => {
  const timing = (step: number) => ({ type: "timing", step, seconds: 0.5, samplesPerSecond: 128 });

  it("reads lines in order, without a torn one", () => {
    expect(parseTimings(`${fileOf([timing(10), timing(20)])}{"typ`, "t")).toEqual([timing(10), timing(20)]);
    expect(() => parseTimings(fileOf([timing(20), timing(10)]), "t")).toThrow(
      corrupt(/^t:2: .*step 20 or a later/),
    );
    expect(() => parseTimings(fileOf([{ ...timing(1), seconds: "fast" }]), "t")).toThrow(
      corrupt(/^t:1: seconds/),
    );
  });
});
