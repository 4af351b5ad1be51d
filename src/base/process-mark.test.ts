import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { isMarkGone, MARK_PATTERN, processMark } from "./process-mark.ts";

it("a mark is that of its process only: not of another machine, of another number, of an earlier start", () => {
  const mark = processMark();
  expect(mark).toMatch(new RegExp(`^${MARK_PATTERN}$`));
  expect(isMarkGone(mark)).toBe(false);
  const [host, pid, start] = mark.split("-");
  const dead = spawnSync(process.execPath, ["-e", ""]).pid;
  expect(isMarkGone([host, dead, start].join("-"))).toBe(true);
  expect(isMarkGone([host, pid, "00000000"].join("-"))).toBe(true);
  expect(isMarkGone(["00000000", dead, start].join("-"))).toBe(false);
  expect(isMarkGone("no mark")).toBe(false);
});
